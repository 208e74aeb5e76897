"""What a convolution costs here, roughly: so many operations, so many bytes, and a call."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.threads import get_num_threads

# Multiply-adds and bytes per second of one core of a 2021 server; only their ratios matter much.
FLOAT32_MACS = 35e9
BYTES = 6e9
CALL = 4e-6
FULL_ROWS = 4


def estimate(problem: ConvolutionProblem, packed: bool, rows: int = FULL_ROWS) -> float:
    """Return the estimated time of a call, in seconds.

    Parameters
    ----------
    packed : bool
        Whether the given array is copied into planes first.
    rows : int
        Result channels of the register tile: of a group's channels, what is missing to whole
        tiles is computed in vain.
    """
    wide = np.dtype(dtypes.accumulator(problem.dtype)).itemsize
    channels = problem.result_shape[1] // problem.groups
    waste = -(-channels // rows) * rows / channels
    rate = FLOAT32_MACS * 4 / wide
    moved = problem.min_bytes + packed * 2 * wide * prod(problem.operand_shapes[0])
    threads = min(get_num_threads(), 1 + problem.macs // 60_000)
    return CALL + (problem.macs * waste / rate + moved / BYTES) / threads
