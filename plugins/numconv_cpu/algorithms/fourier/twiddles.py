"""The twiddle factors of the transforms, and the stages that read them.

A signal is folded row by row into a matrix, as otherwise a line of it would be too long for caches.
Between the transforms of its columns and of its rows every number is multiplied by a step twiddle
(W. Gentleman and G. Sande, "Fast Fourier Transforms: for fun and profit", 1966).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import remembering

Numbers = NDArray[Any]
Table = NDArray[np.int64]


class TwiddleTable:
    """Real and imaginary parts of twiddle factors, one table after the other in one array."""

    def __init__(self) -> None:
        self._parts: list[Numbers] = []
        self._length = 0

    def add(self, numbers: Numbers) -> int:
        """Append real numbers and return where they begin."""
        start = self._length
        self._parts.append(numbers.ravel())
        self._length += numbers.size
        return start

    def array(self, dtype: str) -> Numbers:
        """Return all of them, as records of a number each."""
        return np.concatenate(self._parts).astype(dtype).view([("number", dtype)])


def radices(length: int) -> list[int]:
    """Return the radix of each stage; the last ones, whose factors are all 1, are the largest."""
    found = []
    for radix in (5, 4, 3, 2):
        while length % radix == 0:
            found.append(radix)
            length //= radix
    return found[::-1]


def stages(length: int, factors: TwiddleTable) -> Table:
    """Return the table of a transform's stages, and add the factors of each.

    A stage that divides `size` numbers into `radix` sums of their own multiplies number ``j`` of
    sum ``s`` by ``exp(-2 pi i j s / size)``.
    """
    table, size = [0], length
    for radix in radices(length):
        apart = size // radix
        turns = np.outer(np.arange(apart), np.arange(1, radix)) / size
        table += [radix, factors.add(_interleaved(turns))]
        table[0] += 1
        size = apart
    return np.array(table)


def order(length: int) -> NDArray[np.int64]:
    """Return the frequency that stands at each place of a spectrum."""
    found = np.zeros(1, np.int64)
    for radix in reversed(radices(length)):
        found = (radix * found + np.arange(radix)[:, None]).ravel()
    return found


def block_step_twiddles(rows: int, columns: int, pitch: int, imaginary: int) -> Numbers:
    """Return the step twiddles of a folded block, laid out as the block."""
    angles = np.outer(order(rows), np.arange(columns)) / (rows * columns)
    result = np.zeros(2 * imaginary)
    for start, part in ((0, np.cos), (imaginary, _minus_sine)):
        block = result[start : start + rows * pitch].reshape(rows, pitch)
        block[:, :columns] = part(2 * np.pi * angles)
    return result


class BlockTwiddles(NamedTuple):
    """The factors of a block's transforms, and where they stand.

    `of_columns` and `of_rows` are the stages of the transforms along columns and rows;
    `at_step_twiddles` is where the factors between the two begin, for a folded block.
    """

    factors: Numbers
    of_columns: Table
    of_rows: Table
    at_step_twiddles: int


# One length of blocks serves signals of every length: 4 MB of factors at most.
@remembering(4)
def block_twiddles(
    rows: int, columns: int, folded: tuple[int, int] | None, dtype: str
) -> BlockTwiddles:
    """Return the factors of a block; `folded` are pitch and `imaginary` of one that is folded."""
    table = TwiddleTable()
    of_columns, of_rows = stages(rows, table), stages(columns, table)
    at_step_twiddles = table.add(block_step_twiddles(rows, columns, *folded)) if folded else 0
    return BlockTwiddles(table.array(dtype), of_columns, of_rows, at_step_twiddles)


def row_twiddles(rows: int, halved: bool) -> Numbers:
    """Return the factors of rows before their transform: ``exp(i pi r / (2 rows))``, or 1."""
    return _unit_roots(np.arange(rows) * halved, 4 * rows)


def step_twiddles(rows: int, columns: int, halved: bool, lanes: int) -> Numbers:
    """Return the step twiddles of a folded signal, of vectors.

    Number ``c`` of the row of frequency ``k`` is multiplied by ``exp(-2 pi i k c / n)``; with
    halved values also by ``exp(i pi c / (2 n))``, which the factors of the rows leave out. Column
    ``c`` is a vector and a lane, and its factor the product of theirs.
    """
    roots = np.outer(np.arange(0, columns, lanes), -4 * order(rows) + halved)
    return _unit_roots(roots, 4 * rows * columns)


def lane_twiddles(rows: int, columns: int, halved: bool, lanes: int) -> Numbers:
    """Return those of lanes: vectors of real parts and of imaginary ones by turns."""
    roots = np.outer(-4 * order(rows) + halved, np.arange(lanes))
    return np.moveaxis(_unit_roots(roots, 4 * rows * columns), -1, -2)


def _unit_roots(numerators: Numbers, denominator: int) -> Numbers:
    """Return ``exp(2 pi i a / b)``, real and imaginary part by turns."""
    angles = 2 * np.pi * (numerators % denominator) / denominator
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _interleaved(turns: Numbers) -> Numbers:
    angles = 2 * np.pi * turns
    return np.stack([np.cos(angles), _minus_sine(angles)], axis=-1)


def _minus_sine(angles: Numbers) -> Numbers:
    return -np.sin(angles)
