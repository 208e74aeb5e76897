"""Instructions through which the threads of a warp see each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..formats import TYPES
from ..machine import Control, Index, Step, Together
from ..report import Array, Trouble
from .building import Build, known


@known("shfl")
def shfl(build: Build) -> Step | Control:
    build.choice("sync")
    way = build.choice("up", "down", "bfly", "idx")
    kind = build.type()
    word = TYPES["u32"]
    target, inside = build.pair(kind)
    values = build.source(1, kind)
    b, c, mask = (build.source(each, word) for each in (2, 3, 4))
    ids, threads = build.launch.ids, build.launch.threads

    def run(index: Index) -> None:
        me = ids[index]
        lane, by = me & 31, (b[index] & 31).astype(np.int64)
        clamp = (c[index] & 31).astype(np.int64)
        segment = (c[index] >> 8 & 31).astype(np.int64)
        last = (lane & segment) | (clamp & ~segment)
        other = {
            "up": lane - by,
            "down": lane + by,
            "bfly": lane ^ by,
            "idx": (lane & segment) | (by & ~segment),
        }[way]
        fits = other >= last if way == "up" else other <= last
        source = (me & ~31) | np.where(fits, other, lane)
        away = (source >= threads) | ((mask[index] >> (source & 31).astype(np.uint32)) & 1 == 0)
        if away.any():
            first = int(away.argmax())
            raise Trouble(
                f"takes a value of thread {source[first]}, which is not in its mask", int(me[first])
            )
        target[index] = values[source]
        if inside is not None:
            inside[index] = fits

    return Together(step=run, mask=mask)


def by_mask(me: Array, masks: Array) -> list[Array]:
    """Return which of the threads `me` belong together: of one warp and one mask."""
    keys = ((me >> 5) << 32) | masks.astype(np.int64)
    return [np.flatnonzero(keys == each) for each in np.unique(keys)]


def _collective(
    build: Build, target: Array, mask: Array, sources: list[Any], reduce: Callable[..., Any]
) -> Together:
    """Threads of one warp and one mask all get what `reduce` makes of their values."""
    ids = build.launch.ids

    def run(index: Index) -> None:
        me = ids[index]
        values = [each(index) for each in sources]
        result = np.empty(len(me), target.dtype)
        for members in by_mask(me, mask[index]):
            result[members] = reduce(me[members] & 31, *[each[members] for each in values])
        target[index] = result

    return Together(step=run, mask=mask)


_VOTES: dict[str, Callable[[Array, Array], Any]] = {
    "all": lambda lanes, held: held.all(),
    "any": lambda lanes, held: held.any(),
    "uni": lambda lanes, held: held.all() or not held.any(),
    "ballot": lambda lanes, held: np.uint32(np.sum((1 << lanes)[held])),
}


@known("vote")
def vote(build: Build) -> Step | Control:
    build.choice("sync")
    function = _VOTES[build.choice(*_VOTES)]
    target = build.target(build.type())
    held = build.launch.predicate(build.operand(1))
    return _collective(build, target, build.source(2, TYPES["u32"]), [held], function)


_REDUCTIONS: dict[str, Callable[[Array, Array], Any]] = {
    "add": lambda lanes, x: x.sum(dtype=x.dtype),
    "min": lambda lanes, x: x.min(),
    "max": lambda lanes, x: x.max(),
    "and": lambda lanes, x: np.bitwise_and.reduce(x),
    "or": lambda lanes, x: np.bitwise_or.reduce(x),
    "xor": lambda lanes, x: np.bitwise_xor.reduce(x),
}


@known("redux")
def redux(build: Build) -> Step | Control:
    build.choice("sync")
    function = _REDUCTIONS[build.choice(*_REDUCTIONS)]
    kind = build.type()
    values = build.source(1, kind)
    mask = build.source(2, TYPES["u32"])
    return _collective(build, build.target(kind), mask, [lambda index: values[index]], function)


@known("match")
def match(build: Build) -> Step | Control:
    """The lanes that bring the same value."""
    if build.choice("any", "all") == "all":
        raise build.unknown()
    build.choice("sync")
    kind = build.type()
    values = build.source(1, kind)

    def same(lanes: Array, x: Array) -> Array:
        return ((x[:, None] == x) * (1 << lanes)).sum(axis=1).astype(np.uint32)

    target, mask = build.target(TYPES["u32"]), build.source(2, TYPES["u32"])
    return _collective(build, target, mask, [lambda index: values[index]], same)


@known("activemask")
def activemask(build: Build) -> Step | Control:
    """Threads that are at this instruction now: a device may split a warp further."""
    target, ids = build.target(build.type()), build.launch.ids

    def run(index: Index) -> None:
        me = ids[index]
        masks = np.zeros(int(me[-1] >> 5) + 1, np.int64)
        np.bitwise_or.at(masks, me >> 5, 1 << (me & 31))
        target[index] = masks[me >> 5].astype(np.uint32)

    return run
