"""Involution: a thread has a few rows of a column of results, in a few channels of a group.

Each tap of the kernels of its rows is read once for all its channels; see `columns` for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32

from .. import columns as c
from ..column_parts import anew, behind, finish, lines_of, place, share
from ..columns import Column
from ..compile import Kernel, Numbers, Results, Shorts, Values


def _make(column: Column, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    store = finish(column, activation_name, wide)
    rows, own, taps, samples = column.rows, column.channels, column.taps, column.samples
    row_step, tap_step, gaps = column.row_step, column.tap_step, column.gaps

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
        seen = cuda.local.array(own, kind)
        lines = cuda.local.array(samples, int32)
        filters = cuda.local.array(taps, int32)

        oz, block, ox = place(cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x, g)
        n = cuda.blockIdx.z * cuda.blockDim.y + cuda.threadIdx.y
        if oz >= g[c.RESULT_Z] or n >= g[c.BATCH]:
            return
        group, first = share(cuda.blockIdx.y, own, g)
        layer = n * g[c.GROUPS] + group
        plane = np.int64(g[c.GIVEN_PLANE])
        given = behind(x, (layer * g[c.GIVEN_IN_GROUP] + first) * plane)
        own_kernels = behind(kernels, layer * np.int64(g[c.WEIGHT_GROUP]))
        line_z, line_y, line_x, oy, inner = lines_of(oz, block, ox, tables, g)
        (sources_z, runs_z), (sources_y, runs_y), (sources_x, runs_x) = line_z, line_y, line_x
        for i in range(own):
            for r in range(rows):
                sums[i, r] = wide(0)

        for z in range(g[c.RUNS_Z]):
            at_z = int32(runs_z + 2 * z)
            iz, kz = tables[int32(sources_z + tables[at_z])], tables[at_z + 1]
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
                    column_x, column_k = int32(iz + ix), int32(inner + kz + kx)
                    for s in range(samples):
                        sample = int32(column_x + lines[s])
                        for i in range(own):
                            seen[i] = wide(0)
                            if sample >= 0 and (own == 1 or first + i < g[c.RESULTS_IN_GROUP]):
                                seen[i] = wide(given[i * plane + sample])
                        for r in range(rows):
                            t = (s - r * row_step) // tap_step
                            if 0 <= t < taps and r * row_step + t * tap_step == s:
                                inside = int32(oy + r) < g[c.RESULT_Y]
                                if inside and (not gaps or filters[t] >= 0):
                                    tap = int32(column_k + filters[t] + r * g[c.RESULT_X])
                                    factor = wide(own_kernels[tap])
                                    for i in range(own):
                                        sums[i, r] += factor * seen[i]

        # Read again, it needs no register meanwhile.
        n = cuda.blockIdx.z * cuda.blockDim.y + anew(np.int64(cuda.threadIdx.y))
        store(sums, n, group, first, oy, inner, bias, residual, out, g)

    return kernel


@cache
def kernel(column: Column, activation_name: str | None) -> Kernel:
    """Return the kernel whose threads have such columns."""
    name = f"involution-{column.name}-{activation_name}"
    return Kernel(name, partial(_make, column, activation_name), c.THREADS, c.BLOCKS, c.NUMBERS)
