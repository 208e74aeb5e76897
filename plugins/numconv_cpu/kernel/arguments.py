"""What a compiled worker is told: dataclasses become a record, tables and a workspace.

A record costs one argument, and its names make the kernels read like the text that explains them.
All numbers count elements or things, never bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from math import prod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import Problem

from .axes import LoweredAxis
from .lowering import Table

# A field that a record has for its type alone: name, dtype, and perhaps the shape.
Field = tuple[Any, ...]

# Everything in a workspace begins on a cache line: so many elements, of any dtype, are whole ones.
LINE = 16


class Arrays(NamedTuple):
    """Pointers to the arrays of a call; of bias and residual, those there are not lead anywhere."""

    x: Any
    weight: Any
    bias: Any
    residual: Any
    out: Any
    memory: Any
    tables: Any


class Room(int):
    """Elements of the workspace; kernels read where they begin."""


class OwnRoom(int):
    """Elements of each worker's own memory; kernels read where in it they begin."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """The numbers of a record, under the names by which kernels read them.

    What a field holds here, and what kernels read:

    - an integer, a truth value or a float: the number;
    - a table (an array of integers): where it begins in the tables;
    - a `Room` or an `OwnRoom`: where it begins in the workspace, or in a worker's own memory;
    - a tuple of these: fields ``name_z``, ``name_y`` and ``name_x``, or the last of them;
    - other arguments: their fields, as if they stood here.

    Rooms are rounded up to cache lines. With an `OwnRoom`, kernels also read ``g.at_workers`` and
    ``g.worker``: worker w has its own memory at ``at(memory, g.at_workers + w * g.worker)``.

    No record may begin with all fields of another that is compiled in the same process: Numba then
    warns of a conversion between them that nobody asks for. Another order of fields avoids that.
    """

    axis_names: ClassVar[Sequence[str]] = "zyx"

    def entries(self) -> list[tuple[str, Any]]:
        """Return the names and values of all fields of the record."""
        found: list[tuple[str, Any]] = []
        for name in _field_names(type(self)):
            value = getattr(self, name)
            if isinstance(value, Arguments):
                found += value.entries()
            elif type(value) is tuple:
                names = [f"{name}_{axis}" for axis in self.axis_names[-len(value) :]]
                found += zip(names, value, strict=True)
            else:
                found.append((name, value))
        return found


@lru_cache(maxsize=64)
def _field_names(kind: type[Arguments]) -> tuple[str, ...]:
    return tuple([field.name for field in fields(kind)])


@dataclass(frozen=True, kw_only=True)
class AxesArguments(Arguments):
    """The axes of the given array, along z, y, x."""

    depth: int
    height: int
    width: int
    phases: tuple[int, int, int]
    at: tuple[Table, Table, Table]  # what `padding.Lines` says of each axis
    step: int  # samples between neighbours of a row's phase


@dataclass(frozen=True, kw_only=True)
class ResultArguments(Arguments):
    """The result, and its epilogue."""

    result_depth: int
    result_height: int
    result_width: int
    bias: bool
    residual: bool
    activation: int
    shuffle: int


def axes_arguments(axes: Sequence[LoweredAxis]) -> AxesArguments:
    """Return what kernels are told of the axes z, y, x."""
    z, y, x = axes
    return AxesArguments(
        depth=z.given,
        height=y.given,
        width=x.given,
        phases=(z.phases, y.phases, x.phases),
        at=(z.lines.numbers(), y.lines.numbers(), x.lines.numbers()),
        step=x.step,
    )


def result_arguments(problem: Problem) -> ResultArguments:
    """Return what kernels are told of the result."""
    from .activations import CODES  # which imports Numba

    depth, height, width = (1, 1, *problem.result_shape[2:])[-3:]
    epilogue = problem.epilogue
    return ResultArguments(
        result_depth=depth,
        result_height=height,
        result_width=width,
        bias=epilogue.bias,
        residual=epilogue.residual,
        activation=CODES[epilogue.activation],
        shuffle=epilogue.shuffle,
    )


def plane_offsets(problem: Problem, beyond: int = 0) -> Table:
    """Return where the plane of each result channel begins, and `beyond` zeros."""
    _, channels, *size = problem.result_shape
    found = np.zeros(channels + beyond, np.int64)
    for channel in range(channels):
        found[channel] = problem.epilogue.destination(channel, channels) * prod(size)
    return found


class Layout:
    """The records, the tables and the workspace that arguments make.

    Parameters
    ----------
    arguments : Arguments
    workers : int
        How many have memory of their own.
    fields : tuple
        Of the record, for their type alone: from it kernels know the shape of a register tile.
    parts : sequence of Arguments
        Of which there is a record each, in an array of their own; their tables stand among the
        others.
    messages : int
        Elements before all others.

    Attributes
    ----------
    record, parts : ndarray
        One record, and one for each part.
    tables : ndarray of int64
    places : dict of str to slice
        Of the workspace, for each field that is a `Room`.
    size : int
        Elements of the workspace.
    """

    def __init__(
        self,
        arguments: Arguments,
        workers: int = 1,
        fields: Sequence[Field] = (),
        parts: Sequence[Arguments] = (),
        messages: int = 0,
    ) -> None:
        self._tables: list[Table] = []
        self._length = 0
        self.places: dict[str, slice] = {}
        self.size = whole_lines(messages)
        self._own: int | None = None
        names, numbers = self._placed(arguments)
        if self._own is not None:
            names += ("at_workers", "worker")
            numbers += (self.size, self._own)
            self.size += workers * self._own
        self.record = _records(names, [numbers], tuple(fields))
        self.parts = self.record
        rows = [self._placed(part) for part in parts]
        if rows:
            self.parts = _records(rows[0][0], [row for _, row in rows])
        self.tables = np.concatenate(self._tables) if self._tables else np.zeros(1, np.int64)

    def _placed(self, arguments: Arguments) -> tuple[tuple[str, ...], list[Any]]:
        """Return the names of a record and what kernels read, after making place for it."""
        names, numbers = [], []
        for name, value in arguments.entries():
            names.append(name)
            if isinstance(value, np.ndarray):
                value, flat = self._length, np.ascontiguousarray(value, np.int64).ravel()
                self._tables.append(flat)
                self._length += flat.size
            elif type(value) is Room:
                begin, self.size = self.size, self.size + whole_lines(value)
                self.places[name] = slice(begin, begin + value)
                value = begin
            elif type(value) is OwnRoom:
                begin = self._own or 0
                value, self._own = begin, begin + whole_lines(value)
            numbers.append(value)
        return tuple(names), numbers


def _records(
    names: tuple[str, ...], rows: list[list[Any]], more: tuple[Field, ...] = ()
) -> NDArray[Any]:
    """Return records of numbers: each has 8 bytes, and the fields that are types stand behind."""
    floats = tuple(isinstance(value, float) for value in rows[0])
    found = np.zeros(len(rows), _record_dtype(names, floats, more))
    words = found.view(np.int64).reshape(len(rows), -1)
    if not any(floats):
        words[:, : len(names)] = rows
        return found
    for row, target in zip(rows, words, strict=True):
        for index, (value, is_float) in enumerate(zip(row, floats, strict=True)):
            (target.view(np.float64) if is_float else target)[index] = value
    return found


@lru_cache(maxsize=64)
def _record_dtype(
    names: tuple[str, ...], floats: tuple[bool, ...], more: tuple[Field, ...]
) -> np.dtype[Any]:
    """Return the dtype; one of a hundred names takes 10 KB and so do its copies."""
    kinds = (np.float64 if is_float else np.int64 for is_float in floats)
    return np.dtype([*zip(names, kinds, strict=True), *more])


def whole_lines(elements: int) -> int:
    """Return how many elements the cache lines have that so many elements touch."""
    return -(-elements // LINE) * LINE
