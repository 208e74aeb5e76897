"""The kernel: the formula, compiled by Numba."""

from __future__ import annotations

from math import exp
from typing import Any

import numpy as np
from numba import njit


@njit(nogil=True, cache=True)
def smooth(x: Any, far: Any, sigma_range: float, first: int, last: int, out: Any) -> None:
    """Compute the rows from `first` to `last` of `out`, counted through the batch.

    Parameters
    ----------
    far : ndarray of float64, shape of the kernel
        ``|k|^2 / sigma_space^2`` of each offset.
    """
    channels, height, width = x.shape[1:]
    reach_y, reach_x = far.shape[0] // 2, far.shape[1] // 2
    sums = np.empty(channels)
    for row in range(first, last):
        n, y = row // height, row % height
        for x0 in range(width):
            sums[:] = 0.0
            weights = 0.0
            for iy in range(max(0, y - reach_y), min(height, y + reach_y + 1)):
                for ix in range(max(0, x0 - reach_x), min(width, x0 + reach_x + 1)):
                    square = far[iy - y + reach_y, ix - x0 + reach_x]
                    for c in range(channels):
                        unlike = np.float64(x[n, c, iy, ix]) - np.float64(x[n, c, y, x0])
                        square += (unlike / sigma_range) ** 2
                    weight = exp(-0.5 * square)
                    weights += weight
                    for c in range(channels):
                        sums[c] += weight * x[n, c, iy, ix]
            # The pixel itself weighs 1, so the weights are never 0.
            for c in range(channels):
                out[n, c, y, x0] = sums[c] / weights
