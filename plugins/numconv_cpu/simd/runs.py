"""Copies of runs of values: contiguous, with stride 2, interleaved and deinterleaved.

There are no masks and no calls. A run is copied as whole vectors; the last one moves back so as to
end with the run, and copies some values again. Runs shorter than a vector are copied as halves or
quarters of it likewise. Nothing is read or written outside of the run.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..runtime.compile import kernel
from .memory import at
from .tile import INDEX, load_vector, store_vector, tile_type


@kernel(inline=True)
def copy_contiguous(g, target, source, count):  # type: ignore[no-untyped-def]
    """Copy `count` values side by side."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            p = min(i, count - g.lanes)
            copy_whole(g, target, source, p)
    elif 2 * count >= g.lanes:
        copy_half(g, target, source, 0)
        copy_half(g, target, source, count - g.lanes // 2)
    elif 4 * count >= g.lanes:
        copy_quarter(g, target, source, 0)
        copy_quarter(g, target, source, count - g.lanes // 4)
    else:
        for i in range(count):
            target[i] = source[i]


@kernel(inline=True)
def copy_stride_2(g, target, source, count):  # type: ignore[no-untyped-def]
    """Copy `count` values that are 2 apart: ``target[i] = source[2 * i]``."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            p = min(i, count - g.lanes)
            copy_stride_2_whole(g, target, source, p)
    elif 2 * count >= g.lanes:
        copy_stride_2_half(g, target, source, 0)
        copy_stride_2_half(g, target, source, count - g.lanes // 2)
    elif 4 * count >= g.lanes:
        copy_stride_2_quarter(g, target, source, 0)
        copy_stride_2_quarter(g, target, source, count - g.lanes // 4)
    else:
        for i in range(count):
            target[i] = source[2 * i]


@kernel(inline=True)
def interleave_2(g, target, evens, odds, count):  # type: ignore[no-untyped-def]
    """Interleave two runs: ``evens[0], odds[0], evens[1], …``, `count` values in all."""
    pairs = count // 2
    if pairs >= g.lanes:
        for i in range(0, pairs, g.lanes):
            p = min(i, pairs - g.lanes)
            interleave_2_whole(g, at(target, 2 * p), at(evens, p), at(odds, p))
    elif 2 * pairs >= g.lanes:
        interleave_2_half(g, target, evens, odds)
        p = pairs - g.lanes // 2
        interleave_2_half(g, at(target, 2 * p), at(evens, p), at(odds, p))
    elif 4 * pairs >= g.lanes:
        interleave_2_quarter(g, target, evens, odds)
        p = pairs - g.lanes // 4
        interleave_2_quarter(g, at(target, 2 * p), at(evens, p), at(odds, p))
    else:
        for i in range(pairs):
            target[2 * i] = evens[i]
            target[2 * i + 1] = odds[i]
    if count > 2 * pairs:
        target[2 * pairs] = evens[pairs]


@kernel(inline=True)
def deinterleave_2(g, targets, offsets, source, count):  # type: ignore[no-untyped-def]
    """Deinterleave: ``targets[offsets[r] + i] = source[2 * i + r]`` for r < 2 and i < `count`."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            deinterleave_2_whole(g, targets, offsets, source, min(i, count - g.lanes))
    elif 2 * count >= g.lanes:
        deinterleave_2_half(g, targets, offsets, source, 0)
        deinterleave_2_half(g, targets, offsets, source, count - g.lanes // 2)
    elif 4 * count >= g.lanes:
        deinterleave_2_quarter(g, targets, offsets, source, 0)
        deinterleave_2_quarter(g, targets, offsets, source, count - g.lanes // 4)
    else:
        deinterleave_scalars(targets, offsets, source, 2, count)


@kernel(inline=True)
def deinterleave_3(g, targets, offsets, source, count):  # type: ignore[no-untyped-def]
    """Do as `deinterleave_2`, with steps of 3 and r < 3."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            deinterleave_3_whole(g, targets, offsets, source, min(i, count - g.lanes))
    else:
        deinterleave_scalars(targets, offsets, source, 3, count)


@kernel(inline=True)
def deinterleave_4(g, targets, offsets, source, count):  # type: ignore[no-untyped-def]
    """Do as `deinterleave_2`, with steps of 4 and r < 4."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            deinterleave_4_whole(g, targets, offsets, source, min(i, count - g.lanes))
    else:
        deinterleave_scalars(targets, offsets, source, 4, count)


@kernel
def deinterleave_scalars(targets, offsets, source, step, count):  # type: ignore[no-untyped-def]
    """Deinterleave a run into `step` runs, value by value."""
    for i in range(count):
        for r in range(step):
            targets[offsets[r] + i] = source[step * i + r]


@intrinsic
def copy_whole(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Copy a vector of values from ``source + start`` on."""
    return _signature(geometry, target, source), _copier(tile_type(geometry).lanes)


@intrinsic
def copy_half(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Copy half of a vector of values from ``source + start`` on."""
    return _signature(geometry, target, source), _copier(tile_type(geometry).lanes // 2)


@intrinsic
def copy_quarter(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Copy a quarter of a vector of values from ``source + start`` on."""
    return _signature(geometry, target, source), _copier(max(tile_type(geometry).lanes // 4, 1))


@intrinsic
def copy_stride_2_whole(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Copy a vector of every second value, from ``source + 2 * start`` to ``target + start``."""
    return _signature(geometry, target, source), _stride_2_copier(tile_type(geometry).lanes)


@intrinsic
def copy_stride_2_half(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Do as `copy_stride_2_whole`, with half of a vector."""
    return _signature(geometry, target, source), _stride_2_copier(tile_type(geometry).lanes // 2)


@intrinsic
def copy_stride_2_quarter(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Do as `copy_stride_2_whole`, with a quarter of a vector."""
    return _signature(geometry, target, source), _stride_2_copier(
        max(tile_type(geometry).lanes // 4, 1)
    )


@intrinsic
def interleave_2_whole(typingctx, geometry, target, evens, odds):  # type: ignore[no-untyped-def]
    """Interleave a vector of each run."""
    return types.void(geometry, target, evens, odds), _interleaver(tile_type(geometry).lanes)


@intrinsic
def interleave_2_half(typingctx, geometry, target, evens, odds):  # type: ignore[no-untyped-def]
    """Do as `interleave_2_whole`, with half of a vector."""
    return types.void(geometry, target, evens, odds), _interleaver(tile_type(geometry).lanes // 2)


@intrinsic
def interleave_2_quarter(typingctx, geometry, target, evens, odds):  # type: ignore[no-untyped-def]
    """Do as `interleave_2_whole`, with a quarter of a vector."""
    lanes = max(tile_type(geometry).lanes // 4, 1)
    return types.void(geometry, target, evens, odds), _interleaver(lanes)


def _signature(geometry: Any, target: Any, source: Any) -> Any:
    return types.void(geometry, target, source, types.intp)


def _copier(lanes: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, source, start = args
        values = load_vector(builder, builder.gep(source, [start]), 0, lanes)
        store_vector(builder, values, builder.gep(target, [start]), 0)
        return context.get_dummy_value()

    return generate


def _stride_2_copier(lanes: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, source, start = args
        first = builder.gep(source, [builder.mul(start, ir.Constant(start.type, 2))])
        low = load_vector(builder, first, 0, lanes)
        # One to the left of where it would follow, so that nothing behind the run is read.
        high = load_vector(builder, first, lanes - 1, lanes)
        chosen = [2 * i if 2 * i < lanes else 2 * i + 1 for i in range(lanes)]
        places = ir.Constant(ir.VectorType(INDEX, lanes), chosen)
        values = builder.shuffle_vector(low, high, places)
        store_vector(builder, values, builder.gep(target, [start]), 0)
        return context.get_dummy_value()

    return generate


def _interleaver(lanes: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, evens, odds = args
        runs = (load_vector(builder, run, 0, lanes) for run in (evens, odds))
        # The first of the one, the first of the other, the second of the one, and so on.
        turns = [i // 2 + i % 2 * lanes for i in range(2 * lanes)]
        places = ir.Constant(ir.VectorType(INDEX, 2 * lanes), turns)
        store_vector(builder, builder.shuffle_vector(*runs, places), target, 0)
        return context.get_dummy_value()

    return generate


def _deinterleaver(step: int, share: int = 1) -> Any:
    @intrinsic
    def deinterleave_vectors(typingctx, geometry, targets, offsets, source, start):  # type: ignore[no-untyped-def]
        lanes = max(tile_type(geometry).lanes // share, 1)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            _, targets, offsets, source, start = args
            first = builder.gep(source, [builder.mul(start, ir.Constant(start.type, step))])
            vectors = [load_vector(builder, first, i * lanes, lanes) for i in range(step)]
            for r, values in enumerate(_emit_deinterleave(builder, vectors)):
                place = builder.add(builder.load(builder.gep(offsets, [INDEX(r)])), start)
                store_vector(builder, values, builder.gep(targets, [place]), 0)
            return context.get_dummy_value()

        return types.void(geometry, targets, offsets, source, types.intp), generate

    return deinterleave_vectors


# Deinterleave a vector of values into each run, from ``offsets[r] + start`` on.
deinterleave_2_whole, deinterleave_3_whole, deinterleave_4_whole = (
    _deinterleaver(step) for step in (2, 3, 4)
)
deinterleave_2_half, deinterleave_2_quarter = (_deinterleaver(2, share) for share in (2, 4))


def _emit_deinterleave(builder: Any, vectors: list[Any]) -> list[Any]:
    """Emit the vectors of every n-th value of n vectors that follow each other."""
    if len(vectors) == 4:
        # The seconds of the seconds take one shuffle of two vectors each.
        (even, odd), (later_even, later_odd) = (
            _emit_deinterleave(builder, vectors[i : i + 2]) for i in (0, 2)
        )
        zeroth, second = _emit_deinterleave(builder, [even, later_even])
        first, third = _emit_deinterleave(builder, [odd, later_odd])
        return [zeroth, first, second, third]
    count, lanes = len(vectors), vectors[0].type.count
    found = []
    for r in range(count):
        taken = [count * i + r for i in range(lanes)]
        near = [min(each, 2 * lanes - 1) for each in taken]
        values = _shuffle(builder, vectors[0], vectors[1], near)
        if count == 3:
            far = [i if each < 2 * lanes else each - lanes for i, each in enumerate(taken)]
            values = _shuffle(builder, values, vectors[2], far)
        found.append(values)
    return found


def _shuffle(builder: Any, low: Any, high: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(INDEX, len(places)), places))
