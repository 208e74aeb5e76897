"""A register tile for products of rows with rows: each lane has a weight of its own.

The tile has two vectors a row, which may overlap: so a row of any length from one vector up is
covered without masks, and each lane still sums the same products in the same order.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import load_vector, multiply_add, store_vector, tile_type


@intrinsic
def pair_zeros(typingctx, geometry):  # type: ignore[no-untyped-def]
    """Return a tile of zeros with two vectors a row, and the rows the geometry asks for."""
    tile = tile_type(geometry, 2)

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return ir.Constant(context.get_value_type(tile), None)

    return tile(geometry), generate


@intrinsic
def multiply_rows(typingctx, tile, weights, x, stride, apart):  # type: ignore[no-untyped-def]
    """Return ``tile[row, lane] + weights[lane] * x[row * stride + lane]``.

    The second vector of a row starts `apart` elements after the first, in `weights` and in `x`.
    """

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        result, weights, x, stride, apart = args
        for column in range(tile.vectors):
            if column:
                weights, x = (builder.gep(start, [apart]) for start in (weights, x))
            factors = load_vector(builder, weights, 0, tile.lanes)
            for row in range(tile.rows):
                start = builder.gep(x, [builder.mul(stride, ir.Constant(stride.type, row))])
                values = load_vector(builder, start, 0, tile.lanes)
                at = row * tile.vectors + column
                total = multiply_add(builder, factors, values, builder.extract_value(result, at))
                result = builder.insert_value(result, total, at)
        return result

    return tile(tile, weights, x, types.intp, types.intp), generate


@intrinsic
def store_rows(typingctx, tile, target, stride, apart):  # type: ignore[no-untyped-def]
    """Write the rows of `tile` to ``target + row * stride``, their second vectors `apart` on."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        _, target, stride, apart = args
        for row in range(tile.rows):
            start = builder.gep(target, [builder.mul(stride, ir.Constant(stride.type, row))])
            for column in range(tile.vectors):
                if column:
                    start = builder.gep(start, [apart])
                value = builder.extract_value(args[0], row * tile.vectors + column)
                store_vector(builder, value, start, 0)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, types.intp), generate


@intrinsic
def prefetch(typingctx, source):  # type: ignore[no-untyped-def]
    """Ask for the cache line at `source`, which need not exist."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0i8",
        )
        read, keep, data = number(0), number(3), number(1)
        builder.call(function, [builder.bitcast(args[0], byte), read, keep, data])
        return context.get_dummy_value()

    return types.void(source), generate
