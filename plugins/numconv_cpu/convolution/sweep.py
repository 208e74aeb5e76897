"""The worker of `depthwise`."""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, claim, clear, record_at, zero
from .pack import pack_lines
from .positions import product_block
from .store import store_channel


def sweep(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, workspace, tables, parts, geometry
):
    """Convolve channels with the kernels of their groups, strip by strip, until none is left.

    Parameters
    ----------
    stage, worker : int
        There is one stage.
    counters, tables : pointer to int64
    x, weight, bias, residual, out, workspace : pointer
        All of one dtype. Of bias and residual, those that the geometry does not ask for are
        never read.
    parts, geometry : pointer to records
        A record with the numbers that `strips.StripPlan` gives, both of them.
    """
    g = record_at(geometry, 0)
    memory = at(workspace, worker * g.memory)
    # Behind the last row whole vectors are read; what is computed from it is dropped.
    clear(at(memory, g.channel), g.margin)
    while True:
        first = claim(counters, g.grain)
        if first >= g.tasks:
            return
        for task in range(first, min(first + g.grain, g.tasks)):
            strip_task(task, x, weight, bias, residual, out, memory, tables, g)


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
