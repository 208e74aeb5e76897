"""What kernels begin and end with whose threads walk down columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config, int32, uint32

from . import columns as c
from .epilogue import destination, storing
from .part import part

if config.ENABLE_CUDASIM:

    def behind(values: Any, count: int) -> Any:
        """Return what stands `count` elements behind the first of `values`."""
        return values[count:]

    def anew(value: int) -> int:
        """Return `value`."""
        return value
else:
    from .ptx import anew, behind

__all__ = ["anew", "behind", "finish", "lines_of", "place", "share"]


@part
def place(index: int, g: Any) -> Any:
    """Return (oz, block of rows, ox) of a thread; oz is beyond the last if it has no results.

    Numbers without a sign are divided in half as many instructions.
    """
    index, across, down = uint32(index), uint32(g[c.RESULT_X]), uint32(g[c.ROW_BLOCKS])
    rest, ox = uint32(index // across), uint32(index % across)
    return int32(rest // down), int32(rest % down), int32(ox)


@part
def share(index: int, own: int, g: Any) -> Any:
    """Return the group of a block of threads, and the first of its channels in that group."""
    chunks = uint32(g[c.CHUNKS])
    return int32(uint32(index) // chunks), int32(uint32(index) % chunks * own)


@part
def lines_of(oz: int, block: int, ox: int, tables: Any, g: Any) -> Any:
    """Return of a thread what the tables say: by axis where its sources and where its runs begin.

    Then the row of its first result, and the place of that in a channel.
    """
    z = tables[g[c.AT_Z] + oz], tables[g[c.AT_Z] + g[c.RESULT_Z] + oz]
    y = tables[g[c.AT_Y] + block], tables[g[c.AT_Y] + g[c.ROW_BLOCKS] + block]
    x = tables[g[c.AT_X] + ox], tables[g[c.AT_X] + g[c.RESULT_X] + ox]
    oy = tables[g[c.AT_Y] + 2 * g[c.ROW_BLOCKS] + block]
    return z, y, x, oy, int32((oz * g[c.RESULT_Y] + oy) * g[c.RESULT_X] + ox)


def finish(column: c.Column, activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Return the part that applies the epilogue to the sums of a column and stores them."""
    finish_sum = storing(activation_name, wide)
    rows, own = column.rows, column.channels

    @part
    def store(
        sums: Any,
        n: int,
        group: int,
        first: int,
        oy: int,
        inner: int,
        bias: Any,
        residual: Any,
        out: Any,
        g: Any,
    ) -> None:
        per_group = uint32(g[c.SHUFFLED_IN_GROUP])
        for i in range(own):
            if own == 1 or first + i < g[c.RESULTS_IN_GROUP]:
                channel = uint32(group * g[c.RESULTS_IN_GROUP] + first + i)
                stored = destination(channel, per_group, uint32(g[c.SHUFFLE]))
                channels = g[c.GROUPS] * g[c.RESULTS_IN_GROUP]
                at = (n * channels + np.int64(stored)) * g[c.RESULT_PLANE] + inner
                for r in range(rows):
                    if int32(oy + r * g[c.ROW_STEP]) < g[c.RESULT_Y]:
                        has_bias, has_residual = g[c.HAS_BIAS], g[c.HAS_RESIDUAL]
                        finish_sum(
                            sums[i, r], channel, at, has_bias, has_residual, bias, residual, out
                        )
                    at += g[c.ROW_STEP] * g[c.RESULT_X]

    return store
