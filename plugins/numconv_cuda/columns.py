"""Kernels whose threads walk down columns: what they are told.

A thread has a few rows of one column of results, and reads each sample of a column of taps once
for all of them. Neighbouring threads have neighbouring columns, so what they read at once stands
side by side. Padding, of whatever mode, is a table for each axis: where a place in the padded array
comes from, and -1 for a zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.geometry import source_index
from numconv.core.tables import Axis, five_axes, padded_size, three_axes

# Rows that share their samples, if a thread has several.
ROWS = 4
THREADS = 128
# As many threads as that a multiprocessor needs to wait for memory with.
BLOCKS = 6
LARGEST = 2**31 - 1
# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535

(
    BATCH,
    GROUPS,
    GIVEN_CHANNELS,
    RESULT_CHANNELS,
    GIVEN_Z,
    GIVEN_Y,
    GIVEN_X,
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    KERNEL_Z,
    KERNEL_Y,
    KERNEL_X,
    STRIDE_Z,
    STRIDE_Y,
    STRIDE_X,
    DILATION_Z,
    DILATION_Y,
    DILATION_X,
    ROW_BLOCKS,
    STEPS,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
    SOURCE_Z,
    SOURCE_Y,
    SOURCE_X,
    OFFSETS,
    TAPS,
) = range(29)
NUMBERS = 29


def refusal(problem: Any) -> str | None:
    """Return why the tables of a problem would be too large, if they would."""
    if max(padded_size(axis) for axis in three_axes(problem)) > LARGEST // 4:
        return f"takes axes of up to {LARGEST // 4} samples, padding included"
    return None


def rows_of(problem: Any) -> int:
    """Return how many rows a thread has: several only if they share samples."""
    y = three_axes(problem)[1]
    shares = y.outputs >= ROWS and _steps(y, ROWS)[0].size < ROWS * y.kernel
    return ROWS if shares else 1


def blocks_of(problem: Any, rows: int) -> int:
    """Return how many blocks of threads the results of one channel of an image take."""
    z, y, x = three_axes(problem)
    return -(-z.outputs * -(-y.outputs // rows) * x.outputs // THREADS)


def tables(problem: Any, rows: int) -> tuple[NDArray[np.int32], tuple[np.int32, ...]]:
    """Return where the places of each axis come from, which taps meet, and the numbers."""
    axes = three_axes(problem)
    y = axes[1]
    row_blocks = -(-y.outputs // rows)
    sources = [_sources(axis, problem.padding_mode) for axis in axes]
    last = (row_blocks * rows - 1) * y.stride + (y.kernel - 1) * y.dilation + 1
    sources[1] = np.concatenate([sources[1], np.full(last - sources[1].size, -1)])
    offsets, taps = _steps(y, rows)
    pieces = [*sources, offsets, taps]
    firsts = np.cumsum([0, *(piece.size for piece in pieces)])
    given = five_axes(problem.operand_shapes[0])
    g = np.zeros(NUMBERS, np.int32)
    g[BATCH], g[GROUPS] = problem.batch, problem.groups
    g[GIVEN_CHANNELS], g[RESULT_CHANNELS] = given[1], problem.result_shape[1]
    g[GIVEN_Z : GIVEN_X + 1] = given[2:]
    g[RESULT_Z : RESULT_X + 1] = [axis.outputs for axis in axes]
    g[KERNEL_Z : KERNEL_X + 1] = [axis.kernel for axis in axes]
    g[STRIDE_Z : STRIDE_X + 1] = [axis.stride for axis in axes]
    g[DILATION_Z : DILATION_X + 1] = [axis.dilation for axis in axes]
    g[ROW_BLOCKS], g[STEPS] = row_blocks, offsets.size
    epilogue = problem.epilogue
    g[HAS_BIAS], g[HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[SHUFFLE] = epilogue.shuffle
    g[SOURCE_Z : TAPS + 1] = firsts[:5]
    return np.concatenate(pieces).astype(np.int32), tuple(g)


def _sources(axis: Axis, mode: str) -> NDArray[np.int64]:
    """Return the sample that stands at each place of the padded axis; -1 is a zero."""
    length = padded_size(axis)
    return source_index(axis.size, axis.lo, max(length - axis.lo - axis.size, 0), mode)[:length]


def _steps(axis: Axis, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which samples some neighbouring results see, and with which tap each; -1: with none.

    Returns
    -------
    offsets : (steps,)
        From the first sample that the first of them sees, ascending.
    taps : (steps * rows,)
    """
    row, tap = np.meshgrid(np.arange(rows), np.arange(axis.kernel), indexing="ij")
    seen = row * axis.stride + tap * axis.dilation
    offsets, step = np.unique(seen, return_inverse=True)
    taps = np.full((offsets.size, rows), -1)
    taps[step.reshape(seen.shape), row] = tap
    return offsets, taps.ravel()
