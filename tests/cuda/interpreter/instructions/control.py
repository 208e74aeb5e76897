"""Branches, ends and barriers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats import TYPES
from ..machine import Barrier, Branch, Control, Exit, Index, Step, Switch, Together
from ..report import Array, Trouble
from ..syntax import Immediate, Symbol
from .building import Build, known

END = Exit()


@known("bra")
def bra(build: Build) -> Step | Control:
    build.flag("uni")
    return Branch(target=build.launch.label(build.operand(0)))


@known("brx")
def brx(build: Build) -> Step | Control:
    build.flag("idx"), build.flag("uni")
    table = build.operand(1)
    if not isinstance(table, Symbol):
        raise build.unknown()
    targets = [build.launch.label(Symbol(each)) for each in build.launch.program.tables[table.name]]
    return Switch(number=build.source(0, TYPES["u32"]), targets=tuple(targets))


@known("ret", "exit")
def leave(build: Build) -> Step | Control:
    build.flag("uni")
    return Exit()


@known("trap", "call")
def trap(build: Build) -> Step | Control:
    text, ids = build.instruction.text, build.launch.ids

    def run(index: Index) -> None:
        raise Trouble(f"comes to {text!r}", int(ids[index][0]))

    return run


@known("membar", "fence", "fns", "nanosleep", "prefetch", "prefetchu", "pmevent")
def nothing(build: Build) -> Step | Control:
    if build.opcode == "fns":
        raise build.unknown()
    build.rest.clear()
    return lambda index: None


@known("bar", "barrier")
def bar(build: Build) -> Step | Control:
    if build.flag("warp"):
        build.choice("sync")
        mask = build.source(0, TYPES["u32"])
        return Together(step=lambda index: _warp_barrier(build, index), mask=mask)
    build.flag("cta")
    aligned = build.opcode == "bar" or "aligned" in build.rest
    build.flag("aligned")
    if build.choice("sync", "red") == "red":
        return _reducing(build, aligned)
    _all_threads(build, 1)
    return Barrier(number=_number(build, 0), aligned=aligned)


def _warp_barrier(build: Build, index: Index) -> None:
    build.launch.shared.moments.some_wait(build.launch.ids[index])


def _number(build: Build, place: int) -> int:
    number = build.operand(place)
    if not isinstance(number, Immediate):
        raise build.unknown()
    return int(number.value)


def _all_threads(build: Build, place: int) -> None:
    """Refuse barriers of fewer threads than the block has."""
    if len(build.operands) > place:
        count = build.operand(place)
        if not isinstance(count, Immediate) or count.value != build.launch.threads:
            raise build.unknown()


def _reducing(build: Build, aligned: bool) -> Barrier:
    """bar.red: all threads learn how many, whether any or whether all bring a true predicate."""
    reductions: dict[str, Callable[[Array], Array]] = {
        "popc": lambda held: held.sum(),
        "and": np.all,
        "or": np.any,
    }
    reduce = reductions[build.choice(*reductions)]
    target = build.target(build.type())
    held = build.launch.predicate(build.operands[-1])
    if len(build.operands) == 4:
        _all_threads(build, 2)

    def step(index: Index) -> None:
        target[index] = reduce(held(index))

    return Barrier(number=_number(build, 1), aligned=aligned, step=step)
