"""Kernels whose threads walk down columns: what they are told.

A thread has a few rows of one column of results, in a few channels, and reads each sample of a
column of taps once for all of them. Neighbouring threads have neighbouring columns, so what they
read at once stands side by side. How rows and taps meet is compiled into a kernel; where samples
and taps are is in tables, for every padding mode and either direction (see `reads`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import spacing
from numconv.core.tables import five_axes, padded_size, three_axes

from .reads import MOST, NOTHING, Reads, reads

# What a thread may have: rows, the most of them only of one channel in 32 bits; channels of a
# group, fewer in 64 bits; samples and taps at once.
ROWS = (8, 4, 1)
CHANNELS = (1, 2, 4)
SAMPLES = 17
TAPS = 8
THREADS = 128
# That a multiprocessor shall hold at once, to wait for memory with.
BLOCKS = 8
# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535

# Of the axes: results, runs of taps, where the tables begin. Of blocks of rows: how many, from one
# row to the next, from one sample to the next. Of images and channels. Of the epilogue.
(
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    RUNS_Z,
    RUNS_Y,
    RUNS_X,
    AT_Z,
    AT_Y,
    AT_X,
    ROW_BLOCKS,
    ROW_STEP,
    SPACING,
    BATCH,
    CHUNKS,
    GROUPS,
    GIVEN_IN_GROUP,
    GIVEN_PLANE,
    RESULTS_IN_GROUP,
    RESULT_PLANE,
    WEIGHT_GROUP,
    WEIGHT_GIVEN,
    WEIGHT_RESULT,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
    SHUFFLED_IN_GROUP,
) = range(26)
NUMBERS = 26

Each = TypeVar("Each")


@dataclass(frozen=True)
class Column:
    """What a thread has: rows of a column of results, in so many channels.

    Of the samples that it reads at once, row `r` meets number ``r * row_step + t * tap_step`` with
    tap `t` of a run of taps. With `gaps`, some meet none.
    """

    rows: int = 1
    channels: int = 1
    taps: int = 1
    row_step: int = 0
    tap_step: int = 1
    gaps: bool = False

    @property
    def samples(self) -> int:
        return (self.rows - 1) * self.row_step + (self.taps - 1) * self.tap_step + 1

    @property
    def name(self) -> str:
        steps = f"{self.row_step}-{self.tap_step}{'-gaps' if self.gaps else ''}"
        return f"{self.rows}x{self.channels}x{self.taps}-{steps}"


def refusal(problem: Any) -> str | None:
    """Return why the tables of a problem would be too large, if they would."""
    if max(max(padded_size(axis), axis.size) for axis in three_axes(problem)) > MOST // 4:
        return f"takes axes of up to {MOST // 4} samples, padding included"
    for shape in (problem.operand_shapes[0], problem.result_shape):
        if prod(shape[1:]) > problem.groups * MOST:
            return f"takes up to {MOST} samples in a group, not {shape}"
        if max(shape[:2]) > MOST_BLOCKS:
            return f"takes up to {MOST_BLOCKS} images and channels, not {shape[:2]}"
    return None


def column(problem: Any, rows: tuple[int, ...] = ROWS) -> Column:
    """Return what a thread shall have, of so many `rows`: what takes the fewest loads."""
    y = _axes(problem)[1]
    width = 2 if problem.dtype == "float64" else 1
    in_group = problem.result_shape[1] // problem.groups
    channels = max(n for n in CHANNELS if n <= in_group and n * width <= CHANNELS[-1])
    if problem.axes == 1:
        # Then neighbouring threads have neighbouring results.
        rows = (1,)
    elif channels * width > 1:
        rows = ROWS[1:]
    made = [_column(y, each, channels) for each in rows]
    return min(made, key=lambda each: _loads(y, each))


def _column(y: Reads, rows: int, channels: int) -> Column:
    """Return so many rows, with runs of taps that are as long as a thread can keep, and even."""
    if not y.spacing:
        return Column(1, channels, gaps=bool((y.taps < 0).any()))
    steps = (0, 1) if rows == 1 else spacing(y.step, y.spacing)[1:]
    made = [Column(rows, channels, taps, *steps) for taps in range(2, TAPS + 1)]
    most = max((each.taps for each in made if each.samples <= SAMPLES), default=1)
    runs = -(-y.count // most)
    taps = -(-y.count // runs)
    # With one tap at once, rows share no samples.
    steps = (min(rows - 1, 1), 1) if taps == 1 else steps
    gaps = y.count < runs * taps or bool((y.taps < 0).any() or (y.sources == NOTHING).any())
    return Column(rows, channels, taps, *steps, gaps)


def _loads(y: Reads, column: Column) -> int:
    """Return what the threads of a column load of samples and weights."""
    met = np.add.outer(
        np.arange(column.rows) * column.row_step, np.arange(column.taps) * column.tap_step
    )
    each = np.unique(met).size + column.taps * column.channels
    return int(_firsts(y, column.rows).size * -(-y.count // column.taps) * each)


def grid(problem: Any, column: Column) -> tuple[tuple[int, int, int], tuple[int, int]]:
    """Return how many blocks there are, for places, channels and images, and threads in a block.

    Places that are fewer than the threads share a block with those of other images.
    """
    z, y, x = _axes(problem)
    places = z.results * _firsts(y, column.rows).size * x.results
    across = max(min(places, THREADS), 1)
    down = THREADS // across
    channels = problem.groups * _chunks(problem, column)
    return (-(-places // across), channels, -(-problem.batch // down)), (across, down)


def tables(
    problem: Any, column: Column, tap_step: int = 1
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the tables of all axes, and the numbers.

    For each axis: where each line finds its sources and its runs, its first result; the sources,
    in elements of a channel; the runs, each the place of the first of the samples that are read
    at once, and its taps, in elements of a filter, which are `tap_step` apart.
    """
    axes = _axes(problem)
    given = _of_axes(problem, five_axes(problem.operand_shapes[0])[2:])
    kernel = [axis.kernel for axis in _of_axes(problem, three_axes(problem))]
    g = np.zeros(NUMBERS, np.int32)
    pieces: list[NDArray[np.int64]] = []
    for index, axis in enumerate(axes):
        one = column if index == 1 else Column()
        at = sum(piece.size for piece in pieces)
        units = prod(given[index + 1 :]), prod(kernel[index + 1 :]) * tap_step
        table, g[RUNS_Z + index] = _table(axis, one, at, units)
        pieces.append(table)
        g[RESULT_Z + index], g[AT_Z + index] = axis.results, at
    g[ROW_BLOCKS], g[ROW_STEP] = _firsts(axes[1], column.rows).size, axes[1].phases
    g[SPACING] = _unit(axes[1], column)
    g[BATCH], g[CHUNKS], g[GROUPS] = problem.batch, _chunks(problem, column), problem.groups
    results = problem.result_shape[1]
    g[GIVEN_IN_GROUP] = problem.operand_shapes[0][1] // problem.groups
    g[RESULTS_IN_GROUP] = results // problem.groups
    g[GIVEN_PLANE], g[RESULT_PLANE] = prod(given), prod(problem.result_shape[2:])
    epilogue = problem.epilogue
    g[HAS_BIAS], g[HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[SHUFFLE], g[SHUFFLED_IN_GROUP] = epilogue.shuffle, results // epilogue.shuffle
    return np.concatenate(pieces).astype(np.int32), g


def _axes(problem: Any) -> list[Reads]:
    mode, direction = problem.padding_mode, problem.direction
    return [reads(axis, mode, direction) for axis in _of_axes(problem, three_axes(problem))]


def _of_axes(problem: Any, values: Sequence[Each]) -> Sequence[Each]:
    """Return a value for each axis as columns have them: a signal is a column of single rows."""
    z, y, x = values
    return (z, x, y) if problem.axes == 1 else (z, y, x)


def _chunks(problem: Any, column: Column) -> int:
    return int(-(-problem.result_shape[1] // problem.groups // column.channels))


def _unit(axis: Reads, column: Column) -> int:
    """Return how far samples are apart that a thread reads at once."""
    if column.rows == 1:
        return axis.spacing
    return axis.step if column.taps == 1 else spacing(axis.step, axis.spacing).unit


def _firsts(axis: Reads, rows: int) -> NDArray[np.int64]:
    """Return the first result of each block of rows, which are of one phase."""
    results = np.arange(axis.results)
    return results[results // axis.phases % rows == 0]


def _table(
    axis: Reads, column: Column, at: int, units: tuple[int, int]
) -> tuple[NDArray[np.int64], int]:
    """Return the table of an axis, which begins `at` some number of all tables, and its runs."""
    runs = -(-axis.count // column.taps)
    taps = np.full((axis.phases, runs * column.taps), -1)
    taps[:, : axis.count] = np.where(axis.taps < 0, -1, axis.taps * units[1])
    taps = taps.reshape(axis.phases, runs, column.taps)
    places = axis.places[:, :: column.taps, None]
    firsts = _firsts(axis, column.rows)
    start = firsts // axis.phases * axis.step
    end = start.max(initial=0) + places.max() + (column.samples - 1) * _unit(axis, column) + 1
    sources = np.full(max(end, axis.sources.size), NOTHING)
    sources[: axis.sources.size] = np.where(axis.sources < 0, axis.sources, axis.sources * units[0])
    at_sources = at + 3 * firsts.size
    at_runs = at_sources + sources.size
    run = at_runs + firsts % axis.phases * runs * (1 + column.taps)
    lines = (at_sources + start, run, firsts)
    return np.concatenate([*lines, sources, np.concatenate([places, taps], 2).ravel()]), runs
