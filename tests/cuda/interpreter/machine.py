"""Runs the blocks of a grid one by one, all threads of a block that can go together at once.

The threads of a block stand in groups, each at one instruction. The group at the lowest one goes on
until it meets another, so that threads which went apart come together again. Where threads must
meet (barriers, instructions of a whole warp) they are parked until the others have come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .report import Array, Trouble
from .shared import SharedRegion

Index = Any  # of threads: ALL, a slice of some side by side, or their numbers, ascending
ALL = slice(None)
Step = Callable[[Index], None]
_MOST_TURNS = 3_000_000


class Group:
    """Threads at the same instruction; `index` takes their lanes out of a register."""

    def __init__(self, threads: Array, index: Index) -> None:
        self.threads = threads
        self.index = index
        self.count = len(threads)
        self.warps = len(np.unique(threads >> 5))


@dataclass
class Control:
    """An instruction after which threads don't simply go on to the next one."""

    guard: Callable[[Index], Array] | None = None

    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        """Return who goes on where, at once."""
        raise NotImplementedError


@dataclass
class Branch(Control):
    target: int = 0

    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        return [(self.target, group)]


@dataclass
class Switch(Control):
    number: Array | None = None
    targets: tuple[int, ...] = ()

    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        assert self.number is not None
        numbers = self.number[group.index]
        if numbers.max() >= len(self.targets):
            raise Trouble(f"branches to number {numbers.max()} of {len(self.targets)}")
        return [
            (self.targets[n], block.group(group.threads[numbers == n])) for n in np.unique(numbers)
        ]


@dataclass
class Exit(Control):
    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        block.ended[group.index] = True
        return []


@dataclass
class Barrier(Control):
    """All threads of the block meet; `step` is executed for all of them as they do."""

    number: int = 0
    aligned: bool = True
    step: Step | None = None

    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        parked = block.barriers.setdefault(self.number, {})
        if at in parked:
            group = block.group(np.sort(np.concatenate((parked[at].threads, group.threads))))
        parked[at] = group
        if sum(each.count for each in parked.values()) < block.threads:
            return []
        del block.barriers[self.number]
        warps = [np.unique(each.threads >> 5) for each in parked.values()]
        numbers, times = np.unique(np.concatenate(warps), return_counts=True)
        if self.aligned and times.max() > 1:
            raise Trouble(
                f"threads of warp {numbers[times.argmax()]} wait at different barriers",
                int(numbers[times.argmax()]) * 32,
            )
        if self.step is not None:
            self.step(ALL)
        block.shared.moments.all_wait()
        return [(place + 1, each) for place, each in parked.items()]


@dataclass
class Together(Control):
    """An instruction of a warp: executed for threads whose partners have all come.

    `mask` gives the partners of each; None stands for whole warps of 32 threads.
    """

    step: Step | None = None
    mask: Array | None = None

    def go(self, block: Block, at: int, group: Group) -> list[tuple[int, Group]]:
        assert self.step is not None
        if group is block.everyone and block.threads % 32 == 0 and self.everyone():
            self.step(group.index)
            return [(at + 1, group)]
        if at in block.parked:
            before = block.parked.pop(at).threads
            group = block.group(np.sort(np.concatenate((before, group.threads))))
        ready = self.complete(block, group)
        if not ready.all():
            block.parked[at] = block.group(group.threads[~ready])
            if not ready.any():
                return []
            group = block.group(group.threads[ready])
        self.step(group.index)
        return [(at + 1, group)]

    def everyone(self) -> bool:
        return self.mask is None or bool((self.mask == 0xFFFFFFFF).all())

    def complete(self, block: Block, group: Group) -> Array:
        here = np.zeros(len(block.lanes), bool)
        here[group.threads] = True
        warp = group.threads >> 5
        if self.mask is None:
            if block.threads % 32 and warp[-1] == block.threads >> 5:
                last = int(group.threads[-1])
                raise Trouble("needs a warp of 32 threads, and this one has fewer", last)
            whole: Array = np.all(here.reshape(-1, 32), axis=1)
            return whole[warp]
        wanted = self.mask[group.index]
        own = np.asarray((wanted >> (group.threads & 31).astype(np.uint32)) & 1)
        if not own.all():
            thread = int(group.threads[int(own.argmin())])
            raise Trouble(f"is not in its own member mask {wanted[own.argmin()]:#x}", thread)
        present = masks(here)
        # Lanes beyond the end of the block cannot come, and nobody waits for them.
        wanted = wanted & block.existing[warp]
        return np.asarray((present[warp] & wanted) == wanted)


