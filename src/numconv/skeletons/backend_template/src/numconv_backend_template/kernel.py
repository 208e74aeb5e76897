"""The kernel: the formula, compiled by Numba."""

from __future__ import annotations

from typing import Any

from numba import njit


@njit(nogil=True, cache=True)
def convolve(
    x: Any, weight: Any, bias: Any, rows: Any, columns: Any, first: int, last: int, out: Any
) -> None:
    """Compute the lines from `first` to `last` of `out`, a line being one row of one channel.

    ::

        out[n, co, oy, ox] = bias[co] + sum over ci, ky, kx of
            weight[co, ci, ky, kx] * x[n, g * C_in/groups + ci, rows[oy, ky], columns[ox, kx]]

    A negative row or column stands for a zero, multiplied like any sample: NaN times 0 is NaN.
    """
    channels, height, width = out.shape[1:]
    in_group, kernel_height, kernel_width = weight.shape[1:]
    out_group = channels // (x.shape[1] // in_group)
    for line in range(first, last):
        oy = line % height
        co = line // height % channels
        n = line // height // channels
        c = co // out_group * in_group
        for ox in range(width):
            total = 0.0 + bias[co]  # 0.0 is a float64, and so is the sum
            for ci in range(in_group):
                for ky in range(kernel_height):
                    iy = rows[oy, ky]
                    for kx in range(kernel_width):
                        ix = columns[ox, kx]
                        inside = iy >= 0 and ix >= 0
                        sample = x[n, c + ci, iy, ix] if inside else 0.0
                        total += sample * weight[co, ci, ky, kx]
            out[n, co, oy, ox] = total
