"""The compiled involution: strips of x in planes, blocks of products with rows of kernels.

A task is a strip of result rows, for the channels of one group. It copies what the strip reads of
x into planes in which each tap reads consecutive samples; they fit the second-level cache. Then
block after block of the strip is computed for all of the channels, with the kernels of the block,
which come from memory only once, in the first level.
"""

from __future__ import annotations

from ...kernel.epilogue import store_row_with
from ...runtime.compile import kernel, stay_whole
from ...simd.block import multiply_kept_line, multiply_line, store_block, store_block_part
from ...simd.memory import at, clear, copy, fetch_add, record_at, zero
from ...simd.tile import store, zeros
from .pack import pack_planes


def involute(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, kernels, bias, residual, out, workspace, tables, parts, geometry
):
    """Take tasks until none is left.

    Parameters
    ----------
    stage, worker : int
        There is one stage.
    counters, tables : pointer to int64
    x, kernels, bias, residual, out, workspace : pointer
        All of one dtype. Of bias and residual, those that the geometry does not ask for are
        never read.
    parts, geometry : pointer to records
        The record of `arguments.InvolutionArguments`, both of them.
    """
    g = record_at(geometry, 0)
    memory = at(workspace, g.at_workers + worker * g.worker)
    planes = at(memory, g.own_planes)
    while True:
        task = fetch_add(counters, 1)
        if task >= g.tasks:
            return
        part, rest = task % g.parts, task // g.parts
        piece, rest = rest % g.pieces, rest // g.pieces
        strip, rest = rest % g.strips, rest // g.strips
        z, plane = rest % g.result_depth, rest // g.result_depth
        n, group = plane // g.groups, plane % g.groups
        first = part * g.group_channels // g.parts
        channels = (part + 1) * g.group_channels // g.parts - first
        first += group * g.group_channels
        y0, y1 = part_of(strip, g.strips, g.result_height, g.block_height)
        x0, x1 = part_of(piece, g.pieces, g.result_width, g.block_width)
        samples = g.depth * g.height * g.width
        for c in range(channels):
            start = (n * g.channels + first + c) * samples
            pack_planes(g, at(planes, c * g.channel_pitch), at(x, start), tables, z, y0, x0)
        clear(at(planes, channels * g.channel_pitch), g.margin)
        plane_offsets = at(tables, g.at_plane_offsets + first)
        image = n * g.channels * g.positions
        for y in range(y0, y1, g.block_height):
            y = max(min(y, y1 - g.block_height), y0)
            row = (z * g.result_height + y) * g.result_width
            for column in range(x0, x1, g.block_width):
                column = max(min(column, x1 - g.block_width), x0)
                for block in range(g.apart):
                    compute_blocks(
                        g,
                        tables,
                        kernels,
                        plane * g.taps * g.positions + row + column + block * g.next_result,
                        at(planes, (y - y0) * g.pitch + column - x0 + block * g.next_sample),
                        at(out, image + row + column + block * g.next_result),
                        plane_offsets,
                        memory,
                        channels,
                    )
        if g.finish:
            for c in range(channels):
                added = bias[first + c] if g.bias else zero(bias)
                for y in range(y0, y1):
                    row = (z * g.result_height + y) * g.result_width + x0
                    result = at(out, image + plane_offsets[c] + row)
                    finish_row(
                        g, result, at(residual, image + plane_offsets[c] + row), added, x1 - x0
                    )


