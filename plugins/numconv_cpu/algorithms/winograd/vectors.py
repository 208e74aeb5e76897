"""Vectors across channels: transposed copies into and out of them, and products of tiles."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ...simd.masked import load_masked, store_masked
from ...simd.tile import (
    INDEX,
    Tile,
    broadcast,
    element_bytes,
    load_vector,
    multiply_add,
    store_vector,
    tile_type,
)


@intrinsic
def zeros(typingctx, geometry, few):  # type: ignore[no-untyped-def]
    """Return a register tile of zeros; unless `few` is None, the one of few rows."""
    tile = tile_type(geometry)
    if not isinstance(few, types.NoneType):
        tile = Tile(tile.dtype, *geometry.typeof("few").shape)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(tile), None)

    return tile(geometry, few), generate


@intrinsic
def multiply_lanes(typingctx, tile, rows, columns):  # type: ignore[no-untyped-def]
    """Add the products of a vector's worth of channels to a tile.

    ``tile[row, column] + sum over lane of rows[row, lane] * columns[lane, column]``, in the order
    of the lanes. The rows are one vector each, side by side; so are the tile's columns.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = args[0]
        for lane in range(tile.lanes):
            factors = [
                load_vector(builder, args[2], (lane * tile.vectors + v) * tile.lanes, tile.lanes)
                for v in range(tile.vectors)
            ]
            for row in range(tile.rows):
                value = builder.load(builder.gep(args[1], [INDEX(row * tile.lanes + lane)]))
                values = broadcast(builder, value, tile.lanes)
                for v, factor in enumerate(factors):
                    at = row * tile.vectors + v
                    total = multiply_add(builder, values, factor, builder.extract_value(result, at))
                    result = builder.insert_value(result, total, at)
        return result

    return tile(tile, rows, columns), generate


@intrinsic
def pack_square(typingctx, geometry, target, sums, source, stride, rows, count):  # type: ignore[no-untyped-def]
    """Write ``target[i, row] = source[row * stride + i]``, and add up absolute values.

    Both `rows` and `count` are at most a vector's lanes; all lanes of as many vectors are
    written, and those beyond are zeros. ``sums[i]`` grows by the sum over the rows.
    """
    return _packed(geometry, target, sums, source, 1)


@intrinsic
def pack_square_apart(typingctx, geometry, target, sums, source, stride, rows, count):  # type: ignore[no-untyped-def]
    """Do as `pack_square` with every second element: ``source[row * stride + 2 * i]``."""
    return _packed(geometry, target, sums, source, 2)


def _packed(geometry: Any, target: Any, sums: Any, source: Any, step: int) -> Any:
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, sums, source, stride, rows, count = args
        vectors = _load_rows(builder, source, stride, rows, count, lanes, step)
        total = load_vector(builder, sums, 0, lanes)
        for vector in vectors:
            total = builder.fadd(total, absolute(builder, vector))
        store_vector(builder, total, sums, 0)
        for i, vector in enumerate(_transposed(builder, vectors)):
            store_vector(builder, vector, target, i * lanes)
        return context.get_dummy_value()

    integers = (types.intp,) * 3
    return types.void(geometry, target, sums, source, *integers), generate


@intrinsic
def transpose(typingctx, geometry, target, source, stride, rows, count):  # type: ignore[no-untyped-def]
    """Write ``target[i, row] = source[row * stride + i]``, as `pack_square` does."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, source, stride, rows, count = args
        vectors = _load_rows(builder, source, stride, rows, count, lanes)
        for i, vector in enumerate(_transposed(builder, vectors)):
            store_vector(builder, vector, target, i * lanes)
        return context.get_dummy_value()

    return types.void(geometry, target, source, *(types.intp,) * 3), generate


@intrinsic
def store_square(typingctx, geometry, target, pointers, source, rows, count, floor):  # type: ignore[no-untyped-def]
    """Write ``target[pointers[row] + i] = max(source[i, row], floor)`` for `count` numbers i.

    NaN stays what it is.
    """
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, pointers, source, rows, count, floor = args
        vectors = [load_vector(builder, source, i * lanes, lanes) for i in range(lanes)]
        floors = broadcast(builder, floor, lanes)
        for row, vector in enumerate(_transposed(builder, vectors)):
            low = builder.fcmp_ordered("<", vector, floors)
            place = builder.load(builder.gep(pointers, [INDEX(row)]))
            [mask] = _masks(builder, row, rows, count, lanes)
            value = builder.select(low, floors, vector)
            store_masked(builder, value, builder.gep(target, [place]), mask)
        return context.get_dummy_value()

    kind = (geometry, target, pointers, source, types.intp, types.intp, target.dtype)
    return types.void(*kind), generate


def absolute(builder: Any, vector: Any) -> Any:
    """Emit the absolute value of every lane."""
    bits = element_bytes(vector.type.element) * 8
    integers = ir.VectorType(ir.IntType(bits), vector.type.count)
    mask = ir.Constant(integers, [2 ** (bits - 1) - 1] * vector.type.count)
    return builder.bitcast(builder.and_(builder.bitcast(vector, integers), mask), vector.type)


def _load_rows(
    builder: Any, source: Any, stride: Any, rows: Any, count: Any, lanes: int, step: int = 1
) -> list[Any]:
    """Emit rows of which `count` elements, `step` from each other, are there."""
    span = builder.sub(builder.mul(count, count.type(step)), count.type(step - 1))
    every = ir.Constant(ir.VectorType(INDEX, lanes), [step * i for i in range(lanes)])
    vectors = []
    for row in range(lanes):
        start = builder.gep(source, [builder.mul(stride, ir.Constant(stride.type, row))])
        masks = _masks(builder, row, rows, span, lanes, step)
        loaded = [
            load_masked(builder, builder.gep(start, [INDEX(i * lanes)]), mask)
            for i, mask in enumerate(masks)
        ]
        vectors.append(builder.shuffle_vector(*loaded, every) if step == 2 else loaded[0])
    return vectors


def _masks(builder: Any, row: int, rows: Any, count: Any, lanes: int, vectors: int = 1) -> Any:
    """Emit which lanes of a row's vectors there are."""
    there = builder.icmp_signed("<", ir.Constant(rows.type, row), rows)
    one, none = ir.Constant(count.type, 1), ir.Constant(count.type, 0)
    bits = builder.select(there, builder.sub(builder.shl(one, count), one), none)
    masks = []
    for i in range(vectors):
        mask = builder.trunc(builder.lshr(bits, count.type(i * lanes)), ir.IntType(lanes))
        masks.append(builder.bitcast(mask, ir.VectorType(ir.IntType(1), lanes)))
    return masks


def _transposed(builder: Any, vectors: list[Any]) -> list[Any]:
    """Emit the transpose of a square of vectors: interleave the halves, log2 times."""
    lanes = len(vectors)
    kind = ir.VectorType(INDEX, lanes)
    order = [i for pair in zip(range(lanes), range(lanes, 2 * lanes), strict=True) for i in pair]
    low, high = ir.Constant(kind, order[:lanes]), ir.Constant(kind, order[lanes:])
    for _ in range(lanes.bit_length() - 1):
        pairs = zip(vectors[: lanes // 2], vectors[lanes // 2 :], strict=True)
        vectors = [builder.shuffle_vector(*pair, order) for pair in pairs for order in (low, high)]
    return vectors
