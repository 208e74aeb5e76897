"""Copies of the given array into planes, and of the weights into the order they are read in."""

from __future__ import annotations

from ...kernel.padded_reads import line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy
from ...simd.runs import copy_neighbours, copy_seconds, deal_fourths, deal_seconds, deal_thirds
from ...simd.tile import store_column


@kernel
def pack_lines(planes, given, tables, g, z0, y0, first, last):  # type: ignore[no-untyped-def]
    """Fill lines `first` to `last` of one channel's planes.

    Parameters
    ----------
    planes, given : pointer
        To the channel.
    tables : pointer to int64
    g : record with the numbers `layout.PLANES`
    z0, y0 : int
        The results from which the planes begin.
    first, last : int
        Lines are counted over (z, y); of each, all slots are filled, so that neighbouring lines
        are read by neighbouring results.
    """
    stay_whole()
    line = first
    while line < last:
        # Divisions are slow: one block of lines has all but y in common.
        z = line // g.lines
        begin = line - z * g.lines
        end = min(g.lines, begin + last - line)
        for slot_z in range(g.slots_z):
            from_z = sample_at(line_at(at(tables, g.at_z), slot_z, z0), z)
            given_layer = at(given, from_z * g.height * g.width)
            layer = at(planes, (slot_z * g.layers + z) * g.layer)
            for slot_y in range(g.slots_y):
                lines = line_at(at(tables, g.at_y), slot_y, y0)
                rows = at(layer, slot_y * g.slots_x * g.lines * g.pitch)
                if g.padded:
                    for slot_x in range(g.slots_x):
                        place = (slot_x * g.lines + begin) * g.pitch
                        clear(at(rows, place), (end - begin) * g.pitch)
                if from_z >= 0:
                    pack_rows(rows, given_layer, lines, begin, end, tables, g)
        line += end - begin


@kernel
def pack_rows(rows, layer, lines, begin, end, tables, g):  # type: ignore[no-untyped-def]
    """Fill rows `begin` to `end` of every slot x with the samples there are.

    In each slot that is a run of samples `g.step` apart, and perhaps others before or after it.
    """
    runs, extras = at(tables, g.at_runs), at(tables, g.at_extras)
    # Read before the loops, for the compiler cannot know that what is written is not the record.
    width, pitch = g.width, g.pitch
    if g.dealt:
        source, places = at(layer, g.first_dealt), at(tables, g.at_places)
        deal_rows(rows, source, lines, begin, end, places, runs[1] - runs[0], g)
    else:
        for slot in range(g.slots_x):
            first, last, sample = runs[3 * slot], runs[3 * slot + 1], runs[3 * slot + 2]
            target = at(rows, slot * g.lines * g.pitch + first)
            copy_rows(target, at(layer, sample), lines, begin, end, last - first, g)
    if g.extras:
        for piece in range(g.extras):
            told = at(extras, 4 * piece)
            place, count, sample, step = told[0], told[1], told[2], told[3]
            for y in range(begin, end):
                from_y = sample_at(lines, y)
                if from_y >= 0:
                    row, source = at(rows, y * pitch + place), at(layer, from_y * width + sample)
                    for i in range(count):
                        row[i] = source[i * step]


@kernel(inline=True)
def deal_rows(rows, layer, lines, begin, end, places, count, g):  # type: ignore[no-untyped-def]
    """Deal out the samples of each row to all slots."""
    width, pitch = g.width, g.pitch
    if g.step == 2:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deal_seconds(g, at(rows, y * pitch), places, source, count)
    elif g.step == 3:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deal_thirds(g, at(rows, y * pitch), places, source, count)
    else:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deal_fourths(g, at(rows, y * pitch), places, source, count)


@kernel(inline=True)
def copy_rows(rows, layer, lines, begin, end, count, g):  # type: ignore[no-untyped-def]
    """Copy a run of samples `g.step` apart from each row."""
    width, pitch, step = g.width, g.pitch, g.step
    if step == 1:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                copy_neighbours(g, at(rows, y * pitch), source, count)
    elif step == 2:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                copy_seconds(g, at(rows, y * pitch), source, count)
    else:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                target, source = at(rows, y * pitch), at(layer, from_y * width)
                for i in range(count):
                    target[i] = source[step * i]


@kernel
def pack_weights(packed, weights, sources, g, reads, channels):  # type: ignore[no-untyped-def]
    """Write ``packed[k, row] = weights[row, sources[k]]``, with zeros in the rows that are not.

    Parameters
    ----------
    packed, weights : pointer
        To a register tile's rows.
    sources : pointer to int64
        Where each read's weight stands in a row.
    channels : int
        How many of the tile's rows there are.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    finite = True
    if channels == g.tile_channels:
        for k in range(reads):
            target = at(packed, k * g.tile_channels)
            finite &= store_column(g, target, at(weights, sources[k]), g.row_stride)
        return finite
    for k in range(reads):
        clear(at(packed, k * g.tile_channels), g.tile_channels)
        for row in range(channels):
            value = weights[row * g.row_stride + sources[k]]
            finite &= value - value == 0
            packed[k * g.tile_channels + row] = value
    return finite


@kernel
def gather_panel(panel, x, offsets, reads, valid, width):  # type: ignore[no-untyped-def]
    """Copy `valid` values of each read side by side, followed by zeros up to `width`."""
    for k in range(reads):
        copy(at(panel, k * width), at(x, offsets[k]), valid)
        clear(at(panel, k * width + valid), width - valid)
