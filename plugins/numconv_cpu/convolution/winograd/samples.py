"""From samples to points: tiles of the given array, channel by channel, transformed.

The samples that a run of tiles sees are copied with their padding, one vector of channels at a
time, to ``[row][position][channel]``; so the transform works on whole vectors whatever the
image's width. On the way the absolute values of each position are added up over the channels:
they tell whether the transform, which mixes the samples of a tile, is accurate there.
"""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from .transforms import transform_input
from .vectors import pack_square

# How many times what one output sees a tile may hold in all. The larger, the less accurate; even
# noise reaches 9 where a tile hangs over the border.
UNEVEN = 100


@kernel
def transform_tiles(first, last, group, x, target, own, memory, tables, g, limit):  # type: ignore[no-untyped-def]
    """Transform tiles `first` to `last` of a group, all of one block.

    Parameters
    ----------
    target : pointer
        To the block's transformed samples, ``[point][channel block][tile][channel]``.
    own : pointer
        To the worker's memory.
    limit : float
        What the samples of a tile may add up to.
    """
    stay_whole()
    f = first
    while f < last:
        tx = f % g.tiles_x
        run = min(last - f, g.tiles_x - tx)
        ty, n = f // g.tiles_x % g.tiles_y, f // (g.tiles_x * g.tiles_y)
        width = (run - 1) * g.side + g.patch
        patch, sums = at(own, g.own_patch), at(own, g.own_sums)
        clear(sums, g.patch * width)
        place = at(target, f % g.block * g.lanes)
        for block in range(g.given_blocks):
            channel = (n * g.groups + group) * g.given_channels + block * g.lanes
            channels = min(g.lanes, g.given_channels - block * g.lanes)
            plane = at(x, channel * g.given_height * g.given_width)
            pack_patch(patch, sums, plane, tables, g, ty, tx * g.side, width, channels)
            for t in range(run):
                transform_input(
                    g,
                    at(place, (block * g.padded_block + t) * g.lanes),
                    g.sample_point,
                    at(patch, t * g.side * g.lanes),
                    width * g.lanes,
                )
        masks = at(memory, g.at_masks + group * g.tiles + f)
        for t in range(run):
            mask = check_tile(at(sums, t * g.side), width, g, ty, tx + t, limit)
            if mask < 0:
                memory[n + 1] = 1
                mask = 0
            masks[t] = mask
        f += run


@kernel
def pack_patch(patch, sums, x, tables, g, ty, first, width, channels):  # type: ignore[no-untyped-def]
    """Copy what a run of tiles sees of some channels, and add up absolute values."""
    table = at(tables, g.at_x + first)
    begin = min(max(g.first_inside - first, 0), width)
    end = min(max(g.last_inside - first, begin), width)
    size = g.given_height * g.given_width
    for row in range(g.patch):
        target, total = at(patch, row * width * g.lanes), at(sums, row * width)
        y = tables[g.at_y + ty * g.side + row]
        if y < 0:
            clear(target, width * g.lanes)
            continue
        source = at(x, y * g.given_width)
        pack_border(target, total, source, table, g, 0, begin, channels)
        p = begin
        while p < end:
            # What is written beyond the end is zeros, and soon written over.
            place, count = at(target, p * g.lanes), min(g.lanes, end - p)
            pack_square(g, place, at(total, p), at(source, table[p]), size, channels, count)
            p += count
        pack_border(target, total, source, table, g, end, width, channels)


@kernel
def pack_border(target, sums, source, table, g, first, last, channels):  # type: ignore[no-untyped-def]
    """Copy positions of a row whose samples may be anywhere or nowhere."""
    size = g.given_height * g.given_width
    for p in range(first, last):
        clear(at(target, p * g.lanes), g.lanes)
        if table[p] >= 0:
            for c in range(channels):
                value = source[c * size + table[p]]
                target[p * g.lanes + c] = value
                sums[p] += abs(value)


@kernel
def check_tile(sums, pitch, g, ty, tx, limit):  # type: ignore[no-untyped-def]
    """Compare what a tile holds with what each of its results sees.

    Returns
    -------
    int
        Negative if the transform would not be accurate; else which results see nothing but
        zeros though the tile holds more, as bits.
    """
    total = zero(sums)
    for i in range(g.patch):
        for j in range(g.patch):
            total += sums[i * pitch + j]
    if not total <= limit:
        return -1
    if total == 0:
        return 0
    mask, least = 0, total
    for i in range(min(g.side, g.result_height - ty * g.side)):
        for j in range(min(g.side, g.result_width - tx * g.side)):
            seen = zero(sums)
            for k in range(i * pitch + j, i * pitch + j + 3):
                seen += sums[k] + sums[k + pitch] + sums[k + 2 * pitch]
            if seen == 0:
                mask |= 1 << (i * g.side + j)
            else:
                least = min(least, seen)
    return mask if total <= UNEVEN * least else -1
