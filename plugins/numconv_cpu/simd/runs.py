"""Copies of runs of values, neighbours or every second one, without masks and calls.

A run is copied as whole vectors; the last one moves back so as to end with the run, and copies
some values again. Runs shorter than a vector are copied as halves or quarters of it likewise.
Nothing is read or written outside of the run.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ..compile import kernel
from .tile import INDEX, load_vector, store_vector, tile_type


@kernel(inline=True)
def copy_neighbours(g, target, source, count):  # type: ignore[no-untyped-def]
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
def copy_seconds(g, target, source, count):  # type: ignore[no-untyped-def]
    """Copy `count` values, every second one."""
    if count >= g.lanes:
        for i in range(0, count, g.lanes):
            p = min(i, count - g.lanes)
            take_whole(g, target, source, p)
    elif 2 * count >= g.lanes:
        take_half(g, target, source, 0)
        take_half(g, target, source, count - g.lanes // 2)
    elif 4 * count >= g.lanes:
        take_quarter(g, target, source, 0)
        take_quarter(g, target, source, count - g.lanes // 4)
    else:
        for i in range(count):
            target[i] = source[2 * i]


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
def take_whole(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Copy a vector of every second value, from ``source + 2 * start`` to ``target + start``."""
    return _signature(geometry, target, source), _taker(tile_type(geometry).lanes)


@intrinsic
def take_half(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Do as `take_whole`, with half of a vector."""
    return _signature(geometry, target, source), _taker(tile_type(geometry).lanes // 2)


@intrinsic
def take_quarter(typingctx, geometry, target, source, start):  # type: ignore[no-untyped-def]
    """Do as `take_whole`, with a quarter of a vector."""
    return _signature(geometry, target, source), _taker(max(tile_type(geometry).lanes // 4, 1))


def _signature(geometry: Any, target: Any, source: Any) -> Any:
    return types.void(geometry, target, source, types.intp)


def _copier(lanes: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, target, source, start = args
        values = load_vector(builder, builder.gep(source, [start]), 0, lanes)
        store_vector(builder, values, builder.gep(target, [start]), 0)
        return context.get_dummy_value()

    return generate


def _taker(lanes: int) -> Any:
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
