"""Products of a block of samples with all taps of some result channels, summed over the channels.

A matrix product: M are the taps of all result channels of a group, N the positions of the given
array, K the given channels. The register tile takes NR = 14 positions by MR, two vectors of taps.
The loops: blocks of KC given channels; inside, tiles of MR taps; inside, tiles of NR positions. A
panel of weights, (KC, MR), is copied to the first-level cache and stays there while the positions
pass; sums wait in the second.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy
from ...simd.tile import copy_row, copy_vector, fma, half_zeros, load, prefetch, store, zeros


@kernel
def micro_kernel(  # type: ignore[no-untyped-def]
    g, begin, weights, samples, kc, sums, source, target, rows, pieces
):
    """Add `kc` products to each of NR x MR sums, or begin them with the first `kc`.

    Meanwhile `rows` rows of other weights, `pieces` tiles wide, are copied from `source` to
    `target`: loads that the processor would not foresee, and that multiplications leave time for.
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.MR)
    for row in range(rows):
        for piece in range(pieces):
            values = at(source, row * g.row + piece * g.MR)
            prefetch(at(values, g.ahead))
            prefetch(at(values, g.ahead + g.MR - 1))
            copy_row(g, at(target, piece * g.packed_tile + row * g.MR), values)
            c = row * pieces + piece
            tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.MR))
    for c in range(rows * pieces, kc):
        tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.MR))
    store(tile, sums, g.MR)


@kernel
def micro_kernel_half(g, begin, weights, samples, kc, sums):  # type: ignore[no-untyped-def]
    """Do as `micro_kernel`, for half of the positions."""
    tile = half_zeros(g)
    if not begin:
        tile = load(tile, sums, g.MR)
    for c in range(kc):
        tile = fma(tile, at(samples, c * g.panel_pitch), at(weights, c * g.MR))
    store(tile, sums, g.MR)


@kernel
def macro_kernel(g, weights, samples, readable, positions, lanes, sums, panels, packed):  # type: ignore[no-untyped-def]
    """Sum the products of all given channels.

    Parameters
    ----------
    g : record of `arguments.ScatteredArguments`
    weights : pointer
        To those of the block: (given_channels, row), or where `g.prepared`, packed as
        (tiles, given_channels, MR).
    samples : pointer
        To the first position of the group's first channel.
    readable : int
        From where on after `samples` nothing may be read.
    positions, lanes : int
        Of this block. A lane is a tap of a result channel.
    sums : pointer
        To the place of the sums, (tiles, positions in whole tiles, MR).
    panels, packed : pointer
        To the places where samples and two tiles' weights are copied.
    """
    stay_whole()
    padded = (positions + g.NR - 1) // g.NR * g.NR
    lanes_at_once = g.tiles_at_once * g.MR
    here, there = packed, at(packed, g.tiles_at_once * g.packed_tile)
    if not g.prepared:
        pack_weights(g, here, weights, 0, min(g.KC, g.given_channels), min(lanes_at_once, lanes))
    for c in range(0, g.given_channels, g.KC):
        kc = min(g.KC, g.given_channels - c)
        for p in range(0, positions, g.NR):
            start = c * g.positions + p
            panel = at(panels, p // g.NR * g.panel_size)
            count = min(g.NR, positions - p)
            pack_samples(g, panel, at(samples, start), kc, count, readable - start)
        for first in range(0, lanes, lanes_at_once):
            # The next tiles, or the first ones of the next channels.
            next_first, next_kc = first + lanes_at_once, kc
            source = at(weights, c * g.row + next_first)
            if next_first >= lanes:
                next_first, next_kc = 0, min(g.KC, g.given_channels - c - kc)
                source = at(weights, (c + kc) * g.row)
            next_lanes = min(lanes_at_once, lanes - next_first)
            pieces = next_lanes // g.MR
            done, share = 0, 0
            if next_lanes % g.MR == 0 and 2 * positions > g.NR and not g.prepared:
                share = kc // pieces
            for lane in range(first, min(first + lanes_at_once, lanes), g.MR):
                tile = at(here, (lane - first) // g.MR * g.packed_tile)
                if g.prepared:
                    tile = at(weights, lane * g.given_channels + c * g.MR)
                rows = min(share, next_kc - done)
                for p in range(0, positions, g.NR):
                    place = at(sums, lane * padded + p * g.MR)
                    panel = at(panels, p // g.NR * g.panel_size)
                    if 2 * (positions - p) <= g.NR:
                        micro_kernel_half(g, c == 0, tile, panel, kc, place)
                        continue
                    origin, target = at(source, done * g.row), at(there, done * g.MR)
                    micro_kernel(g, c == 0, tile, panel, kc, place, origin, target, rows, pieces)
                    done, rows = done + rows, 0
            if not g.prepared:
                pack_weights(g, there, source, done, next_kc, next_lanes)
                here, there = there, here


@kernel
def pack_samples(g, panel, samples, kc, count, readable):  # type: ignore[no-untyped-def]
    """Copy `count` positions of each channel side by side, and some more where they exist."""
    whole = min(max((readable - g.panel_pitch) // g.positions + 1, 0), kc)
    for v in range(0, count, g.lanes):
        for c in range(whole):
            copy_vector(g, at(panel, c * g.panel_pitch + v), at(samples, c * g.positions + v))
    for c in range(whole, kc):
        copy(at(panel, c * g.panel_pitch), at(samples, c * g.positions), count)


@kernel
def pack_weights(g, packed, weights, first, end, lanes):  # type: ignore[no-untyped-def]
    """Copy rows `first` to `end` of some tiles, each tile's together, zeros where lanes end."""
    for lane in range(0, lanes, g.MR):
        tile = at(packed, lane // g.MR * g.packed_tile)
        for c in range(first, end):
            source, target = at(weights, c * g.row + lane), at(tile, c * g.MR)
            if lane + g.MR <= lanes:
                copy_row(g, target, source)
            else:
                clear(target, g.MR)
                copy(target, source, lanes - lane)
