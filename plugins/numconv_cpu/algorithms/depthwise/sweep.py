"""The worker of `depthwise`: a slab of one channel is copied, convolved and stored in one go.

The order in which one result is summed is that of the runs of taps, the same for all results.
"""

from __future__ import annotations

from ...kernel.epilogue import store_row_with, stored_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.columns import (
    add_1,
    add_2,
    add_3,
    add_4,
    add_5,
    add_value,
    rectify,
    short_zeros,
    store_rows,
    store_starts,
    tall_zeros,
)
from ...simd.memory import at, fetch_add, integers, record_at, zero
from ...simd.tile import store
from .slab import fill_slabs, find_samples

# Rows of a register tile. With five taps at most, eight sums and five weights fit 16 registers.
TILE_ROWS = 8


def sweep(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, workspace, tables, parts, geometry
):
    """Convolve channels with the kernels of their groups, block by block, until none is left.

    Parameters
    ----------
    stage, worker : int
        There is one stage.
    counters, tables : pointer to int64
    x, weight, bias, residual, out, workspace : pointer
        All of one dtype. Of bias and residual, those that the geometry does not ask for are
        never read.
    parts, geometry : pointer to records
        A record of `plan.SweepArguments`, both of them.
    """
    g = record_at(geometry, 0)
    memory = at(workspace, g.at_workers + worker * g.worker)
    sample_table, filled_for = integers(at(memory, g.own_sample_table)), min(worker, 0) - 1
    while True:
        begin = fetch_add(counters, g.grain)
        if begin >= g.tasks:
            return
        end = min(begin + g.grain, g.tasks)
        while begin < end:
            # Small channels are filled several at a time: a vector that spans two rows could not
            # be read while they are still on their way into the cache.
            count = min(g.slabs_at_once, end - begin)
            plane, z0, y0, x0 = block_of(begin, g)
            given = at(x, plane * g.depth * g.height * g.width)
            if y0 * g.result_width + x0 != filled_for:
                find_samples(sample_table, tables, g, y0, x0)
                filled_for = y0 * g.result_width + x0
            fill_slabs(memory, given, tables, sample_table, g, count, z0, x0)
            convolve(plane, count, z0, y0, x0, weight, bias, residual, out, memory, tables, g)
            begin += count


@kernel(inline=True)
def block_of(task, g):  # type: ignore[no-untyped-def]
    """Return the channel (of all images) of a task, and where its block of results begins."""
    # Divisions take longer than a small block does.
    if g.blocks == 1:
        return task, 0, 0, 0
    block, plane = task % g.blocks, task // g.blocks
    block_x, rest = block % g.blocks_x, block // g.blocks_x
    block_y, block_z = rest % g.blocks_y, rest // g.blocks_y
    return plane, block_z * g.block_z, block_y * g.block_y, block_x * g.block_x


@kernel
def convolve(  # type: ignore[no-untyped-def]
    plane, count, z0, y0, x0, weight, bias, residual, out, slabs, tables, g
):
    """Compute what `count` slabs give, for each result channel of their groups."""
    stay_whole()
    n = plane // g.groups if g.groups <= plane else 0
    group = plane - n * g.groups
    channels = g.groups * g.result_channels
    slab = slabs
    for _ in range(count):
        for member in range(g.result_channels):
            co = group * g.result_channels + member
            shuffled = n * channels + co
            if g.shuffle > 1:
                shuffled = n * channels + stored_channel(co, channels, g)
            to = shuffled * g.result_depth * g.result_height * g.result_width
            compute_block(
                at(out, to),
                at(residual, to),
                bias[co] if g.bias else zero(bias),
                at(weight, co * g.taps),
                slab,
                at(slabs, g.own_scratch),
                tables,
                g,
                z0,
                y0,
                x0,
            )
        slab = at(slab, g.slab)
        group += 1
        if group == g.groups:
            group = 0
            n += 1


