"""The compiled call of `depthwise`."""

from __future__ import annotations

import numpy as np
from numba import prange

from ..compile import kernel
from ..simd.memory import at, claim, clear, pointer, zero
from .pack import pack_lines
from .product import product_block
from .store import store_channel


@kernel(parallel=True)
def sweep(x, weight, bias, residual, out, workspace, geometry, tables, serial):  # type: ignore[no-untyped-def]
    """Convolve each channel with the kernels of its group.

    Parameters
    ----------
    x, weight, bias, residual, out, workspace : ndarray, shape (size,)
        All of one dtype. Of bias and residual, those that the geometry does not ask for are
        never read.
    geometry : ndarray of one record
        With the numbers that `strips.StripPlan` gives.
    tables : ndarray of int64
    serial : bool
        Whether to do without threads.
    """
    g = geometry[0]
    counter = np.zeros(1, np.int64)
    if serial:
        sweep_work(0, counter, x, weight, bias, residual, out, workspace, g, tables)
    else:
        for worker in prange(g.workers):
            sweep_work(
                np.intp(worker),
                counter,
                x,
                weight,
                bias,
                residual,
                out,
                workspace,
                geometry[0],
                tables,
            )


@kernel
def sweep_work(worker, counter, x, weight, bias, residual, out, workspace, g, tables):  # type: ignore[no-untyped-def]
    """Take strips until none is left."""
    memory, lists = at(pointer(workspace), worker * g.memory), pointer(tables)
    # Behind the last row whole vectors are read; what is computed from it is dropped.
    clear(at(memory, g.channel), g.margin)
    while True:
        first = claim(pointer(counter), g.grain)
        if first >= g.tasks:
            return
        for task in range(first, min(first + g.grain, g.tasks)):
            strip_task(
                task,
                pointer(x),
                pointer(weight),
                pointer(bias),
                pointer(residual),
                pointer(out),
                memory,
                lists,
                g,
            )


@kernel
def strip_task(task, x, weight, bias, residual, out, memory, tables, g):  # type: ignore[no-untyped-def]
    """Pack a strip of one channel and compute what it gives."""
    strip, rest = task % g.strips, task // g.strips
    z, plane = rest % g.count_z, rest // g.count_z
    n, group = plane // g.groups, plane % g.groups
    y0 = strip * g.strip
    rows = min(g.strip, g.count_y - y0)
    lines = g.slots_z * g.layers * g.slots_y * g.lines
    pack_lines(memory, at(x, plane * g.depth * g.height * g.width), tables, g, z, y0, 0, lines)
    channels = g.groups * g.result_channels
    per_shuffle = channels // g.shuffle
    size = g.result_depth * g.result_height * g.result_width
    sums = at(memory, g.at_sums)
    end = (rows - 1) * g.pitch + g.count_x
    for first in range(0, end, g.position_block):
        positions = min(g.position_block, end - first)
        for row in range(g.result_channels):
            co = group * g.result_channels + row
            product_block(
                g,
                at(weight, co * g.reads),
                g.reads,
                at(memory, first),
                at(tables, g.at_offsets),
                positions,
                positions + g.span,
                1,
                sums,
                sums,
                at(tables, g.at_panel),
            )
            shuffled = co % per_shuffle * g.shuffle + co // per_shuffle
            plane = (n * channels + shuffled) * size
            store_channel(
                g,
                g,
                at(out, plane),
                at(residual, plane),
                bias[co] if g.bias else zero(bias),
                sums,
                z,
                y0 * g.pitch + first,
                y0 * g.pitch + first + positions,
            )
