"""A block of sums: rows of results by channels, whose products share what they load.

In an involution the channels of a group have the same weights, and neighbouring rows of results
read the same samples. So a vector of weights serves every channel of a block and a vector of
samples every row. The block is a `Tile` with the channels for its columns; each lane has a weight
of its own.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import load_vector, multiply_add, store_vector, tile_type


@intrinsic
def multiply_rows_of_block(typingctx, tile, first, last, weights, row_stride, x, stride):  # type: ignore[no-untyped-def]
    """Return ``tile[row, channel] + weights[row * row_stride] * x[channel * stride]``, in vectors.

    Rows before `first` and after `last` stay as they are, and their weights are not read.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result, first, last, weights, row_stride, x, stride = args
        samples = _samples(builder, tile, x, stride)
        for row in range(tile.rows):
            here = ir.Constant(first.type, row)
            wanted = builder.and_(
                builder.icmp_signed("<=", first, here), builder.icmp_signed("<=", here, last)
            )
            places = range(row * tile.vectors, (row + 1) * tile.vectors)
            before = [builder.extract_value(result, place) for place in places]
            outside = builder.block
            with builder.if_then(wanted):
                start = _row(builder, weights, row_stride, row)
                after = _products(builder, tile, start, samples, before)
                inside = builder.block
            for place, old, new in zip(places, before, after, strict=True):
                total = builder.phi(old.type)
                total.add_incoming(old, outside)
                total.add_incoming(new, inside)
                before[place - places[0]] = total
            for place, total in zip(places, before, strict=True):
                result = builder.insert_value(result, total, place)
        return result

    arguments = (tile, types.intp, types.intp, weights, types.intp, x, types.intp)
    return tile(*arguments), generate


@intrinsic
def multiply_block(typingctx, tile, weights, row_stride, x, stride):  # type: ignore[no-untyped-def]
    """Do as `multiply_rows_of_block`, for every row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result, weights, row_stride, x, stride = args
        samples = _samples(builder, tile, x, stride)
        for row in range(tile.rows):
            places = range(row * tile.vectors, (row + 1) * tile.vectors)
            before = [builder.extract_value(result, place) for place in places]
            start = _row(builder, weights, row_stride, row)
            after = _products(builder, tile, start, samples, before)
            for place, total in zip(places, after, strict=True):
                result = builder.insert_value(result, total, place)
        return result

    return tile(tile, weights, types.intp, x, types.intp), generate


@intrinsic
def store_block(typingctx, tile, target, row_stride, places):  # type: ignore[no-untyped-def]
    """Write each row and channel to ``target + row * row_stride + places[channel]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for value, start in _targets(builder, tile, args):
            store_vector(builder, value, start, 0)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, places), generate


@intrinsic
def store_block_part(typingctx, tile, target, row_stride, places, count):  # type: ignore[no-untyped-def]
    """Do as `store_block`, but for the first `count` lanes only, which are half of them or more.

    Two halves of a vector that overlap are quicker than a mask, which not every processor has.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        half = tile.lanes // 2
        rest = builder.sub(args[4], ir.Constant(args[4].type, half))
        for value, start in _targets(builder, tile, args):
            whole = cgutils.alloca_once(builder, value.type)
            builder.store(value, whole)
            element = builder.bitcast(whole, start.type)
            for offset in (ir.Constant(rest.type, 0), rest):
                part = load_vector(builder, builder.gep(element, [offset]), 0, half)
                store_vector(builder, part, builder.gep(start, [offset]), 0)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, places, types.intp), generate


@intrinsic
def move_rows(typingctx, geometry, target, target_stride, source, source_stride):  # type: ignore[no-untyped-def]
    """Copy a vector of each row of a block from ``source + row * source_stride``."""
    tile = tile_type(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, target_stride, source, source_stride = args
        for row in range(tile.rows):
            value = load_vector(builder, _row(builder, source, source_stride, row), 0, tile.lanes)
            store_vector(builder, value, _row(builder, target, target_stride, row), 0)
        return context.get_dummy_value()

    return types.void(geometry, target, types.intp, source, types.intp), generate


@intrinsic
def move_vector(typingctx, geometry, target, source):  # type: ignore[no-untyped-def]
    """Copy one vector."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        store_vector(builder, load_vector(builder, args[2], 0, lanes), args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target, source), generate


@intrinsic
def move_every_other(typingctx, geometry, target, source):  # type: ignore[no-untyped-def]
    """Copy one vector of samples that stand two apart; the sample after the last is read too."""
    lanes = tile_type(geometry).lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one, two = (load_vector(builder, args[2], lanes * half, lanes) for half in range(2))
        every_other = ir.Constant(
            ir.VectorType(ir.IntType(32), lanes), list(range(0, 2 * lanes, 2))
        )
        store_vector(builder, builder.shuffle_vector(one, two, every_other), args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target, source), generate


@intrinsic
def clear_vector(typingctx, geometry, target):  # type: ignore[no-untyped-def]
    """Write one vector of zeros."""
    tile = tile_type(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(args[1].type.pointee, tile.lanes)
        store_vector(builder, ir.Constant(vector, None), args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target), generate


@intrinsic
def prefetch_beyond(typingctx, source):  # type: ignore[no-untyped-def]
    """Ask for the cache line at `source`, which need not exist, in the second-level cache."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0i8",
        )
        read, second_level, data = number(0), number(2), number(1)
        builder.call(function, [builder.bitcast(args[0], byte), read, second_level, data])
        return context.get_dummy_value()

    return types.void(source), generate


def _samples(builder: Any, tile: Any, x: Any, stride: Any) -> list[Any]:
    starts = (_row(builder, x, stride, channel) for channel in range(tile.vectors))
    return [load_vector(builder, start, 0, tile.lanes) for start in starts]


def _products(builder: Any, tile: Any, weights: Any, samples: Any, sums: Any) -> list[Any]:
    factors = load_vector(builder, weights, 0, tile.lanes)
    pairs = zip(samples, sums, strict=True)
    return [multiply_add(builder, factors, values, total) for values, total in pairs]


def _targets(builder: Any, tile: Any, args: Any) -> list[tuple[Any, Any]]:
    """Return each vector of a block with the pointer to its place."""
    values, target, row_stride, places = args[:4]
    found = []
    for channel in range(tile.vectors):
        place = builder.load(builder.gep(places, [ir.Constant(ir.IntType(32), channel)]))
        plane = builder.gep(target, [place])
        for row in range(tile.rows):
            value = builder.extract_value(values, row * tile.vectors + channel)
            found.append((value, _row(builder, plane, row_stride, row)))
    return found


def _row(builder: Any, pointer: Any, stride: Any, row: int) -> Any:
    return builder.gep(pointer, [builder.mul(stride, ir.Constant(stride.type, row))])
