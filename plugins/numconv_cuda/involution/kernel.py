"""Involution: a thread has a few rows of a column of results, in a few channels of a group.

Each tap of the kernels of its rows is read once for all its channels; see `columns` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from ..activate import activation
from ..columns import (
    BLOCKS,
    DILATION_X,
    DILATION_Z,
    GIVEN_X,
    GIVEN_Y,
    GIVEN_Z,
    GROUPS,
    HAS_BIAS,
    HAS_RESIDUAL,
    KERNEL_X,
    KERNEL_Y,
    KERNEL_Z,
    NUMBERS,
    OFFSETS,
    RESULT_CHANNELS,
    RESULT_X,
    RESULT_Y,
    RESULT_Z,
    ROW_BLOCKS,
    SHUFFLE,
    SOURCE_X,
    SOURCE_Y,
    SOURCE_Z,
    STEPS,
    STRIDE_X,
    STRIDE_Y,
    STRIDE_Z,
    TAPS,
    THREADS,
)
from ..compile import Kernel, Numbers, Results, Shorts, Values


@dataclass(frozen=True)
class Column:
    """How many rows of a column of results a thread has, and in how many channels."""

    rows: int
    channels: int


def _make(column: Column, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    activate = activation(activation_name, wide)
    rows, own = column.rows, column.channels

    def kernel(
        x: Values,
        kernels: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Shorts,
        g: Numbers,
    ) -> None:
        sums = cuda.local.array((own, rows), kind)
        samples = cuda.local.array(own, kind)

        place = np.int64(cuda.blockIdx.x) * THREADS + cuda.threadIdx.x
        rest, ox = place // g[RESULT_X], place % g[RESULT_X]
        oz, block = rest // g[ROW_BLOCKS], rest % g[ROW_BLOCKS]
        if oz >= g[RESULT_Z]:
            return
        oy = block * rows
        n, group = cuda.blockIdx.z // g[GROUPS], cuda.blockIdx.z % g[GROUPS]
        in_group = g[RESULT_CHANNELS] // g[GROUPS]
        first = cuda.blockIdx.y * own
        channel = group * in_group + first
        plane_out = np.int64(g[RESULT_Z]) * g[RESULT_Y] * g[RESULT_X]
        plane_in = np.int64(g[GIVEN_Z]) * g[GIVEN_Y] * g[GIVEN_X]
        given = (n * g[RESULT_CHANNELS] + channel) * plane_in
        tap_base = (n * g[GROUPS] + group) * g[KERNEL_Z] * g[KERNEL_Y] * g[KERNEL_X] * plane_out
        tap_base += (oz * g[RESULT_Y] + oy) * g[RESULT_X] + ox
        for c in range(own):
            for r in range(rows):
                sums[c, r] = wide(0)

        for kz in range(g[KERNEL_Z]):
            iz = tables[g[SOURCE_Z] + oz * g[STRIDE_Z] + kz * g[DILATION_Z]]
            for kx in range(g[KERNEL_X]):
                ix = tables[g[SOURCE_X] + ox * g[STRIDE_X] + kx * g[DILATION_X]]
                taps = tap_base + (kz * g[KERNEL_Y] * g[KERNEL_X] + kx) * plane_out
                for step in range(g[STEPS]):
                    # The table goes on to what rows beyond the last one would see.
                    iy = tables[g[SOURCE_Y] + oy * g[STRIDE_Y] + tables[g[OFFSETS] + step]]
                    row = given + (iz * g[GIVEN_Y] + iy) * g[GIVEN_X]
                    for c in range(own):
                        samples[c] = wide(0)
                        if first + c < in_group and iz >= 0 and iy >= 0 and ix >= 0:
                            samples[c] = wide(x[row + c * plane_in + ix])
                    for r in range(rows):
                        ky = tables[g[TAPS] + step * rows + r]
                        if ky >= 0 and oy + r < g[RESULT_Y]:
                            tap = taps + ky * g[KERNEL_X] * plane_out + r * g[RESULT_X]
                            factor = wide(kernels[tap])
                            for c in range(own):
                                sums[c, r] += factor * samples[c]

        per_group = g[RESULT_CHANNELS] // g[SHUFFLE]
        for c in range(own):
            for r in range(rows):
                if first + c < in_group and oy + r < g[RESULT_Y]:
                    result = channel + c
                    stored = result % per_group * g[SHUFFLE] + result // per_group
                    at = (n * g[RESULT_CHANNELS] + stored) * g[RESULT_Z] + oz
                    at = (at * g[RESULT_Y] + oy + r) * g[RESULT_X] + ox
                    value = sums[c, r]
                    if g[HAS_BIAS]:
                        value += wide(bias[result])
                    if g[HAS_RESIDUAL]:
                        value += wide(residual[at])
                    out[at] = activate(value)

    return kernel


@cache
def kernel(column: Column, activation_name: str | None) -> Kernel:
    """Return the kernel whose threads have such columns."""
    name = f"involution-{column.rows}x{column.channels}-{activation_name}"
    return Kernel(name, partial(_make, column, activation_name), THREADS, BLOCKS, NUMBERS)
