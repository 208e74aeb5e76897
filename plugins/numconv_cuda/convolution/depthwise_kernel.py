"""Convolution of groups with few channels: a thread has rows of a column of a few result channels.

All threads of a block have the same channels, and so the same weights; see `columns` for the rest.
The input gradient is the same sum over other reads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32

from numconv.core import dtypes

from .. import columns as c
from ..column_parts import anew, behind, finish, lines_of, place, share
from ..columns import Column
from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..reads import NOTHING

# Bytes of what a thread keeps at once that fit its share of the registers. With more than that a
# multiprocessor holds fewer blocks.
KEPT = 4 * 38
FEWER_BLOCKS = 6


def _make(column: Column, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    store = finish(column, activation_name, wide)
    rows, own, taps, samples = column.rows, column.channels, column.taps, column.samples
    row_step, tap_step, gaps = column.row_step, column.tap_step, column.gaps

    def kernel(
        x: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Shorts,
        g: Numbers,
    ) -> None:
        sums = cuda.local.array((own, rows), kind)
        seen = cuda.local.array(samples, kind)
        lines = cuda.local.array(samples, int32)
        filters = cuda.local.array(taps, int32)

        oz, block, ox = place(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, g)
        n = cuda.blockIdx.z * cuda.blockDim.y + cuda.threadIdx.y
        if oz >= g[c.RESULT_Z] or n >= g[c.BATCH]:
            return
        group, first = share(cuda.blockIdx.y, own, g)
        plane = np.int64(g[c.GIVEN_PLANE])
        x_group = (n * g[c.GROUPS] + group) * g[c.GIVEN_IN_GROUP]
        given = behind(x, x_group * plane)
        weights = group * g[c.WEIGHT_GROUP] + first * g[c.WEIGHT_RESULT]
        line_z, line_y, line_x, oy, inner = lines_of(oz, block, ox, tables, g)
        (sources_z, runs_z), (sources_y, runs_y), (sources_x, runs_x) = line_z, line_y, line_x
        for i in range(own):
            for r in range(rows):
                sums[i, r] = wide(0)

        for z in range(g[c.RUNS_Z]):
            at_z = int32(runs_z + 2 * z)
            iz, kz = tables[int32(sources_z + tables[at_z])], tables[at_z + 1]
            if iz == NOTHING or kz < 0:
                continue
            for y in range(g[c.RUNS_Y]):
                at_y = int32(runs_y + (1 + taps) * y)
                line = int32(sources_y + tables[at_y])
                for s in range(samples):
                    lines[s] = tables[int32(line + s * g[c.SPACING])]
                for t in range(taps):
                    filters[t] = tables[at_y + 1 + t]
                for x_ in range(g[c.RUNS_X]):
                    at_x = int32(runs_x + 2 * x_)
                    ix, kx = tables[int32(sources_x + tables[at_x])], tables[at_x + 1]
                    if ix == NOTHING or kx < 0:
                        continue
                    column_x, column_k = int32(iz + ix), int32(weights + kz + kx)
                    for _ in range(g[c.GIVEN_IN_GROUP]):
                        for s in range(samples):
                            sample = int32(column_x + lines[s])
                            seen[s] = wide(given[sample]) if sample >= 0 else wide(0)
                        for i in range(own):
                            if own == 1 or first + i < g[c.RESULTS_IN_GROUP]:
                                for t in range(taps):
                                    if not gaps or filters[t] >= 0:
                                        tap = int32(column_k + i * g[c.WEIGHT_RESULT] + filters[t])
                                        factor = wide(weight[tap])
                                        for r in range(rows):
                                            s = r * row_step + t * tap_step
                                            if not gaps or lines[s] != NOTHING:
                                                sums[i, r] += factor * seen[s]
                        column_x = int32(column_x + g[c.GIVEN_PLANE])
                        column_k = int32(column_k + g[c.WEIGHT_GIVEN])

        # Read again, it needs no register meanwhile.
        n = cuda.blockIdx.z * cuda.blockDim.y + anew(np.int64(cuda.threadIdx.y))
        store(sums, n, group, first, oy, inner, bias, residual, out, g)

    return kernel


@cache
def kernel(column: Column, dtype: str, activation_name: str | None) -> Kernel:
    """Return the kernel whose threads have such columns."""
    name = f"depthwise-{column.name}-{activation_name}"
    kept = column.channels * (column.rows + column.taps) + 2 * column.samples
    fits = kept * np.dtype(dtypes.accumulator(dtype)).itemsize <= KEPT
    blocks = c.BLOCKS if fits else FEWER_BLOCKS
    return Kernel(name, partial(_make, column, activation_name), c.THREADS, blocks, c.NUMBERS)
