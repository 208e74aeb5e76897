"""Copies of the given array into planes, and of the weights into the order they are read in."""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, clear, copy
from ..simd.runs import copy_neighbours, copy_seconds
from ..simd.tile import store_column


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
        The outputs from which the planes begin.
    first, last : int
        Lines are counted over (slot z, z, slot y, y); of each, every slot x is filled.
    """
    line = first
    while line < last:
        # Divisions are slow: one block of lines has all but y in common.
        block = line // g.lines
        slot_y, z = block % g.slots_y, block // g.slots_y
        slot_z = z // g.layers
        from_z = tables[g.at_z + slot_z * g.sources_z + z0 + z - slot_z * g.layers]
        sources_y = at(tables, g.at_y + slot_y * g.sources_y + y0)
        rows = at(planes, z * g.layer + slot_y * g.slots_x * g.lines * g.pitch)
        begin = line - block * g.lines
        end = min(g.lines, begin + last - line)
        for slot_x in range(g.slots_x):
            targets = at(rows, slot_x * g.lines * g.pitch)
            pack_rows(targets, given, sources_y, from_z, begin, end, slot_x, tables, g)
        line += end - begin


@kernel
def pack_rows(targets, given, sources_y, from_z, begin, end, slot, tables, g):  # type: ignore[no-untyped-def]
    """Fill rows `begin` to `end` of a slot: zeros first, then the insides, then other borders."""
    first = tables[g.at_runs + 2 * slot]
    last = max(min(tables[g.at_runs + 2 * slot + 1], g.pitch), first)
    table = at(tables, g.at_x + slot * g.length)
    clear(at(targets, begin * g.pitch), (end - begin) * g.pitch)
    if from_z < 0:
        return
    given = at(given, from_z * g.height * g.width)
    inside = at(given, table[first])
    if g.step == 1:
        for y in range(begin, end):
            if sources_y[y] >= 0:
                target = at(targets, y * g.pitch + first)
                copy_neighbours(g, target, at(inside, sources_y[y] * g.width), last - first)
    elif g.step == 2:
        for y in range(begin, end):
            if sources_y[y] >= 0:
                target = at(targets, y * g.pitch + first)
                copy_seconds(g, target, at(inside, sources_y[y] * g.width), last - first)
    else:
        for y in range(begin, end):
            if sources_y[y] >= 0:
                target, source = at(targets, y * g.pitch), at(inside, sources_y[y] * g.width)
                for i in range(last - first):
                    target[first + i] = source[g.step * i]
    if g.borders:
        for y in range(begin, end):
            if sources_y[y] >= 0:
                target, source = at(targets, y * g.pitch), at(given, sources_y[y] * g.width)
                copy_border(target, source, table, 0, first)
                copy_border(target, source, table, last, g.pitch)


@kernel(inline=True)
def copy_border(target, source, table, first, last):  # type: ignore[no-untyped-def]
    """Fill positions `first` to `last` of a row, whose sources may be anywhere or nowhere."""
    for i in range(first, last):
        target[i] = 0
        if table[i] >= 0:
            target[i] = source[table[i]]


@kernel
def pack_weights(packed, weights, sources, g, reads, rows):  # type: ignore[no-untyped-def]
    """Write ``packed[k, row] = weights[row, sources[k]]``, with zeros in the rows that are not.

    Parameters
    ----------
    packed, weights : pointer
        To a register tile's rows.
    sources : pointer to int64
        Where each read's weight stands in a row.
    rows : int
        How many of the tile's rows there are.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    finite = True
    if rows == g.rows:
        for k in range(reads):
            target = at(packed, k * g.rows)
            finite &= store_column(g, target, at(weights, sources[k]), g.row_stride)
        return finite
    for k in range(reads):
        clear(at(packed, k * g.rows), g.rows)
        for row in range(rows):
            value = weights[row * g.row_stride + sources[k]]
            finite &= value - value == 0
            packed[k * g.rows + row] = value
    return finite


@kernel
def gather_panel(panel, x, offsets, reads, valid, width):  # type: ignore[no-untyped-def]
    """Copy `valid` values of each read side by side, followed by zeros up to `width`."""
    for k in range(reads):
        copy(at(panel, k * width), at(x, offsets[k]), valid)
        clear(at(panel, k * width + valid), width - valid)
