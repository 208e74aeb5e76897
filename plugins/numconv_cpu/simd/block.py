"""A block of sums: rows of results by channels, whose products share what they load.

In an involution the channels of a group have the same weights, and neighbouring rows of results
read the same samples. So a vector of weights serves every channel of a block and a vector of
samples every row. The block is a `Tile` with the channels for its columns; each lane has a weight
of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import (
    INDEX,
    emit_prefetch,
    load_vector,
    multiply_add,
    row_start,
    store_vector,
    tile_type,
)


@intrinsic
def multiply_line(  # type: ignore[no-untyped-def]
    typingctx, tile, first, last, taps, x, offsets, stride, weights, next_tap, next_row, ahead, kept
):
    """Add the products of the taps of a line to rows `first` to `last` of a block.

    Row, channel and tap give ``weights[tap * next_tap + row * next_row]`` times
    ``x[offsets[tap] + channel * stride]``, in vectors. The weights that stand `ahead` are asked
    for. If there are several channels, they are kept for `multiply_kept_line` at
    ``kept[tap, row]``.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        *block, weights, next_tap, next_row, ahead, kept = args

        def load(pointers: list[Any], row: int) -> Any:
            source = row_start(builder, pointers[0], next_row, row)
            factors = load_vector(builder, source, 0, tile.lanes)
            if tile.vectors > 1:
                store_vector(builder, factors, pointers[1], row * tile.lanes)
            emit_prefetch(builder, builder.gep(source, [ahead]))
            return factors

        pointers = [(weights, next_tap), (kept, INDEX(tile.rows * tile.lanes))]
        return _emit_line(builder, tile, block, pointers, load)

    block = (tile, types.intp, types.intp, types.intp, x, offsets, types.intp)
    return tile(*block, weights, types.intp, types.intp, types.intp, kept), generate


@intrinsic
def multiply_kept_line(typingctx, tile, first, last, taps, x, offsets, stride, kept):  # type: ignore[no-untyped-def]
    """Do as `multiply_line`, with the weights that it kept."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        *block, kept = args

        def load(pointers: list[Any], row: int) -> Any:
            return load_vector(builder, pointers[0], row * tile.lanes, tile.lanes)

        pointers = [(kept, INDEX(tile.rows * tile.lanes))]
        return _emit_line(builder, tile, block, pointers, load)

    block = (tile, types.intp, types.intp, types.intp, x, offsets, types.intp)
    return tile(*block, kept), generate


@intrinsic
def store_block(typingctx, tile, target, row_stride, plane_offsets):  # type: ignore[no-untyped-def]
    """Write each row and channel to ``target + row * row_stride + plane_offsets[channel]``."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for value, start in _targets(builder, tile, args):
            store_vector(builder, value, start, 0)
        return context.get_dummy_value()

    return types.void(tile, target, types.intp, plane_offsets), generate


@intrinsic
def store_block_part(typingctx, tile, target, row_stride, plane_offsets, count):  # type: ignore[no-untyped-def]
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

    return types.void(tile, target, types.intp, plane_offsets, types.intp), generate


@intrinsic
def clear_vector(typingctx, geometry, target):  # type: ignore[no-untyped-def]
    """Write one vector of zeros."""
    tile = tile_type(geometry)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(args[1].type.pointee, tile.lanes)
        store_vector(builder, ir.Constant(vector, None), args[1], 0)
        return context.get_dummy_value()

    return types.void(geometry, target), generate


def _emit_line(
    builder: Any,
    tile: Any,
    block: Any,
    pointers: list[tuple[Any, Any]],
    load: Callable[[list[Any], int], Any],
) -> Any:
    """Emit a loop over the taps of a line for every range of rows, and the choice of one.

    A loop that asked for each row whether it takes part would take a third longer.

    Parameters
    ----------
    block : tuple
        The first seven arguments of `multiply_line`.
    pointers : list of (pointer, int)
        What moves on with each tap, and by how much.
    load : callable
        Emits the load of the weights of a row, from these pointers.
    """
    result, first, last, *line = block
    sums = [cgutils.alloca_once(builder, result.type.element) for _ in range(result.type.count)]
    for place, total in enumerate(sums):
        builder.store(builder.extract_value(result, place), total)
    done = builder.append_basic_block("done")
    chosen = builder.add(builder.mul(first, first.type(tile.rows)), last)
    switch = builder.switch(chosen, done)
    for begin in range(tile.rows):
        for end in range(begin, tile.rows):
            case = builder.append_basic_block(f"rows_{begin}_{end}")
            switch.add_case(first.type(begin * tile.rows + end), case)
            builder.position_at_end(case)
            rows = range(begin, end + 1)
            _emit_taps(builder, tile, rows, line, pointers, load, sums)
            builder.branch(done)
    builder.position_at_end(done)
    for place, total in enumerate(sums):
        result = builder.insert_value(result, builder.load(total), place)
    return result


def _emit_taps(
    builder: Any,
    tile: Any,
    rows: range,
    line: list[Any],
    pointers: list[tuple[Any, Any]],
    load: Callable[[list[Any], int], Any],
    sums: list[Any],
) -> None:
    """Emit the loop over the taps of a line, of which there is one at least."""
    taps, x, offsets, stride = line
    entry = builder.block
    loop, after = (builder.append_basic_block(name) for name in ("tap", "after_taps"))
    builder.branch(loop)
    builder.position_at_end(loop)
    tap, *here = (builder.phi(value.type) for value in (taps, *(start for start, _ in pointers)))
    start = builder.gep(x, [builder.load(builder.gep(offsets, [tap]))])
    channels = [row_start(builder, start, stride, channel) for channel in range(tile.vectors)]
    samples = [load_vector(builder, channel, 0, tile.lanes) for channel in channels]
    for row in rows:
        factors = load(here, row)
        for channel, values in enumerate(samples):
            total = sums[row * tile.vectors + channel]
            builder.store(multiply_add(builder, factors, values, builder.load(total)), total)
    following = builder.add(tap, tap.type(1))
    tap.add_incoming(tap.type(0), entry)
    tap.add_incoming(following, loop)
    for pointer, (start, step) in zip(here, pointers, strict=True):
        pointer.add_incoming(start, entry)
        pointer.add_incoming(builder.gep(pointer, [step]), loop)
    again = builder.cbranch(builder.icmp_signed("<", following, taps), loop, after)
    _forbid_unrolling(builder.module, again)
    builder.position_at_end(after)


def _forbid_unrolling(module: Any, branch: Any) -> None:
    """Mark the branch that closes a loop, which unrolled would need too many registers."""
    wish = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
    number = ir.MetaDataString(module, f"loop {len(module.metadata)}")
    mark = module.add_metadata([number, wish])
    # What LLVM knows a loop by begins with itself.
    mark.operands = (mark, wish)
    branch.set_metadata("llvm.loop", mark)


def _targets(builder: Any, tile: Any, args: Any) -> list[tuple[Any, Any]]:
    """Return each vector of a block with the pointer to its place."""
    values, target, row_stride, plane_offsets = args[:4]
    found = []
    for channel in range(tile.vectors):
        place = builder.load(builder.gep(plane_offsets, [ir.Constant(ir.IntType(32), channel)]))
        plane = builder.gep(target, [place])
        for row in range(tile.rows):
            value = builder.extract_value(values, row * tile.vectors + channel)
            found.append((value, row_start(builder, plane, row_stride, row)))
    return found
