"""The compiled involution: strips of x in planes, blocks of products with rows of kernels.

A task is a strip of result rows, for the channels of one group. It copies what the strip reads of
x into planes in which each tap reads consecutive samples; they fit the second-level cache. Then
block after block of the strip is computed for all of the channels, with the kernels of the block,
which come from memory only once, in the first level.
"""

from __future__ import annotations

from ..compile import kernel, stay_whole
from ..convolution.store import store_row_with
from ..simd.block import (
    move_rows,
    multiply_block,
    multiply_rows_of_block,
    prefetch_beyond,
    store_block,
    store_block_part,
)
from ..simd.memory import at, claim, clear, copy, record_at, zero
from ..simd.tile import zeros
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
        The record with the numbers that `plan.NUMBERS` names, both of them.
    """
    g = record_at(geometry, 0)
    memory = at(workspace, worker * g.scratch)
    while True:
        task = claim(counters, 1)
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
        y0, y1 = cut(strip, g.strips, g.result_height, g.block_height)
        x0, x1 = cut(piece, g.pieces, g.result_width, g.block_width)
        samples = g.depth * g.height * g.width
        for c in range(channels):
            start = (n * g.channels + first + c) * samples
            planes = at(memory, c * g.channel)
            pack_planes(g, planes, at(x, start), g.samples - start, tables, z, y0, x0)
        clear(at(memory, channels * g.channel), g.margin)
        places = at(tables, g.at_places + first)
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
                        at(memory, (y - y0) * g.pitch + column - x0 + block * g.next_sample),
                        at(out, image + row + column + block * g.next_result),
                        places,
                        at(memory, g.at_taps),
                        channels,
                    )
        if g.finish:
            for c in range(channels):
                added = bias[first + c] if g.bias else zero(bias)
                for y in range(y0, y1):
                    row = (z * g.result_height + y) * g.result_width + x0
                    result = at(out, image + places[c] + row)
                    finish_row(g, result, at(residual, image + places[c] + row), added, x1 - x0)


@kernel(inline=True)
def cut(part, parts, length, block):  # type: ignore[no-untyped-def]
    """Return where a part of an axis begins and ends; none is shorter than a block."""
    blocks = max(length // block, 1)
    last = length if part == parts - 1 else (part + 1) * blocks // parts * block
    return part * blocks // parts * block, last


@kernel
def compute_blocks(g, tables, kernels, position, x, out, places, own, channels):  # type: ignore[no-untyped-def]
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
    places : pointer to int64
        Where the results of each channel stand.
    own : pointer
        To a place for the kernels of a block.
    """
    stay_whole()
    weights, tap, row = at(kernels, position), g.positions, g.next_row_result
    ahead = at(weights, g.ahead)
    end = position + (g.taps - 1) * tap + (g.rows - 1) * row + g.lanes
    if end > g.kernels:
        for k in range(g.taps):
            for each in range(g.rows):
                source = at(weights, k * tap + each * row)
                copy(at(own, (k * g.rows + each) * g.lanes), source, g.width_stored)
        weights, tap, row = own, g.rows * g.lanes, g.lanes
    elif channels > g.columns:
        for k in range(g.taps):
            move_rows(g, at(own, k * g.rows * g.lanes), g.lanes, at(weights, k * tap), row)
        weights, tap, row = own, g.rows * g.lanes, g.lanes
    for first in range(0, channels, g.columns):
        asked = first // g.columns * g.asked_by_block
        first = min(first, channels - g.columns)
        planes, to = at(x, first * g.channel), at(places, first)
        runs = at(tables, g.at_runs_of_taps)
        compute_block(g, runs, weights, tap, row, planes, out, to, ahead, asked)


@kernel
def compute_block(g, runs, weights, tap, row, x, out, places, ahead, asked):  # type: ignore[no-untyped-def]
    """Compute and store a block of results for the channels of a register tile.

    Line after line of samples is multiplied with the kernels of all the rows that read it. In
    each row, the taps of a run come in the order of its lines. Meanwhile the kernels of a later
    block, from tap `asked` on, are asked for: a few with each line, for many at once would wait
    for each other.
    """
    sums = zeros(g)
    for run in range(g.runs):
        head = at(runs, 5 * run)
        lines, taps, base, step, offsets = head[0], head[1], head[2], head[3], at(runs, head[4])
        next_row = row - step * tap
        for line in range(lines + g.rows - 1):
            for k in range(asked, min(asked + g.asked_by_line, g.taps)):
                for each in range(g.rows):
                    prefetch_beyond(at(ahead, k * g.positions + each * g.next_row_result))
            asked += g.asked_by_line
            first, last = max(line - lines + 1, 0), min(line, g.rows - 1)
            samples, factors = (
                at(x, line * g.next_row_sample),
                at(weights, (base + line * step) * tap),
            )
            if last - first == g.rows - 1:
                for k in range(taps):
                    given = at(samples, offsets[k])
                    sums = multiply_block(sums, at(factors, k * tap), next_row, given, g.channel)
            else:
                for k in range(taps):
                    given = at(samples, offsets[k])
                    sums = multiply_rows_of_block(
                        sums, first, last, at(factors, k * tap), next_row, given, g.channel
                    )
    if g.width_stored == g.lanes:
        store_block(sums, out, g.next_row_result, places)
    else:
        store_block_part(sums, out, g.next_row_result, places, g.width_stored)


@kernel
def finish_row(g, out, residual, bias, count):  # type: ignore[no-untyped-def]
    """Apply the epilogue to results, in place."""
    stay_whole()
    store_row_with(out, out, count, 1, bias, residual, g.residual != 0, g.activation)
