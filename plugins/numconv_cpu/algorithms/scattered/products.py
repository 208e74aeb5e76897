"""Products of a block of samples with all taps of some result channels, summed over the channels.

The register tile takes 14 positions by two vectors of taps. Order of the loops: block of given
channels, tiles of taps, tiles of positions. The weights of a block and a tile are copied side by
side to the first-level cache and stay there while the positions pass; sums wait in the second.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy
from ...simd.tile import copy_row, copy_vector, fma, half_zeros, load, prefetch, store, zeros


@kernel
def multiply(  # type: ignore[no-untyped-def]
    g, begin, weights, samples, reads, sums, source, target, rows, pieces
):
    """Add `reads` products to a tile of sums, or begin them.

    Meanwhile `rows` rows of other weights, `pieces` tiles wide, are copied from `source` to
    `target`: loads that the processor would not foresee, and that multiplications leave time for.
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.tile_lanes)
    for row in range(rows):
        for piece in range(pieces):
            values = at(source, row * g.row + piece * g.tile_lanes)
            prefetch(at(values, g.ahead))
            prefetch(at(values, g.ahead + g.tile_lanes - 1))
            copy_row(g, at(target, piece * g.packed_tile + row * g.tile_lanes), values)
            c = row * pieces + piece
            tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.tile_lanes))
    for c in range(rows * pieces, reads):
        tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.tile_lanes))
    store(tile, sums, g.tile_lanes)


@kernel
def multiply_half(g, begin, weights, samples, reads, sums):  # type: ignore[no-untyped-def]
    """Do as `multiply`, for half of the positions."""
    tile = half_zeros(g)
    if not begin:
        tile = load(tile, sums, g.tile_lanes)
    for c in range(reads):
        tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.tile_lanes))
    store(tile, sums, g.tile_lanes)


@kernel
def sum_products(g, weights, samples, readable, positions, lanes, sums, panels, packed):  # type: ignore[no-untyped-def]
    """Sum the products of all given channels.

    Parameters
    ----------
    g : record with the numbers `plan.NUMBERS`
    weights : pointer
        To those of the block: (given_channels, row), or where `g.prepared`, packed as
        (tiles, given_channels, tile_lanes).
    samples : pointer
        To the first position of the group's first channel.
    readable : int
        From where on after `samples` nothing may be read.
    positions, lanes : int
        Of this block. A lane is a tap of a result channel.
    sums : pointer
        To the place of the sums, (tiles, positions in whole tiles, tile_lanes).
    panels, packed : pointer
        To the places where samples and two tiles' weights are copied.
    """
    stay_whole()
    padded = (positions + g.span - 1) // g.span * g.span
    gang_lanes = g.gang * g.tile_lanes
    here, there = packed, at(packed, g.gang * g.packed_tile)
    if not g.prepared:
        pack(g, here, weights, 0, min(g.block, g.given_channels), min(gang_lanes, lanes))
    for c in range(0, g.given_channels, g.block):
        reads = min(g.block, g.given_channels - c)
        for p in range(0, positions, g.span):
            start = c * g.positions + p
            panel = at(panels, p // g.span * g.panel_size)
            count = min(g.span, positions - p)
            gather(g, panel, at(samples, start), reads, count, readable - start)
        for first in range(0, lanes, gang_lanes):
            # The next tiles, or the first ones of the next channels.
            next_first, next_reads = first + gang_lanes, reads
            source = at(weights, c * g.row + next_first)
            if next_first >= lanes:
                next_first, next_reads = 0, min(g.block, g.given_channels - c - reads)
                source = at(weights, (c + reads) * g.row)
            next_lanes = min(gang_lanes, lanes - next_first)
            pieces = next_lanes // g.tile_lanes
            done, share = 0, 0
            if next_lanes % g.tile_lanes == 0 and 2 * positions > g.span and not g.prepared:
                share = reads // pieces
            for lane in range(first, min(first + gang_lanes, lanes), g.tile_lanes):
                tile = at(here, (lane - first) // g.tile_lanes * g.packed_tile)
                if g.prepared:
                    tile = at(weights, lane * g.given_channels + c * g.tile_lanes)
                rows = min(share, next_reads - done)
                for p in range(0, positions, g.span):
                    place = at(sums, lane * padded + p * g.tile_lanes)
                    panel = at(panels, p // g.span * g.panel_size)
                    if 2 * (positions - p) <= g.span:
                        multiply_half(g, c == 0, tile, panel, reads, place)
                        continue
                    origin, target = at(source, done * g.row), at(there, done * g.tile_lanes)
                    multiply(g, c == 0, tile, panel, reads, place, origin, target, rows, pieces)
                    done, rows = done + rows, 0
            if not g.prepared:
                pack(g, there, source, done, next_reads, next_lanes)
                here, there = there, here


@kernel
def gather(g, panel, samples, reads, count, readable):  # type: ignore[no-untyped-def]
    """Copy `count` positions of each channel side by side, and some more where they exist."""
    whole = min(max((readable - g.panel_pitch) // g.positions + 1, 0), reads)
    for v in range(0, count, g.lanes):
        for c in range(whole):
            copy_vector(g, at(panel, c * g.panel_pitch + v), at(samples, c * g.positions + v))
    for c in range(whole, reads):
        copy(at(panel, c * g.panel_pitch), at(samples, c * g.positions), count)


@kernel
def pack(g, packed, weights, first, end, lanes):  # type: ignore[no-untyped-def]
    """Copy rows `first` to `end` of some tiles, each tile's together, zeros where lanes end."""
    for lane in range(0, lanes, g.tile_lanes):
        tile = at(packed, lane // g.tile_lanes * g.packed_tile)
        for c in range(first, end):
            source, target = at(weights, c * g.row + lane), at(tile, c * g.tile_lanes)
            if lane + g.tile_lanes <= lanes:
                copy_row(g, target, source)
            else:
                clear(target, g.tile_lanes)
                copy(target, source, lanes - lane)