class Code:
    """What threads execute: `texts` says which instruction each step comes from."""

    def __init__(self, steps: list[Step | Control], texts: list[str]) -> None:
        self.steps: list[Any] = steps
        self.texts = texts
        self.stops: list[int] = []
        """The next place from each on, itself included, where threads may part or wait."""
        stop = len(steps)
        for at in reversed(range(len(steps))):
            stop = at if isinstance(steps[at], Control) else stop
            self.stops.append(stop)
        self.stops.reverse()


class Block:
    """The threads of one block on their way through the code."""

    def __init__(self, code: Code, threads: int, shared: SharedRegion) -> None:
        self.code = code.steps
        self.stops = code.stops
        self.texts = code.texts
        self.threads = threads
        self.shared = shared
        self.lanes = np.arange(-(-threads // 32) * 32) < threads
        self.existing = masks(self.lanes)
        self.everyone = Group(np.arange(threads), ALL)
        self.done: dict[tuple[int, int], list[int]] = {}
        """How often instructions from one up to another were executed: by threads, by warps."""

    def group(self, threads: Array) -> Group:
        return self.everyone if len(threads) == self.threads else Group(threads, index_of(threads))

    def run(self) -> None:
        """Run all threads from the first instruction to their ends."""
        self.ready: dict[int, Group] = {0: self.everyone}
        self.parked: dict[int, Group] = {}
        self.barriers: dict[int, dict[int, Group]] = {}
        self.ended = np.zeros(self.threads, bool)
        turns = 0
        while self.ready:
            self.at = min(self.ready)
            self.advance(self.ready.pop(self.at), min(self.ready, default=len(self.code)))
            turns += 1
            if turns > _MOST_TURNS:
                raise Trouble(f"no end after {turns} branches")
        if self.parked or self.barriers:
            self.stuck()

    def counts(self) -> tuple[list[int], list[int]]:
        """Return how often each instruction was executed, by threads and by warps."""
        change = np.zeros((2, len(self.code) + 1), np.int64)
        for (start, end), often in self.done.items():
            change[:, start] += often
            change[:, end] -= often
        threads, warps = np.cumsum(change, axis=1)[:, :-1].tolist()
        return threads, warps

    def advance(self, group: Group, limit: int) -> None:
        """Let the lowest group go on until it branches or meets another one."""
        start = at = self.at
        index = group.index
        stop = min(limit, self.stops[at])
        try:
            for step in self.code[start:stop]:
                step(index)
                at += 1
        finally:
            self.at = at
        step = self.code[at] if at < limit else None
        done = self.done.setdefault((start, at if step is None else at + 1), [0, 0])
        done[0] += group.count
        done[1] += group.warps
        if step is None:
            self.join(at, group)
            return
        for place, part in self.control(step, at, group):
            self.join(place, part)

    def control(self, step: Control, at: int, group: Group) -> list[tuple[int, Group]]:
        if step.guard is None:
            return step.go(self, at, group)
        chosen = step.guard(group.index)
        many = np.count_nonzero(chosen)
        if many == group.count:
            return step.go(self, at, group)
        if not many:
            return [(at + 1, group)]
        rest = (at + 1, self.group(group.threads[~chosen]))
        return [rest, *step.go(self, at, self.group(group.threads[chosen]))]

    def join(self, at: int, group: Group) -> None:
        if at in self.ready:
            threads = np.concatenate((self.ready[at].threads, group.threads))
            group = self.group(np.sort(threads))
        self.ready[at] = group

    def stuck(self) -> None:
        """Threads wait, and nobody is left to come."""
        waiting = [*self.parked.items()]
        for parked in self.barriers.values():
            waiting += parked.items()
        told = [f"threads {spans(group.threads)} at {self.texts[at]}" for at, group in waiting]
        if self.ended.any():
            told.append(f"threads {spans(np.flatnonzero(self.ended))} have ended")
        self.at = waiting[0][0]
        raise Trouble("waits for ever: " + "; ".join(told), int(waiting[0][1].threads[0]))


def index_of(threads: Array) -> Index:
    """Return the index of some threads, given by their numbers, ascending."""
    first, last = int(threads[0]), int(threads[-1])
    # A slice gives views, which take a fraction of the time of copies.
    return slice(first, last + 1) if last - first == len(threads) - 1 else threads


def masks(lanes: Array) -> Array:
    """Return one number for each warp: bit i says whether its lane i is set."""
    return np.packbits(lanes.reshape(-1, 32), axis=1, bitorder="little").view("<u4")[:, 0]


def spans(threads: Array) -> str:
    """Return numbers as `0-31, 64`."""
    parts = np.split(threads, np.flatnonzero(np.diff(threads) != 1) + 1)
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