@kernel(inline=True)
def compute_block(out, residual, bias, weights, slab, scratch, tables, g, z0, y0, x0):  # type: ignore[no-untyped-def]
    """Compute a block of one result channel, set of rows by set of rows."""
    lines = min(g.block_y, g.result_height - y0)
    columns = min(g.block_x, g.result_width - x0)
    for z in range(min(g.block_z, g.result_depth - z0)):
        for y in range(min(g.row_sets, lines)):
            to = ((z0 + z) * g.result_height + y0 + y) * g.result_width + x0
            rows, width = lines, columns
            if g.folded:
                rows, width = (columns + g.lanes - 1) // g.lanes, g.lanes
            elif g.row_sets > 1:
                rows = (lines - y + g.row_sets - 1) // g.row_sets
            compute_row_set(
                at(out, to),
                at(residual, to),
                bias,
                weights,
                at(slab, z * g.layer + y * g.line),
                scratch,
                at(tables, g.at_tap_runs),
                g,
                rows,
                width,
                rows * width - columns if g.folded else 0,
            )


@kernel(inline=True)
def compute_row_set(out, residual, bias, weights, x, scratch, tap_runs, g, rows, width, missing):  # type: ignore[no-untyped-def]
    """Compute `rows` rows of `width` results, `g.row_step` apart in the slab.

    Of the last row, the last `missing` results are not wanted: it has a tile of its own.
    """
    row = 0
    while row < rows:
        left = rows - row
        alone = missing > 0 and left == 1
        if missing > 0 and left > 1:
            left -= 1
        i = 0
        while i < width:
            source = at(x, row * g.row_step + i)
            to = row * g.result_step + i
            count = min(g.lanes, width - i)
            if alone:
                count -= missing
            if left > TILE_ROWS // 2:
                tile = add_tap_runs(tall_zeros(g), weights, source, tap_runs, g.tap_runs, g)
                store_tile(tile, at(out, to), at(residual, to), bias, scratch, g, left, count)
            else:
                half_tile = add_tap_runs(short_zeros(g), weights, source, tap_runs, g.tap_runs, g)
                store_tile(half_tile, at(out, to), at(residual, to), bias, scratch, g, left, count)
            i += g.lanes
        row += min(left, TILE_ROWS)


@kernel(inline=True)
def add_tap_runs(tile, weights, x, tap_runs, count, g):  # type: ignore[no-untyped-def]
    """Add the products of all taps, which stand in `count` runs, to a tile."""
    for run in range(count):
        source = at(x, tap_runs[4 * run])
        factors = at(weights, tap_runs[4 * run + 1])
        apart, taps = tap_runs[4 * run + 2], tap_runs[4 * run + 3]
        if taps == 3:
            tile = add_3(tile, factors, apart, source, g.row_step)
        elif taps == 5:
            tile = add_5(tile, factors, apart, source, g.row_step)
        elif taps == 4:
            tile = add_4(tile, factors, apart, source, g.row_step)
        elif taps == 2:
            tile = add_2(tile, factors, apart, source, g.row_step)
        else:
            tile = add_1(tile, factors, apart, source, g.row_step)
    return tile


@kernel(inline=True)
def store_tile(tile, out, residual, bias, scratch, g, rows, count):  # type: ignore[no-untyped-def]
    """Apply the epilogue to the first rows of a tile and store them."""
    if g.direct_store:
        if g.bias:
            tile = add_value(tile, bias)
        if g.activation:
            tile = rectify(tile)
        if count == g.lanes:
            store_rows(tile, out, g.result_step, rows)
        else:
            store_starts(tile, out, g.result_step, rows, count)
    else:
        store(tile, scratch, g.lanes)
        for row in range(min(rows, TILE_ROWS)):
            store_row_with(
                at(out, row * g.result_step),
                at(scratch, row * g.lanes),
                count,
                1,
                bias,
                at(residual, row * g.result_step),
                g.residual != 0,
                g.activation,
            )
