"""Sums of products with positions in the lanes of the vectors, result channels in the rows.

Order of the loops: block of reads, positions, result channels. A block of about 150 reads of one
tile of positions stays in the first-level cache while the result channels' weights stream past it
from the second level; the sums wait meanwhile in a scratch that fits there too. The order in which
one result is summed depends on its reads alone: not on threads, batch or where its tile lies.
"""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, zero
from ..simd.tile import fma, load, narrow_zeros, store, zeros
from .pack import gather_panel
from .store import store_channel


@kernel
def product_tile(g, begin, weights, x, offsets, reads, sums, stride):  # type: ignore[no-untyped-def]
    """Add `reads` products to a tile of sums, or begin them."""
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(reads):
        tile = fma(tile, at(weights, k * g.rows), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def product_narrow(g, begin, weights, x, offsets, reads, sums, stride):  # type: ignore[no-untyped-def]
    """Do as `product_tile`, one vector wide."""
    tile = narrow_zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(reads):
        tile = fma(tile, at(weights, k * g.rows), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def product_block(g, weights, reads, x, offsets, positions, readable, tiles, sums, panel, identity):  # type: ignore[no-untyped-def]
    """Sum all reads of a block of positions and a block of result channels.

    Parameters
    ----------
    g : record with the numbers `layout.PRODUCT`
    weights : pointer
        To packed weights, (tiles, reads, rows).
    x : pointer
        To the first position's place in the planes.
    offsets : pointer to int64
    positions, tiles : int
        Of this block. A tile is `g.rows` result channels.
    readable : int
        From which position on nothing may be read.
    sums : pointer
        To the scratch, (tiles * rows, g.scratch_pitch).
    panel, identity : pointer
        To the place where reads are gathered, and the offsets they then have.
    """
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
                part = at(weights, (t * reads + k) * g.rows)
                place = at(sums, t * g.rows * g.scratch_pitch + p)
                if narrow:
                    product_narrow(g, k == 0, part, source, table, taps, place, g.scratch_pitch)
                else:
                    product_tile(g, k == 0, part, source, table, taps, place, g.scratch_pitch)
            p += width


@kernel
def compute_positions(  # type: ignore[no-untyped-def]
    g, part, block, z, tile_block, group, n, planes, weight, bias, residual, out, memory, worker, tables
):
    """Compute a block of positions of a block of result channels; see `solve.block_task`."""
    first = block * part.position_block
    positions = min(part.position_block, part.positions - first)
    tile = tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    weights = weight if g.prepared else at(memory, g.at_weights)
    sums = at(memory, g.at_scratch + worker * g.scratch)
    product_block(
        g,
        at(weights, part.at_weights + (group * g.tiles + tile) * part.reads * g.rows),
        part.reads,
        at(planes, z * g.layer + first),
        at(tables, part.at_offsets),
        positions,
        part.positions - first if g.in_place else positions + g.span,
        tiles,
        sums,
        at(memory, g.at_panels + worker * g.panels),
        at(tables, g.at_panel),
    )
    channels = g.groups * g.result_channels
    per_shuffle = channels // g.shuffle
    size = g.result_depth * g.result_height * g.result_width
    for row in range(min(tiles * g.rows, g.result_channels - tile * g.rows)):
        co = group * g.result_channels + tile * g.rows + row
        shuffled = co % per_shuffle * g.shuffle + co // per_shuffle
        plane = (n * channels + shuffled) * size
        store_channel(
            g,
            part,
            at(out, plane),
            at(residual, plane),
            bias[co] if g.bias else zero(bias),
            at(sums, row * g.scratch_pitch),
            z,
            first,
            first + positions,
        )
