"""Padding as a copy, and its adjoint: every sample as the sum of what its copies hold.

A thread has one place, finds out where that comes from or where its copies are, and then copies or
sums in a few channels. Neighbouring threads have neighbouring places of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from ..compile import Kernel, Numbers, Results, Shorts, Sums, Values
from ..epilogue import destination, storing

THREADS = 128
# Channels of a thread, which share its place, and whose reads are under way at once.
OWN = 4
# As many threads as that a multiprocessor needs to wait for memory with.
BLOCKS = 8

(
    CHANNELS,
    SIZE_Z,
    SIZE_Y,
    SIZE_X,
    PADDED_Z,
    PADDED_Y,
    PADDED_X,
    TABLE_Z,
    TABLE_Y,
    TABLE_X,
    COPIES_Z,
    COPIES_Y,
    COPIES_X,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
) = range(16)
NUMBERS = 16


def _pad(wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))

    def kernel(x: Values, padded: Values, tables: Shorts, g: Numbers) -> None:
        """Copy samples; the tables say by axis which stands at each place of the padded array."""
        samples = cuda.local.array(OWN, kind)

        place = np.int64(cuda.blockIdx.x) * THREADS + cuda.threadIdx.x
        rest, px = place // g[PADDED_X], place % g[PADDED_X]
        pz, py = rest // g[PADDED_Y], rest % g[PADDED_Y]
        if pz >= g[PADDED_Z]:
            return
        first = cuda.blockIdx.y * OWN
        plane = np.int64(cuda.blockIdx.z) * g[CHANNELS] + first
        iz, iy = tables[g[TABLE_Z] + pz], tables[g[TABLE_Y] + py]
        sample = (plane * g[SIZE_Z] + iz) * g[SIZE_Y] + iy
        sample = sample * g[SIZE_X] + tables[g[TABLE_X] + px]
        size = np.int64(g[SIZE_Z]) * g[SIZE_Y] * g[SIZE_X]
        padded_size = np.int64(g[PADDED_Z]) * g[PADDED_Y] * g[PADDED_X]
        for i in range(OWN):
            if first + i < g[CHANNELS]:
                samples[i] = wide(x[sample + i * size])
        for i in range(OWN):
            if first + i < g[CHANNELS]:
                padded[(plane + i) * padded_size + place] = samples[i]

    return kernel


def _fold(activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    store = storing(activation_name, wide)

    def kernel(
        padded: Sums,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Shorts,
        g: Numbers,
    ) -> None:
        """Sum copies; the tables say by axis where those of each sample begin, and list them."""
        sums = cuda.local.array(OWN, kind)

        place = np.int64(cuda.blockIdx.x) * THREADS + cuda.threadIdx.x
        rest, x = place // g[SIZE_X], place % g[SIZE_X]
        z, y = rest // g[SIZE_Y], rest % g[SIZE_Y]
        if z >= g[SIZE_Z]:
            return
        n, first = np.int64(cuda.blockIdx.z), cuda.blockIdx.y * OWN
        layers = (n * g[CHANNELS] + first) * g[PADDED_Z]
        padded_size = np.int64(g[PADDED_Z]) * g[PADDED_Y] * g[PADDED_X]
        for i in range(OWN):
            sums[i] = wide(0)

        at_z, at_y, at_x = g[TABLE_Z] + z, g[TABLE_Y] + y, g[TABLE_X] + x
        for k in range(tables[at_z], tables[at_z + 1]):
            rows = (layers + tables[g[COPIES_Z] + k]) * g[PADDED_Y]
            for j in range(tables[at_y], tables[at_y + 1]):
                row = (rows + tables[g[COPIES_Y] + j]) * g[PADDED_X]
                for i in range(tables[at_x], tables[at_x + 1]):
                    copy = row + tables[g[COPIES_X] + i]
                    for c in range(OWN):
                        if first + c < g[CHANNELS]:
                            sums[c] += padded[copy + c * padded_size]

        per_group = g[CHANNELS] // g[SHUFFLE]
        size = np.int64(g[SIZE_Z]) * g[SIZE_Y] * g[SIZE_X]
        for i in range(OWN):
            channel = first + i
            if channel < g[CHANNELS]:
                stored = destination(channel, per_group, g[SHUFFLE])
                at = (n * g[CHANNELS] + stored) * size + place
                has_bias, has_residual = g[HAS_BIAS], g[HAS_RESIDUAL]
                store(sums[i], channel, at, has_bias, has_residual, bias, residual, out)

    return kernel


@cache
def kernel(name: str, activation_name: str | None = None) -> Kernel:
    """Return the kernel `name`, ``"pad"`` or ``"fold"``, of which the latter has an epilogue."""
    make = _pad if name == "pad" else partial(_fold, activation_name)
    return Kernel(f"{name}-{activation_name}", make, THREADS, BLOCKS, NUMBERS)
