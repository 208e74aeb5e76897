"""The register tile: rows of vectors that stay in registers while products are summed.

A tile is a Numba type whose data model is an LLVM array of vectors. Its shape (rows, vectors,
lanes) is static: it comes from the *type* of the record that a kernel gets as its geometry, whose
field ``tile`` is an array of that shape (see `tile_field`). One kernel source so serves every
processor, and passing the shape costs nothing at run time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, register_model

from .machine import machine

INDEX = ir.IntType(32)


def tile_field(
    dtype: str, rows: int, vectors: int | None = None
) -> tuple[str, str, tuple[int, int, int]]:
    """Return the field of a structured dtype that gives its kernels tiles of `rows` rows.

    Parameters
    ----------
    vectors : int, optional
        In a row; by default as many as the registers hold.
    """
    here = machine()
    itemsize = np.dtype(dtype).itemsize
    return ("tile", dtype, (rows, vectors or here.vectors(rows), here.lanes(itemsize)))


class Tile(types.Type):
    """Numba's type of a register tile."""

    def __init__(self, dtype: types.Number, rows: int, vectors: int, lanes: int) -> None:
        self.dtype, self.rows, self.vectors, self.lanes = dtype, rows, vectors, lanes
        super().__init__(name=f"Tile({dtype}, {rows}, {vectors}, {lanes})")


@register_model(Tile)
class _TileModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Tile) -> None:
        element = dmm.lookup(fe_type.dtype).get_value_type()
        vector = ir.VectorType(element, fe_type.lanes)
        super().__init__(dmm, fe_type, ir.ArrayType(vector, fe_type.rows * fe_type.vectors))


