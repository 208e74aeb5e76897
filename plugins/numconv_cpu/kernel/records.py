"""What compiled kernels are told: numbers by name in records, and one array of tables.

Records cost one argument, and their names make the kernels read like the text that explains them.
All numbers count elements or things, never bytes. A number that starts with ``at_`` is where
something begins, in the tables or in the workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.protocol import Problem

from .axes import LoweredAxis
from .lowering import Table

# What a record has besides whole numbers: name and dtype, and perhaps the shape.
Field = tuple[Any, ...]

AXES = (
    "depth",  # extents of the given array along z, y, x
    "height",
    "width",
    "phases_z",
    "phases_y",
    "phases_x",
    "at_z",  # tables of what `padding.Lines` tells of each
    "at_y",
    "at_x",
    "step",  # samples between neighbours of a row's phase
)

RESULT = (
    "result_depth",
    "result_height",
    "result_width",
    "bias",  # the epilogue
    "residual",
    "activation",
    "shuffle",
)

# Everything in a workspace begins on a cache line: so many elements, of any dtype, are whole ones.
LINE = 16


class Tables:
    """Tables of integers, one after the other in one array."""

    def __init__(self) -> None:
        self._tables: list[Table] = []
        self._length = 0

    def add(self, table: Table) -> int:
        """Append a table and return where it begins."""
        start = self._length
        flat = np.ascontiguousarray(table, np.int64).ravel()
        self._tables.append(flat)
        self._length += flat.size
        return start

    def array(self) -> Table:
        return np.concatenate(self._tables)


def record(names: Iterable[str], numbers: Mapping[str, int], *more: Field) -> NDArray[Any]:
    """Return one record of `numbers`.

    Parameters
    ----------
    more : tuple
        Fields after them. Most are there for their type alone, from which kernels know the shape
        of a register tile.

    Raises
    ------
    KeyError
        If a number is missing.
    """
    names = tuple(names)
    result = np.zeros(1, _kind(names, more))
    for name in names:
        result[name] = numbers[name]
    return result


@lru_cache(maxsize=64)
def _kind(names: tuple[str, ...], more: tuple[Field, ...]) -> np.dtype[Any]:
    """Return the dtype of records; one of a hundred names takes 10 KB and so do its copies."""
    return np.dtype([*((name, np.int64) for name in names), *more])


def whole_lines(elements: int) -> int:
    """Return how many elements the cache lines have that so many elements touch."""
    return -(-elements // LINE) * LINE


def in_turn(sizes: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Return where each begins, on a cache line, if they follow each other, and where all end."""
    begins, end = {}, 0
    for name, elements in sizes.items():
        begins[name], end = end, end + whole_lines(elements)
    return begins, end


def axes_numbers(axes: Sequence[LoweredAxis], tables: Tables) -> dict[str, int]:
    """Return the numbers with the names `AXES`; the tables they point at go into `tables`."""
    numbers = {"step": axes[2].step}
    for letter, extent, axis in zip("zyx", ("depth", "height", "width"), axes, strict=True):
        numbers |= {
            extent: axis.given,
            f"phases_{letter}": axis.phases,
            f"at_{letter}": tables.add(axis.lines.numbers()),
        }
    return numbers


def result_numbers(problem: Problem) -> dict[str, int]:
    """Return the numbers with the names `RESULT`."""
    from .activations import CODES

    depth, height, width = (1, 1, *problem.result_shape[2:])[-3:]
    epilogue = problem.epilogue
    return {
        "result_depth": depth,
        "result_height": height,
        "result_width": width,
        "bias": int(epilogue.bias),
        "residual": int(epilogue.residual),
        "activation": CODES[epilogue.activation],
        "shuffle": epilogue.shuffle,
    }


def plane_offsets(problem: Problem, beyond: int = 0) -> Table:
    """Return where the plane of each result channel begins, and `beyond` zeros."""
    _, channels, *size = problem.result_shape
    found = np.zeros(channels + beyond, np.int64)
    for channel in range(channels):
        found[channel] = problem.epilogue.destination(channel, channels) * prod(size)
    return found
