"""What the kernel of the involution block is told: numbers, and tables of samples and taps.

Padding, of whatever mode, is a table for each axis: where a place in the padded array comes from,
in elements of a channel. The taps of a kernel come column by column, and a round of the kernel has
whole columns, so that each sample of a column is read once for all rows of a thread.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import spacing
from numconv.core.tables import Axis, padded_size, padded_sources, three_axes

Table = NDArray[np.int64]

# Rows that share their samples, if a thread has several.
ROWS = 4
LARGEST = 2**31 - 1
# In place of a source: a zero. In place of a row of the span weight: no tap.
NOTHING = -1
# What a thread may have at once: taps of a run, and samples of a channel.
MOST_TAPS = 8
MOST_SAMPLES = 12

# Of results and samples. Of features, taps and rounds. Of the epilogue. Where the tables begin.
(
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    RESULT_PLANE,
    ROW_BLOCKS,
    CHANNELS,
    IN_GROUP,
    GIVEN_PLANE,
    STRIDE_Z,
    STRIDE_Y,
    STRIDE_X,
    HIDDEN,
    TAPS,
    ROUNDS,
    COLUMNS,
    COLUMNS_IN_ROUND,
    TAPS_IN_COLUMN,
    DILATION_Y,
    SPACING,
    HAS_SPAN_BIAS,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
    SHUFFLED_IN_GROUP,
    AT_Z,
    AT_Y,
    AT_X,
    AT_COLUMNS,
    AT_ROWS,
) = range(29)
NUMBERS = 29


def refusal(problem: Any, most_taps: int) -> str | None:
    """Return why the tables of a problem would be too large, if they would."""
    axes = three_axes(problem)
    if axes[1].kernel > most_taps:
        return f"takes kernels of up to {most_taps} rows, not {axes[1].kernel}"
    if max(padded_size(axis) for axis in axes) > LARGEST // 4:
        return f"takes axes of up to {LARGEST // 4} samples, padding included"
    for shape in (problem.input_shape, problem.output_shape):
        if prod(shape) > LARGEST:
            return f"counts the samples of a channel in 32 bits, not {shape}"
    return None


class Run(NamedTuple):
    """How the rows of a thread and the taps of a column meet; see `block_kernel.Block`."""

    rows: int
    taps: int
    row_step: int
    tap_step: int


def run_of(problem: Any) -> Run:
    """Return the longest run of taps whose samples a thread can keep; of one row if none share."""
    y = three_axes(problem)[1]
    _, row_step, tap_step = spacing(y.stride, y.dilation)
    made = (Run(ROWS, taps, row_step, tap_step) for taps in range(min(y.kernel, MOST_TAPS), 1, -1))
    shared = (each for each in made if samples(each) <= min(MOST_SAMPLES, ROWS * each.taps - 1))
    found = next(shared, None)
    if found is None or y.outputs < ROWS:
        return Run(1, 1, 0, 0)
    runs = -(-y.kernel // found.taps)
    return found._replace(taps=-(-y.kernel // runs))


def samples(run: Run) -> int:
    """Return how many samples of a channel a run of taps meets."""
    return (run.rows - 1) * run.row_step + (run.taps - 1) * run.tap_step + 1


def columns_in_round(problem: Any, most_taps: int) -> int:
    """Return how many columns of a kernel a round of `most_taps` has; 0 if none fits."""
    z, y, x = three_axes(problem)
    return min(most_taps // y.kernel, z.kernel * x.kernel)


def rounds(problem: Any, most_taps: int) -> int:
    """Return how many rounds of `most_taps` the taps of a kernel take."""
    z, _, x = three_axes(problem)
    return -(-z.kernel * x.kernel // columns_in_round(problem, most_taps))


def places(problem: Any, rows: int) -> int:
    """Return how many columns of so many rows the results of a channel of an image are."""
    z, y, x = three_axes(problem)
    return z.outputs * -(-y.outputs // rows) * x.outputs


def tables(problem: Any, run: Run, slots: Table) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the tables and the numbers.

    Parameters
    ----------
    run : Run
    slots : ndarray
        Which tap of a round stands at each place of shared memory, -1 for none.
    """
    axes = three_axes(problem)
    z, y, x = axes
    row_blocks = -(-y.outputs // run.rows)
    units = (y.size * x.size, x.size, 1)
    rows_missing, taps_missing = -y.outputs % run.rows, -y.kernel % run.taps
    pads = (0, rows_missing * y.stride + taps_missing * y.dilation, 0)
    kz, kx = np.divmod(np.arange(z.kernel * x.kernel), x.kernel)
    pieces = [
        *(_sources(*each, problem.padding_mode) for each in zip(axes, units, pads, strict=True)),
        np.stack([kz * z.dilation, kx * x.dilation], axis=1).ravel(),
        _span_rows(problem, slots).ravel(),
    ]
    g = np.zeros(NUMBERS, np.int32)
    g[RESULT_Z : RESULT_X + 1] = [axis.outputs for axis in axes]
    g[RESULT_PLANE], g[GIVEN_PLANE] = prod(problem.output_shape), prod(problem.input_shape)
    g[ROW_BLOCKS] = row_blocks
    g[DILATION_Y], g[SPACING] = y.dilation, spacing(y.stride, y.dilation).unit
    g[CHANNELS], g[IN_GROUP] = problem.channels, problem.channels // problem.groups
    g[STRIDE_Z : STRIDE_X + 1] = [axis.stride for axis in axes]
    g[HIDDEN], g[TAPS] = problem.hidden_channels, prod(problem.kernel_shape)
    most_taps = int(slots.max()) + 1
    g[ROUNDS], g[COLUMNS] = rounds(problem, most_taps), kz.size
    g[COLUMNS_IN_ROUND] = columns_in_round(problem, most_taps)
    g[TAPS_IN_COLUMN] = y.kernel
    epilogue = problem.epilogue
    g[HAS_SPAN_BIAS] = problem.span_bias
    g[HAS_BIAS], g[HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[SHUFFLE], g[SHUFFLED_IN_GROUP] = epilogue.shuffle, problem.channels // epilogue.shuffle
    g[AT_Z : AT_ROWS + 1] = np.cumsum([0, *(piece.size for piece in pieces[:-1])])
    return np.concatenate(pieces).astype(np.int32), g


def _sources(axis: Axis, unit: int, beyond: int, mode: str) -> Table:
    """Return the sample at each place of the padded axis and of `beyond` more, `unit` apart."""
    found = padded_sources(axis, mode)
    elements = np.where(found < 0, NOTHING, found * unit)
    return np.concatenate([elements, np.full(beyond, NOTHING)])


def _span_rows(problem: Any, slots: Table) -> Table:
    """Return which row of a group's span weight makes the tap at each place, round by round."""
    z, y, x = three_axes(problem)
    most_taps = int(slots.max()) + 1
    order = np.arange(z.kernel * y.kernel * x.kernel).reshape(z.kernel, y.kernel, x.kernel)
    by_column = order.transpose(0, 2, 1).reshape(-1, y.kernel)
    size = columns_in_round(problem, most_taps)
    made = np.full((rounds(problem, most_taps), most_taps + 1), NOTHING)
    for index, row in enumerate(made):
        here = by_column[index * size : (index + 1) * size].ravel()
        row[: here.size] = here
    # The last column of `made` is what a slot of -1 takes.
    return made[:, slots]
