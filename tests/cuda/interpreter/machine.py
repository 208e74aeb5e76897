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

Index = Any  # slice(None) or the numbers of threads, ascending
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
            self.step(slice(None))
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


class Block:
    """The threads of one block on their way through the code."""

    def __init__(
        self, code: list[Step | Control], texts: list[str], threads: int, shared: SharedRegion
    ) -> None:
        self.code = code
        self.texts = texts
        self.threads = threads
        self.shared = shared
        self.lanes = np.arange(-(-threads // 32) * 32) < threads
        self.existing = masks(self.lanes)
        self.everyone = Group(np.arange(threads), slice(None))
        self.counts = [0] * len(code)
        self.issued = [0] * len(code)

    def group(self, threads: Array) -> Group:
        return self.everyone if len(threads) == self.threads else Group(threads, threads)

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

    def advance(self, group: Group, limit: int) -> None:
        """Let the lowest group go on until it branches or meets another one."""
        code, counts, issued = self.code, self.counts, self.issued
        at, index = self.at, group.index
        while at < limit:
            step = code[at]
            counts[at] += group.count
            issued[at] += group.warps
            self.at = at
            if isinstance(step, Control):
                for place, part in self.control(step, at, group):
                    self.join(place, part)
                return
            step(index)
            at += 1
        self.join(at, group)

    def control(self, step: Control, at: int, group: Group) -> list[tuple[int, Group]]:
        if step.guard is None:
            return step.go(self, at, group)
        chosen = step.guard(group.index)
        if chosen.all():
            return step.go(self, at, group)
        rest = (at + 1, self.group(group.threads[~chosen]))
        if not chosen.any():
            return [rest]
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


def masks(lanes: Array) -> Array:
    """Return one number for each warp: bit i says whether its lane i is set."""
    return np.packbits(lanes.reshape(-1, 32), axis=1, bitorder="little").view("<u4")[:, 0]


def spans(threads: Array) -> str:
    """Return numbers as `0-31, 64`."""
    parts = np.split(threads, np.flatnonzero(np.diff(threads) != 1) + 1)
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)
