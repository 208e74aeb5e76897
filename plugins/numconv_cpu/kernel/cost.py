"""What a convolution costs here, roughly: so many operations, so many bytes, and a call."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem, accumulator, dtype_kind, get_num_threads

# Multiply-adds and bytes a second of one core, as measured on a Zen 3 at 3.4 GHz; what matters are
# the ratios between algorithms.
FLOAT32_MACS = 30e9
BYTES = 6e9
CALL = 6e-6
LAUNCH_MACS = 60_000
FULL_ROWS = 4
FEW_ROWS = 4


def estimate(
    problem: ConvolutionProblem, packed: bool, rows: int = FULL_ROWS, reuse: bool = False
) -> float:
    """Return the estimated time of a call, in seconds.

    Parameters
    ----------
    packed : bool
        Whether the given array is copied as a whole first.
    rows : int
        Result channels of the register tile. What a group lacks to whole tiles is computed in
        vain; a tile of one row loads as much as it multiplies, at half the rate.
    reuse : bool
        Whether it does not, since what it loads serves several taps.
    """
    item = np.dtype(accumulator(problem.dtype)).itemsize
    real = 4 if dtype_kind(problem.dtype) == "complex" else 1
    channels = problem.result_shape[1] // problem.groups
    rows = rows if 2 * channels >= rows else 1
    macs = real * problem.macs * -(-channels // rows) * rows / channels
    macs *= 2 if rows == 1 and not reuse else 1
    copies = packed + (real > 1)
    moved = problem.min_bytes + copies * 2 * item * prod(problem.operand_shapes[0])
    threads = min(get_num_threads(), 1 + problem.macs // LAUNCH_MACS)
    return CALL + (macs * item / real**0.5 / 4 / FLOAT32_MACS + moved / BYTES) / threads


def estimate_depthwise(problem: ConvolutionProblem) -> float:
    """Return the estimated time of a call of `depthwise`.

    Of results in rows below each other, what is loaded serves a column of taps, and each is stored
    once; `direct` keeps its sums in a scratch. So it takes 1.1 to 2 times as long, at 2 to 64
    results of each given channel and 3x3 to 7x7.
    """
    height, taps = (1, 1)
    if problem.axes > 1:
        height, taps = problem.result_shape[-2], problem.kernel_shape[-2]
    if problem.direction == "forward":
        # A short picture is cut into pieces of its rows, which share no column.
        return estimate(problem, packed=False, rows=1, reuse=taps > 1 and height >= FEW_ROWS)
    # Here a tile of rows would be mostly empty.
    return estimate(problem, packed=False, rows=1) * (4 if height < FEW_ROWS else 1)


def estimate_by_definition(problem: ConvolutionProblem) -> float:
    """Return the estimated time of what sums products as they are: `direct` or `depthwise`.

    What transforms costs a multiple of it that depends on one image alone: which algorithm is
    chosen must not depend on threads or batch, or the bits would.
    """
    found = estimate(problem, packed=True)
    if problem.direction == "forward" and problem.in_channels == problem.groups:
        found = min(found, estimate_depthwise(problem))
    return found
