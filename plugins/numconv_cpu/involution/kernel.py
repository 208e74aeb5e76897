"""The compiled involution: strips of x in planes, rows of products with rows of kernels.

A task is a strip of result rows, for some channels of one group. It copies what the strip reads of
x into planes in which each tap reads consecutive samples (see `convolution.lowering`); they fit
the second-level cache. Then tile after tile of a result row is computed for all of the channels,
while the kernels of the tile, read from memory only once, are in the first level.
"""

from __future__ import annotations

from ..compile import kernel, stay_whole
from ..convolution.pack import pack_lines
from ..convolution.store import store_row, store_row_with
from ..simd.memory import at, claim, clear, copy, record_at, zero
from ..simd.rows import multiply_rows, pair_zeros, prefetch, store_rows
from ..simd.tile import narrow_zeros


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
        strip, rest = rest % g.strips, rest // g.strips
        z, rest = rest % g.result_depth, rest // g.result_depth
        group, n = rest % g.groups, rest // g.groups
        first = part * g.group_channels // g.parts
        channels = (part + 1) * g.group_channels // g.parts - first
        first += group * g.group_channels
        y0 = strip * g.strip
        plane = g.depth * g.height * g.width
        for c in range(channels):
            given = at(x, (n * g.channels + first + c) * plane)
            lines = g.slots_z * g.layers * g.slots_y * g.lines
            pack_lines(at(memory, c * g.channel), given, tables, g, z, y0, 0, lines)
        clear(at(memory, channels * g.channel), g.margin)
        for y in range(y0, min(y0 + g.strip, g.result_height)):
            compute_row(
                g,
                at(tables, g.at_offsets),
                kernels,
                (n * g.groups + group) * g.taps * g.positions,
                at(memory, (y - y0) * g.pitch),
                at(memory, g.at_sums),
                at(memory, g.at_taps),
                z * g.result_height + y,
                channels,
            )
            finish_row(
                g,
                bias,
                residual,
                out,
                at(memory, g.at_sums),
                n,
                z * g.result_height + y,
                first,
                channels,
            )


@kernel
def compute_row(g, offsets, kernels, group, x, sums, own, row, channels):  # type: ignore[no-untyped-def]
    """Sum one row of results for `channels` channels.

    Parameters
    ----------
    g : record
    offsets : pointer to int64
        Where in the planes each tap reads.
    kernels : pointer
    group : int
        Where the group's kernels begin.
    x : pointer
        To the row's first position in the planes of the first channel.
    sums : pointer
        To the scratch, (channels, g.sums_pitch).
    own : pointer
        To a place for the kernels of one vector.
    row : int
        Which row of the result it is.
    """
    stay_whole()
    count = g.result_width
    for p in range(0, count, 2 * g.lanes):
        # The last vectors move back over those before them until they end with the row.
        p = max(min(p, count - 2 * g.lanes), 0)
        apart = min(g.lanes, count - g.lanes - p)
        first = group + row * count + p
        weights, stride = at(kernels, first), g.positions
        if apart < 0 and first + (g.taps - 1) * g.positions + g.lanes > g.kernels:
            for k in range(g.taps):
                copy(at(own, k * g.lanes), at(weights, k * g.positions), count)
            weights, stride = own, g.lanes
        for k in range(g.taps):
            prefetch(at(weights, k * stride + 2 * g.lanes))
        for block in range(0, channels, g.rows):
            c = min(block, channels - g.rows)
            planes, place = at(x, c * g.channel + p), at(sums, c * g.sums_pitch + p)
            if apart > 0:
                product_pair(g, offsets, weights, stride, planes, place, apart)
            else:
                product_narrow(g, offsets, weights, stride, planes, place)


@kernel
def product_pair(g, offsets, weights, stride, x, sums, apart):  # type: ignore[no-untyped-def]
    """Compute a register tile of sums, two vectors wide."""
    tile = pair_zeros(g)
    for k in range(g.taps):
        tile = multiply_rows(tile, at(weights, k * stride), at(x, offsets[k]), g.channel, apart)
    store_rows(tile, sums, g.sums_pitch, apart)


@kernel
def product_narrow(g, offsets, weights, stride, x, sums):  # type: ignore[no-untyped-def]
    """Compute a register tile of sums, one vector wide."""
    tile = narrow_zeros(g)
    for k in range(g.taps):
        tile = multiply_rows(tile, at(weights, k * stride), at(x, offsets[k]), g.channel, 0)
    store_rows(tile, sums, g.sums_pitch, 0)


@kernel
def finish_row(g, bias, residual, out, sums, n, row, first, channels):  # type: ignore[no-untyped-def]
    """Apply the epilogue to a row of sums and store it."""
    stay_whole()
    per_shuffle = g.channels // g.shuffle
    for c in range(first, first + channels):
        stored = c % per_shuffle * g.shuffle + c // per_shuffle
        to = (n * g.channels + stored) * g.positions + row * g.result_width
        added = bias[c] if g.bias else zero(bias)
        source = at(sums, (c - first) * g.sums_pitch)
        if g.residual == 0 and g.activation == 0:
            store_row(at(out, to), source, g.result_width, 1, added)
        else:
            store_row_with(
                at(out, to),
                source,
                g.result_width,
                1,
                added,
                at(residual, to),
                g.residual != 0,
                g.activation,
            )
