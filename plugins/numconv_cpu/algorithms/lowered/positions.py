"""Sums of products with positions in the lanes of the vectors, result channels in the rows.

Order of the loops: block of reads, positions, result channels. A block of about 150 reads of one
tile of positions stays in the first-level cache while the result channels' weights stream past it
from the second level; the sums wait meanwhile in a scratch that fits there too. The order in which
one result is summed depends on its reads alone: not on threads, batch or where its tile lies.
"""

from __future__ import annotations

from ...kernel.epilogue import store_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.columns import rectify
from ...simd.compact import store_compact
from ...simd.memory import at, clear, zero
from ...simd.tile import add_rows, fma, load, narrow_zeros, store, zeros
from .pack import gather_panel


@kernel
def product_tile(g, begin, weights, x, offsets, reads, sums, stride):  # type: ignore[no-untyped-def]
    """Add `reads` products to a tile of sums, or begin them."""
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(reads):
        tile = fma(tile, at(weights, k * g.tile_channels), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def product_last(  # type: ignore[no-untyped-def]
    g, begin, weights, x, offsets, reads, sums, bias, out, first, end
):
    """Do as `product_tile` with the last reads, and write positions up to `end` to the result."""
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.scratch_pitch)
    for k in range(reads):
        tile = fma(tile, at(weights, k * g.tile_channels), at(x, offsets[k]))
    tile = add_rows(tile, bias)
    if g.activation:
        tile = rectify(tile)
    size = g.result_depth * g.result_height * g.result_width
    store_compact(tile, out, g.shuffle * size, first, end, g.pitch, g.result_width)


@kernel
def product_narrow(g, begin, weights, x, offsets, reads, sums, stride):  # type: ignore[no-untyped-def]
    """Do as `product_tile`, one vector wide."""
    tile = narrow_zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(reads):
        tile = fma(tile, at(weights, k * g.tile_channels), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def product_block(  # type: ignore[no-untyped-def]
    g,
    weights,
    reads,
    x,
    offsets,
    positions,
    readable,
    tiles,
    sums,
    panel,
    identity,
    bias,
    out,
    first,
    straight,
):
    """Sum all reads of a block of positions and a block of result channels.

    Parameters
    ----------
    g : record with the numbers `layout.PRODUCT`
    weights : pointer
        To packed weights, (tiles, reads, tile_channels).
    x : pointer
        To the first position's place in the planes.
    offsets : pointer to int64
    positions, tiles : int
        Of this block. A tile is `g.tile_channels` result channels.
    readable : int
        From which position on nothing may be read.
    sums : pointer
        To the scratch, (tiles * tile_channels, g.scratch_pitch).
    panel, identity : pointer
        To the place where reads are gathered, and the offsets they then have.
    bias, out : pointer
        Of the block's first result channel.
    first : int
        The block's first position.
    straight : int
        How many of the tiles, where they are as wide as a register tile, are written to `out`.
    """
    apart = g.shuffle * g.result_depth * g.result_height * g.result_width
    for k in range(0, max(reads, 1), g.block):
        taps = min(g.block, reads - k)
        p = 0
        while p < positions:
            narrow = positions - p <= g.narrow
            width = g.lanes if narrow else g.span
            source, table = at(x, p), at(offsets, k)
            if g.panel or p + width > readable:
                gather_panel(panel, source, table, taps, min(width, readable - p), width)
                source = panel
                table = at(identity, g.block) if narrow else identity
            for t in range(tiles):
                part = at(weights, (t * reads + k) * g.tile_channels)
                place = at(sums, t * g.tile_channels * g.scratch_pitch + p)
                if t < straight and not narrow and k + taps == reads:
                    added = at(bias, t * g.tile_channels) if g.bias else bias
                    target = at(out, t * g.tile_channels * apart)
                    p0, p1 = first + p, first + positions
                    product_last(g, k == 0, part, source, table, taps, place, added, target, p0, p1)
                elif narrow:
                    product_narrow(g, k == 0, part, source, table, taps, place, g.scratch_pitch)
                else:
                    product_tile(g, k == 0, part, source, table, taps, place, g.scratch_pitch)
            p += width


@kernel
def compute_positions(g, part, task, planes, arrays):  # type: ignore[no-untyped-def]
    """Compute a block of positions of a block of result channels.

    Parameters
    ----------
    g, part : record
    task : layout.Task
    planes : pointer
        To those of the group's first channel.
    arrays : layout.Arrays
    """
    stay_whole()
    memory, bias, z = arrays.memory, arrays.bias, task.z
    first = task.block * part.position_tiles // part.position_blocks * g.span
    end = (task.block + 1) * part.position_tiles // part.position_blocks * g.span
    positions = min(end, part.positions) - first
    tile = task.tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    weights = arrays.weight if g.prepared else at(memory, g.at_weights)
    sums = at(memory, g.at_scratch + task.worker * g.scratch)
    channels = g.groups * g.result_channels
    per_shuffle = channels // g.shuffle
    size = g.result_depth * g.result_height * g.result_width
    co = task.group * g.result_channels + tile * g.tile_channels
    rows = min(tiles * g.tile_channels, g.result_channels - tile * g.tile_channels)
    straight = rows // g.tile_channels if g.straight else 0
    nothing = at(sums, g.scratch - g.tile_channels)
    clear(nothing, g.tile_channels)
    shuffled = co % per_shuffle * g.shuffle + co // per_shuffle
    layer = (task.n * channels + shuffled) * size + z * g.result_height * g.result_width
    product_block(
        g,
        at(weights, part.at_weights + (task.group * g.tiles + tile) * part.reads * g.tile_channels),
        part.reads,
        at(planes, z * g.layer + first),
        at(arrays.tables, part.at_offsets),
        positions,
        part.positions - first if g.in_place else positions + g.span,
        tiles,
        sums,
        at(memory, g.at_panels + task.worker * g.panels),
        at(arrays.tables, g.at_panel),
        at(bias, co) if g.bias else nothing,
        at(arrays.out, layer),
        first,
        straight,
    )
    left = positions % g.span
    left = left if left <= g.narrow else 0
    for row in range(rows):
        done = positions - left if row < straight * g.tile_channels else 0
        if positions - done > 0:
            shuffled = (co + row) % per_shuffle * g.shuffle + (co + row) // per_shuffle
            plane = (task.n * channels + shuffled) * size
            store_channel(
                g,
                part,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                bias[co + row] if g.bias else zero(bias),
                at(sums, row * g.scratch_pitch + done),
                z,
                first + done,
                first + positions,
            )
