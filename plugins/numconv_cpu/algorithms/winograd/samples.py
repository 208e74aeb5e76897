"""From samples to points: tiles of the given array, channel by channel, transformed.

The input of a run of tiles is copied with their padding, one vector of channels of a
phase at a time, to ``[row][position][channel]``; so the transform works on whole vectors whatever
the image's width. On the way the absolute values of each position are added up over the channels:
they tell whether the transform, which mixes the samples of a tile, is accurate there.
"""

from __future__ import annotations

from math import inf

from ...kernel.padded_reads import line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from .transforms import transform_input
from .vectors import pack_square, pack_square_apart

# How many times the next one a tile's largest position may be. Beside one much larger, results are
# single products, and expected to be as exact as those, whichever weight they are of.
ALONE = 2**16


@kernel
def transform_tiles(first, last, group, x, target, own, memory, tables, g):  # type: ignore[no-untyped-def]
    """Transform tiles `first` to `last` of a group, all of one block.

    Parameters
    ----------
    target : pointer
        To the block's transformed samples, ``[point][channel block][phase][tile][channel]``.
    own : pointer
        To the worker's memory.
    """
    stay_whole()
    sums = at(own, g.own_sums)
    f = first
    while f < last:
        tx = f % g.tiles_x
        run = min(last - f, g.tiles_x - tx)
        ty, plane = f // g.tiles_x % g.tiles_y, f // (g.tiles_x * g.tiles_y)
        n, z = plane // g.result_depth, plane % g.result_depth
        width = (run - 1) * g.sides_x + g.points_x
        lines = g.points_y * width
        clear(sums, g.phases * lines)
        place = at(target, f % g.block * g.lanes)
        for block in range(g.given_blocks):
            channel = (n * g.groups + group) * g.given_channels + block * g.lanes
            channels = min(g.lanes, g.given_channels - block * g.lanes)
            channel_samples = at(x, channel * g.given_depth * g.given_height * g.given_width)
            for phase in range(g.phases):
                transform_run(
                    *(phase, z, ty, tx, run, width, channels, channel_samples),
                    at(place, (block * g.phases + phase) * g.padded_block * g.lanes),
                    *(at(sums, phase * lines), at(own, g.own_patch), tables, g),
                )
        for t in range(run):
            tile_sums = at(sums, t * g.sides_x)
            masks = at(memory, g.at_masks + (group * g.tiles + f + t) * g.parts * g.sides_y)
            if not check_tile(masks, tile_sums, width, tables, g, ty, tx + t):
                memory[n + 1] = 1
        f += run


@kernel
def transform_run(phase, z, ty, tx, run, width, channels, x, target, sums, patch, tables, g):  # type: ignore[no-untyped-def]
    """Transform one phase of some channels of a run of tiles."""
    phase_z, phase_y = phase // (g.phases_y * g.phases_x), phase // g.phases_x % g.phases_y
    phase_x = phase % g.phases_x
    from_z = sample_at(line_at(at(tables, g.at_z), phase_z, 0), z)
    lines = line_at(at(tables, g.at_y), phase_y, ty * g.sides_y)
    if from_z < 0:
        clear(patch, g.points_y * width * g.lanes)
    else:
        plane = at(x, from_z * g.given_height * g.given_width)
        pack_patch(patch, sums, plane, lines, phase_x, tx * g.sides_x, width, channels, tables, g)
    for t in range(run):
        transform_input(
            g,
            at(target, t * g.lanes),
            g.sample_point,
            at(patch, t * g.sides_x * g.lanes),
            width * g.lanes,
        )


@kernel
def pack_patch(patch, sums, x, lines, phase, first, width, channels, tables, g):  # type: ignore[no-untyped-def]
    """Copy the input of a run of tiles, of some channels, and add up absolute values."""
    line = line_at(at(tables, g.at_x), phase, first)
    begin = min(max(tables[g.at_runs + 2 * phase] - first, 0), width)
    end = min(max(tables[g.at_runs + 2 * phase + 1] - first, begin), width)
    size = g.given_depth * g.given_height * g.given_width
    for row in range(g.points_y):
        target, total = at(patch, row * width * g.lanes), at(sums, row * width)
        from_y = sample_at(lines, row)
        if from_y < 0:
            clear(target, width * g.lanes)
            continue
        source = at(x, from_y * g.given_width)
        pack_border(target, total, source, line, size, 0, begin, channels, g)
        p = begin
        while p < end:
            # What is written beyond the end is zeros, and soon written over.
            count = min(g.lanes, end - p)
            place, samples = at(target, p * g.lanes), at(source, line.first + p * line.step)
            if g.step == 1:
                pack_square(g, place, at(total, p), samples, size, channels, count)
            else:
                pack_square_apart(g, place, at(total, p), samples, size, channels, count)
            p += count
        pack_border(target, total, source, line, size, end, width, channels, g)


@kernel
def pack_border(target, sums, source, line, size, first, last, channels, g):  # type: ignore[no-untyped-def]
    """Copy positions of a row whose samples may be anywhere or nowhere."""
    for p in range(first, last):
        clear(at(target, p * g.lanes), g.lanes)
        sample = sample_at(line, p)
        if sample >= 0:
            for c in range(channels):
                value = source[c * size + sample]
                target[p * g.lanes + c] = value
                sums[p] += abs(value)


@kernel
def check_tile(masks, sums, width, tables, g, ty, tx):  # type: ignore[no-untyped-def]
    """Compare the sum of a tile's input with the sum over the window of each of its results.

    For each part and row of the tile, a mask says, as bits, which results have nothing but zeros
    in their windows though the tile has more.

    Returns
    -------
    bool
        Whether the transform is accurate.
    """
    clear(masks, g.parts * g.sides_y)
    total, least, most, second = zero(sums), zero(sums) + inf, zero(sums), zero(sums)
    for row in range(g.phases * g.points_y):
        for j in range(g.points_x):
            each = sums[row * width + j]
            total += each
            least = min(least, each)
            second = max(second, min(most, each))
            most = max(most, each)
    if not total <= g.most_samples or (second > 0 and most > ALONE * second):
        return False
    if total <= g.uneven * least:
        return True
    for part in range(g.parts):
        part_y, part_x = part // g.parts_x, part % g.parts_x
        for i in range(g.sides_y):
            y = (ty * g.sides_y + i) * g.parts_y + part_y + g.first_y
            mask = 0
            for j in range(g.sides_x):
                x = (tx * g.sides_x + j) * g.parts_x + part_x + g.first_x
                if 0 <= y < g.result_height and 0 <= x < g.result_width:
                    seen = add_seen(at(sums, i * width + j), part_y, part_x, width, tables, g)
                    if seen == 0:
                        mask |= 1 << j
                    elif total > g.uneven * seen:
                        return False
            masks[part * g.sides_y + i] = mask
    return True


@kernel
def add_seen(sums, part_y, part_x, width, tables, g):  # type: ignore[no-untyped-def]
    """Return the sum over the window of one result."""
    seen = zero(sums)
    for phase in range(g.phases):
        rows = tables[g.at_seen_y + part_y * g.phases_y + phase // g.phases_x % g.phases_y]
        columns = tables[g.at_seen_x + part_x * g.phases_x + phase % g.phases_x]
        for i in range(rows):
            for j in range(columns):
                seen += sums[(phase * g.points_y + i) * width + j]
    return seen
