"""The worker of `depthwise` in the input gradient: a slab gives the results of every phase.

A phase is the results with the same remainders of the strides: a small convolution of the slab with
some of the taps. The phases of a set of rows are computed one by one, and then interleaved.
"""

from __future__ import annotations

from ...kernel.arguments import Arrays
from ...kernel.epilogue import store_phases, stored_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.columns import add_value, short_zeros, tall_zeros
from ...simd.memory import at, fetch_add, integers, record_at, zero
from ...simd.tile import store
from .slab import fill_slabs, find_samples
from .sweep import TILE_ROWS, add_tap_runs


def sweep_phases(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Compute channels block by block until none is left.

    There is one stage; the parameters are those of `launch.start`. The first element of `memory`
    becomes 1 if a weight is not finite.
    """
    g = record_at(geometry, 0)
    arrays = Arrays(x, weight, bias, residual, out, memory, tables)
    slab = at(memory, g.at_workers + worker * g.worker)
    sample_table, filled_for = integers(at(slab, g.own_sample_table)), min(worker, 0) - 1
    while True:
        task = fetch_add(counters, 1)
        if task >= g.tasks:
            return
        plane, block = task // g.blocks, task % g.blocks
        z0, y0 = block // g.blocks_y * g.block_z, block % g.blocks_y * g.block_y
        given = at(x, plane * g.depth * g.height * g.width)
        if y0 != filled_for:
            find_samples(sample_table, tables, g, y0, 0)
            filled_for = y0
        fill_slabs(slab, given, tables, sample_table, g, 1, z0, 0)
        for member in range(g.result_channels):
            compute_channel(plane, member, z0, y0, slab, arrays, g, parts)


@kernel
def compute_channel(plane, member, z0, y0, slab, arrays, g, parts):  # type: ignore[no-untyped-def]
    """Compute a block of one result channel of a group."""
    stay_whole()
    n, group = plane // g.groups, plane % g.groups
    co = group * g.result_channels + member
    channels = g.groups * g.result_channels
    to = n * channels + stored_channel(co, channels, g)
    to *= g.result_depth * g.result_height * g.result_width
    out, residual = at(arrays.out, to), at(arrays.residual, to)
    bias = arrays.bias[co] if g.bias else zero(arrays.bias)
    weights = at(arrays.weight, co * g.taps)
    for tap in range(g.taps):
        if weights[tap] - weights[tap] != 0:
            arrays.memory[0] = 1
    for p in range(g.parts):
        part = record_at(parts, p)
        lines = min(g.block_y, part.count_y - y0)
        for z in range(min(g.block_z, part.count_z - z0)):
            layer = (part.start_z + (z0 + z) * g.stride_z) * g.result_height
            y = 0
            while y < lines:
                line = layer + part.start_y + (y0 + y) * g.stride_y
                source = at(slab, z * g.layer + y * g.row_step)
                target, added = at(out, line * g.result_width), at(residual, line * g.result_width)
                rows = min(TILE_ROWS, lines - y)
                scratch = at(slab, g.own_scratch)
                compute_rows(rows, weights, source, bias, target, added, scratch, arrays, g, part)
                y += rows


@kernel(inline=True)
def compute_rows(rows, weights, x, bias, out, residual, scratch, arrays, g, part):  # type: ignore[no-untyped-def]
    """Compute rows of all phases along x, and store them."""
    lanes, stride, pitch, row_pitch = g.lanes, g.stride_x, g.phase_pitch, g.row_pitch
    for phase in range(min(stride, g.result_width)):
        entry = at(arrays.tables, part.at_phases + 2 * phase)
        tap_runs, count = at(arrays.tables, part.at_phases + entry[0]), entry[1]
        i, width = 0, (g.result_width - phase + stride - 1) // stride
        while i < width:
            target = at(scratch, phase * pitch + i)
            if rows > TILE_ROWS // 2:
                tile = add_tap_runs(tall_zeros(g), weights, at(x, i), tap_runs, count, g)
                store(add_value(tile, bias), target, row_pitch)
            else:
                short = add_tap_runs(short_zeros(g), weights, at(x, i), tap_runs, count, g)
                store(add_value(short, bias), target, row_pitch)
            i += lanes
    step = g.stride_y * g.result_width
    for row in range(rows):
        results = at(scratch, row * row_pitch)
        store_phases(g, at(out, row * step), at(residual, row * step), results, g.result_width)
