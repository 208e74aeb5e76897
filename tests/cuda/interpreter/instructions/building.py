"""How an instruction becomes a function: the table of opcodes, and what its builders use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..formats import TYPES, Type
from ..machine import ALL, Control, Index, Step, index_of
from ..report import Array
from ..syntax import Instruction, Operand, Pair, PtxError, Symbol

if TYPE_CHECKING:
    from ..launch import Launch


class UnknownError(PtxError):
    """An instruction, or a form of it, that the interpreter lacks."""


class Build:
    """One instruction on its way to a function.

    Builders take the modifiers that they understand; if one is left over, the instruction is
    unknown.
    """

    def __init__(self, launch: Launch, instruction: Instruction) -> None:
        self.launch = launch
        self.instruction = instruction
        self.opcode = instruction.opcode
        self.operands = instruction.operands
        self.rest = list(instruction.modifiers)

    def unknown(self) -> UnknownError:
        return UnknownError(self.instruction.name)

    def flag(self, *names: str) -> bool:
        """Take these modifiers; say whether one was there."""
        found = [each for each in names if each in self.rest]
        for each in found:
            self.rest.remove(each)
        return bool(found)

    def choice(self, *names: str, default: str | None = None) -> str:
        """Take the one of these modifiers that is there."""
        for each in names:
            if self.flag(each):
                return each
        if default is None:
            raise self.unknown()
        return default

    def type(self) -> Type:
        """Take the first type that is left."""
        for each in self.rest:
            if each in TYPES:
                self.rest.remove(each)
                return TYPES[each]
        raise self.unknown()

    def operand(self, number: int) -> Operand:
        if number >= len(self.operands):
            raise self.unknown()
        return self.operands[number]

    def source(self, number: int, kind: Type) -> Array:
        return self.launch.source(self.operand(number), kind)

    def sources(self, kind: Type, *, exact: bool = True) -> list[Array]:
        """Return all operands but the first."""
        return [self.launch.source(each, kind, exact=exact) for each in self.operands[1:]]

    def target(self, kind: Type, number: int = 0) -> Array:
        return self.launch.target(self.operand(number), kind)

    def pair(self, kind: Type) -> tuple[Array, Array | None]:
        """Return the target, and the predicate after a `|` if there is one."""
        first, second = self.operand(0), None
        if isinstance(first, Pair):
            second = self.launch.target(first.second, TYPES["pred"])
            first = first.first
        elif first == Symbol("_"):
            return np.empty(self.launch.threads, kind.dtype), None
        return self.launch.target(first, kind), second


Builder = Callable[[Build], Step | Control]
TABLE: dict[str, Builder] = {}


def known(*opcodes: str) -> Callable[[Builder], Builder]:
    """Enter a builder for these opcodes."""

    def enter(builder: Builder) -> Builder:
        TABLE.update(dict.fromkeys(opcodes, builder))
        return builder

    return enter


def build(launch: Launch, instruction: Instruction) -> Step | Control:
    """Return what executes `instruction` for the threads that it is given."""
    builder = TABLE.get(instruction.opcode)
    if builder is None:
        raise UnknownError(instruction.name)
    making = Build(launch, instruction)
    try:
        step = builder(making)
    except UnknownError:
        raise
    except PtxError as error:
        raise UnknownError(f"{instruction.text!r}: {error}") from None
    if making.rest:
        raise making.unknown()
    if instruction.guard is None:
        return step
    chosen = launch.predicate(instruction.guard)
    if isinstance(step, Control):
        step.guard = chosen
        return step
    return guarded(step, chosen, launch.ids)


def guarded(step: Step, chosen: Callable[[Index], Array], ids: Array) -> Step:
    """Return `step` for those threads alone whose predicate holds."""

    def run(index: Index) -> None:
        holds = chosen(index)
        many = np.count_nonzero(holds)
        if many == len(holds):
            step(index)
        elif many:
            step(index_of(ids[index][holds]))

    return run


def apply(function: Callable[..., Array], target: Array, *sources: Array) -> Step:
    """Return a step that assigns `function` of `sources` to `target`."""
    if isinstance(function, np.ufunc) and _fits(function, target, sources):
        return _in_place(function, target, *sources)
    if len(sources) == 1:
        (a,) = sources

        def one(index: Index) -> None:
            target[index] = function(a[index])

        return one
    if len(sources) == 2:
        a, b = sources

        def two(index: Index) -> None:
            target[index] = function(a[index], b[index])

        return two

    def several(index: Index) -> None:
        target[index] = function(*[each[index] for each in sources])

    return several


def _fits(function: np.ufunc, target: Array, sources: tuple[Array, ...]) -> bool:
    """Whether results are of the target's type, so that they can be computed into it."""
    dtypes = (*(each.dtype for each in sources), None)
    return function.resolve_dtypes(dtypes) == tuple(each.dtype for each in (*sources, target))


def _in_place(function: np.ufunc, target: Array, *sources: Array) -> Step:
    """Return the same step without a copy, where the threads are side by side."""
    first, second = sources[0], sources[-1]

    def one(index: Index) -> None:
        if index is ALL:
            function(first, out=target)
        elif isinstance(index, slice):
            function(first[index], out=target[index])
        else:
            target[index] = function(first[index])

    def two(index: Index) -> None:
        if index is ALL:
            function(first, second, out=target)
        elif isinstance(index, slice):
            function(first[index], second[index], out=target[index])
        else:
            target[index] = function(first[index], second[index])

    return one if len(sources) == 1 else two
