"""Convolution of groups with few channels: a thread has a few rows of a column of one channel.

All threads of a block have the same channel, and so the same weights; see `columns` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from ..activate import activation
from ..columns import (
    BLOCKS,
    DILATION_X,
    DILATION_Z,
    GIVEN_CHANNELS,
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


def _make(rows: int, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    activate = activation(activation_name, wide)

    def kernel(
        x: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Shorts,
        g: Numbers,
    ) -> None:
        sums = cuda.local.array(rows, kind)

        place = np.int64(cuda.blockIdx.x) * THREADS + cuda.threadIdx.x
        rest, ox = place // g[RESULT_X], place % g[RESULT_X]
        oz, block = rest // g[ROW_BLOCKS], rest % g[ROW_BLOCKS]
        if oz >= g[RESULT_Z]:
            return
        oy = block * rows
        n, channel = np.int64(cuda.blockIdx.z), np.int64(cuda.blockIdx.y)
        in_group = g[GIVEN_CHANNELS] // g[GROUPS]
        first = channel // (g[RESULT_CHANNELS] // g[GROUPS]) * in_group
        plane = np.int64(g[GIVEN_Z]) * g[GIVEN_Y] * g[GIVEN_X]
        for r in range(rows):
            sums[r] = wide(0)

        for c in range(in_group):
            given = (n * g[GIVEN_CHANNELS] + first + c) * plane
            filters = (channel * in_group + c) * g[KERNEL_Z] * g[KERNEL_Y] * g[KERNEL_X]
            for kz in range(g[KERNEL_Z]):
                iz = tables[g[SOURCE_Z] + oz * g[STRIDE_Z] + kz * g[DILATION_Z]]
                for kx in range(g[KERNEL_X]):
                    ix = tables[g[SOURCE_X] + ox * g[STRIDE_X] + kx * g[DILATION_X]]
                    taps = filters + kz * g[KERNEL_Y] * g[KERNEL_X] + kx
                    for step in range(g[STEPS]):
                        iy = tables[g[SOURCE_Y] + oy * g[STRIDE_Y] + tables[g[OFFSETS] + step]]
                        sample = wide(0)
                        if iz >= 0 and iy >= 0 and ix >= 0:
                            sample = wide(x[given + (iz * g[GIVEN_Y] + iy) * g[GIVEN_X] + ix])
                        for r in range(rows):
                            ky = tables[g[TAPS] + step * rows + r]
                            if ky >= 0:
                                sums[r] += wide(weight[taps + ky * g[KERNEL_X]]) * sample

        per_group = g[RESULT_CHANNELS] // g[SHUFFLE]
        stored = channel % per_group * g[SHUFFLE] + channel // per_group
        for r in range(rows):
            if oy + r < g[RESULT_Y]:
                at = (n * g[RESULT_CHANNELS] + stored) * g[RESULT_Z] + oz
                at = (at * g[RESULT_Y] + oy + r) * g[RESULT_X] + ox
                value = sums[r]
                if g[HAS_BIAS]:
                    value += wide(bias[channel])
                if g[HAS_RESIDUAL]:
                    value += wide(residual[at])
                out[at] = activate(value)

    return kernel


@cache
def kernel(rows: int, activation_name: str | None) -> Kernel:
    """Return the kernel whose threads have so many rows."""
    name = f"depthwise-{rows}-{activation_name}"
    return Kernel(name, partial(_make, rows, activation_name), THREADS, BLOCKS, NUMBERS)