def tile_type(geometry: types.Type, vectors: int | None = None, share: int = 1) -> Tile:
    """Return the tile that the type of a record asks for, or one of fewer vectors or rows."""
    if not isinstance(geometry, types.Record) or "tile" not in geometry.fields:
        raise TypingError(f"a record with a field 'tile' was expected, not {geometry}")
    field = geometry.typeof("tile")
    rows, most, lanes = field.shape
    return Tile(field.dtype, rows // share, vectors or most, lanes)


@intrinsic
def zeros(typingctx, geometry):  # type: ignore[no-untyped-def]
    """Return a tile of zeros, of the shape that the geometry's type gives."""
    return tile_type(geometry)(geometry), _zeros


@intrinsic
def narrow_zeros(typingctx, geometry):  # type: ignore[no-untyped-def]
    """Return a tile of zeros with one vector a row, for what is left over at an end."""
    return tile_type(geometry, 1)(geometry), _zeros


@intrinsic
def half_zeros(typingctx, geometry):  # type: ignore[no-untyped-def]
    """Return a tile of zeros with half of the rows, for what is left over at an end."""
    return tile_type(geometry, share=2)(geometry), _zeros


def _zeros(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return ir.Constant(context.get_value_type(signature.return_type), None)


@intrinsic
def load(typingctx, tile, source, stride):  # type: ignore[no-untyped-def]
    """Return a tile like `tile`, whose rows are read at ``source + row * stride``."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        result = args[0]
        for row in range(tile.rows):
            start = row_start(builder, args[1], args[2], row)
            for column in range(tile.vectors):
                value = load_vector(builder, start, column * tile.lanes, tile.lanes)
                result = builder.insert_value(result, value, row * tile.vectors + column)
        return result

    return tile(tile, source, types.intp), generate


@intrinsic
def store(typingctx, tile, target, stride):  # type: ignore[no-untyped-def]
    """Write the rows of `tile` to ``target + row * stride``."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        for row in range(tile.rows):
            start = row_start(builder, args[1], args[2], row)
            for column in range(tile.vectors):
                value = builder.extract_value(args[0], row * tile.vectors + column)
                store_vector(builder, value, start, column * tile.lanes)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp), generate


@intrinsic
def fma(typingctx, tile, weights, x):  # type: ignore[no-untyped-def]
    """Return ``tile[row, column] + weights[row] * x[column]``; `x` holds a row of vectors."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        result = args[0]
        columns = [
            load_vector(builder, args[2], column * tile.lanes, tile.lanes)
            for column in range(tile.vectors)
        ]
        for row in range(tile.rows):
            weight = builder.load(builder.gep(args[1], [INDEX(row)]))
            factor = broadcast(builder, weight, tile.lanes)
            for column, values in enumerate(columns):
                at = row * tile.vectors + column
                total = multiply_add(builder, factor, values, builder.extract_value(result, at))
                result = builder.insert_value(result, total, at)
        return result

    return tile(tile, weights, x), generate


@intrinsic
def add_rows(typingctx, tile, values):  # type: ignore[no-untyped-def]
    """Return ``tile[row, column] + values[row]``."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        result = args[0]
        for row in range(tile.rows):
            value = builder.load(builder.gep(args[1], [INDEX(row)]))
            added = broadcast(builder, value, tile.lanes)
            for column in range(tile.vectors):
                at = row * tile.vectors + column
                total = add(builder, builder.extract_value(result, at), added)
                result = builder.insert_value(result, total, at)
        return result

    return tile(tile, values), generate


@intrinsic
def copy_vector(typingctx, geometry, target, source):  # type: ignore[no-untyped-def]
    """Copy as many values as a vector of the tile has lanes."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        store_vector(builder, load_vector(builder, args[2], 0, lanes), args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target, source), generate


@intrinsic
def copy_row(typingctx, geometry, target, source):  # type: ignore[no-untyped-def]
    """Copy as many values as a row of the tile has."""
    tile = tile_type(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for column in range(tile.vectors):
            values = load_vector(builder, args[2], column * tile.lanes, tile.lanes)
            store_vector(builder, values, args[1], column * tile.lanes)
        return context.get_dummy_value()

    return types.void(geometry, target, source), generate


@intrinsic
def store_column(typingctx, geometry, target, source, stride):  # type: ignore[no-untyped-def]
    """Copy one value of each row of a tile, ``source[row * stride]``, side by side.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    rows = tile_type(geometry).rows

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        element = args[2].type.pointee
        column = ir.Constant(ir.VectorType(element, rows), ir.Undefined)
        for row in range(rows):
            value = builder.load(row_start(builder, args[2], args[3], row))
            column = builder.insert_element(column, value, INDEX(row))
        store_vector(builder, column, args[1], 0)
        if isinstance(element, ir.IntType):
            return ir.Constant(ir.IntType(1), 1)
        difference = builder.fsub(column, column)
        bits = builder.fcmp_unordered("uno", difference, difference)
        mask = ir.IntType(rows)
        return builder.icmp_unsigned("==", builder.bitcast(bits, mask), mask(0))

    return types.boolean(geometry, target, source, types.intp), generate


@intrinsic
def prefetch(typingctx, source):  # type: ignore[no-untyped-def]
    """Ask for the cache line at `source`, which need not exist, for the second-level cache."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit_prefetch(builder, args[0])
        return context.get_dummy_value()

    return types.void(source), generate


def emit_prefetch(builder: Any, address: Any, locality: int = 2) -> None:
    """Emit the request for a cache line: locality 3 is the first level, 2 the second."""
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
        "llvm.prefetch.p0i8",
    )
    read, data = number(0), number(1)
    builder.call(function, [builder.bitcast(address, byte), read, number(locality), data])


def row_start(builder: Any, pointer: Any, stride: Any, row: int) -> Any:
    """Emit the pointer to ``pointer + row * stride``."""
    return builder.gep(pointer, [builder.mul(stride, ir.Constant(stride.type, row))])


def load_vector(builder: Any, pointer: Any, offset: int, lanes: int) -> Any:
    """Emit the load of `lanes` values at ``pointer + offset``, which need not be aligned."""
    element = pointer.type.pointee
    start = builder.gep(pointer, [INDEX(offset)])
    vector = ir.VectorType(element, lanes)
    return builder.load(builder.bitcast(start, vector.as_pointer()), align=element_bytes(element))


def store_vector(builder: Any, value: Any, pointer: Any, offset: int) -> None:
    """Emit the store of a vector at ``pointer + offset``, which need not be aligned."""
    start = builder.gep(pointer, [INDEX(offset)])
    target = builder.bitcast(start, value.type.as_pointer())
    builder.store(value, target, align=element_bytes(value.type.element))


def element_bytes(element: Any) -> int:
    """Return the size in bytes of an LLVM number."""
    sizes = {ir.FloatType: 4, ir.DoubleType: 8}
    return sizes[type(element)] if type(element) in sizes else element.width // 8


def broadcast(builder: Any, value: Any, lanes: int) -> Any:
    """Emit a vector that holds `value` in every lane."""
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, INDEX(0))
    zeros = ir.Constant(ir.VectorType(INDEX, lanes), [0] * lanes)
    return builder.shuffle_vector(first, undefined, zeros)


def add(builder: Any, a: Any, b: Any) -> Any:
    """Emit ``a + b``."""
    return (builder.add if isinstance(a.type.element, ir.IntType) else builder.fadd)(a, b)


def multiply_add(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Emit ``a * b + c``, fused where the processor can."""
    vector = a.type
    if isinstance(vector.element, ir.IntType):
        return builder.add(builder.mul(a, b), c)
    bits = element_bytes(vector.element) * 8
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(vector, [vector] * 3),
        f"llvm.fmuladd.v{vector.count}f{bits}",
    )
    return builder.call(function, [a, b, c])