@kernel(inline=True)
def part_of(part, parts, length, block):  # type: ignore[no-untyped-def]
    """Return where a part of an axis begins and ends; none is shorter than a block."""
    blocks = max(length // block, 1)
    last = length if part == parts - 1 else (part + 1) * blocks // parts * block
    return part * blocks // parts * block, last


@kernel
def compute_blocks(g, tables, kernels, position, x, out, plane_offsets, memory, channels):  # type: ignore[no-untyped-def]
    """Compute a block of results for `channels` channels.

    Parameters
    ----------
    g : record
    tables : pointer to int64
    kernels : pointer
    position : int
        Where the group's kernels of the first tap stand for the first result.
    x : pointer
        To what the first tap would read for it, in the planes of the first channel.
    out : pointer
        To the first result of channel 0.
    plane_offsets : pointer to int64
        Where the results of each channel stand.
    memory : pointer
        Of the worker.
    """
    stay_whole()
    weights, tap, row, ahead = at(kernels, position), g.positions, g.next_row_result, g.ahead
    end = position + (g.taps - 1) * tap + (g.rows - 1) * row + g.lanes
    if end > g.kernels:
        # Vectors would read beyond the last of the kernels.
        own = at(memory, g.own_copies)
        for k in range(g.taps):
            for each in range(g.rows):
                target = at(own, (k * g.rows + each) * g.lanes)
                copy(target, at(weights, k * tap + each * row), g.width_stored)
        weights, tap, row, ahead = own, g.rows * g.lanes, g.lanes, 0
    runs = at(tables, g.at_runs_of_taps)
    for first in range(0, channels, g.columns):
        fresh = first == 0 or g.tile.shape[1] == 1
        first = min(first, channels - g.columns)
        planes, to = at(x, first * g.channel_pitch), at(plane_offsets, first)
        compute_block(g, runs, weights, tap, row, ahead, fresh, memory, planes, out, to)


@kernel
def compute_block(g, runs, weights, tap, row, ahead, fresh, memory, x, out, plane_offsets):  # type: ignore[no-untyped-def]
    """Compute and store a block of results for the channels of a register tile.

    Line after line of samples is multiplied with the kernels of all the rows that read it. In
    each row, the taps of a run come in the order of its lines. The first channels take `fresh`
    kernels, which stand far apart, and keep them side by side for the others.
    """
    sums, kept = zeros(g), at(memory, g.own_kept)
    for run in range(g.runs):
        head = at(runs, 5 * run)
        lines, taps, base, step, offsets = head[0], head[1], head[2], head[3], at(runs, head[4])
        samples, factors, next_row = x, at(weights, base * tap), row - step * tap
        for line in range(lines + g.rows - 1):
            first, last = max(line - lines + 1, 0), min(line, g.rows - 1)
            if fresh:
                sums = multiply_line(
                    sums,
                    first,
                    last,
                    taps,
                    samples,
                    offsets,
                    g.channel_pitch,
                    factors,
                    tap,
                    next_row,
                    ahead,
                    kept,
                )
            else:
                sums = multiply_kept_line(
                    sums, first, last, taps, samples, offsets, g.channel_pitch, kept
                )
            samples, factors = at(samples, g.next_row_sample), at(factors, step * tap)
            kept = at(kept, taps * g.tile.shape[0] * g.lanes)
    store_sums(g, sums, at(memory, g.own_sums), out, plane_offsets)


@kernel(inline=True)
def store_sums(g, sums, memory, out, plane_offsets):  # type: ignore[no-untyped-def]
    """Store the rows and lanes of a block that are results."""
    if g.rows < g.tile.shape[0] or 2 * g.width_stored < g.lanes:
        store(sums, memory, g.columns * g.lanes)
        for row in range(g.rows):
            for c in range(g.columns):
                target = at(out, plane_offsets[c] + row * g.next_row_result)
                copy(target, at(memory, (row * g.columns + c) * g.lanes), g.width_stored)
    elif g.width_stored == g.lanes:
        store_block(sums, out, g.next_row_result, plane_offsets)
    else:
        store_block_part(sums, out, g.next_row_result, plane_offsets, g.width_stored)


@kernel
def finish_row(g, out, residual, bias, count):  # type: ignore[no-untyped-def]
    """Apply the epilogue to results, in place."""
    stay_whole()
    store_row_with(out, out, count, 1, bias, residual, g.residual != 0, g.activation)
