"""The kernel: the formula, compiled by Numba."""

from __future__ import annotations

from typing import Any

from numba import njit


@njit(nogil=True, cache=True)
def add_products(
    x: Any, weight: Any, rows: Any, columns: Any, first: int, last: int, out: Any
) -> None:
    """Add to the lines from `first` to `last` of `out`, a line being one row of one channel.

    ::

        out[n, co, oy, ox] += sum over ci, ky, kx of
            weight[co, ci, ky, kx, oy, ox] * x[n, ci, rows[oy, ky], columns[ox, kx]]

    A negative row or column stands for a zero, multiplied like any sample: NaN times 0 is NaN.
    The weights of a line lie side by side along `ox`, so that is the innermost loop.
    """
    out_channels, height, width = out.shape[1:]
    in_channels, kernel_height, kernel_width = weight.shape[1:4]
    zero = out.dtype.type(0)  # products of float32 are float32 then
    for line in range(first, last):
        oy = line % height
        co = line // height % out_channels
        n = line // height // out_channels
        for ci in range(in_channels):
            for ky in range(kernel_height):
                iy = rows[oy, ky]
                for kx in range(kernel_width):
                    for ox in range(width):
                        ix = columns[ox, kx]
                        inside = iy >= 0 and ix >= 0
                        sample = x[n, ci, iy, ix] if inside else zero
                        out[n, co, oy, ox] += weight[co, ci, ky, kx, oy, ox] * sample
