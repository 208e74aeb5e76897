"""Strips of x copied into planes, in which every tap reads consecutive samples.

Vectors are copied whole: what is written beyond the end of a row is overwritten by the next one,
so rows are filled in the order in which they stand.
"""

from __future__ import annotations

from ..compile import kernel
from ..simd.block import clear_vector, move_every_other, move_vector
from ..simd.memory import at, copy_strided


@kernel
def pack_planes(g, planes, x, end, tables, z0, y0, x0):  # type: ignore[no-untyped-def]
    """Fill the planes of one channel, as ``[slot z][z][slot y][y][slot x][x]``.

    Parameters
    ----------
    g : record
    planes, x : pointer
        To the channel.
    end : int
        Where all of x ends, counted from the channel.
    tables : pointer to int64
    z0, y0, x0 : int
        The results from which the planes begin.
    """
    target = planes
    for slot_z in range(g.slots_z):
        for z in range(g.layers):
            from_z = tables[g.at_z + slot_z * g.sources_z + z0 + z]
            for slot_y in range(g.slots_y):
                sources = at(tables, g.at_y + slot_y * g.sources_y + y0)
                for y in range(g.lines):
                    row = (from_z * g.height + sources[y]) * g.width
                    for slot_x in range(g.slots_x):
                        if from_z < 0 or sources[y] < 0:
                            clear_row(g, target, 0, g.pitch)
                        else:
                            pack_row(g, target, at(x, row), end - row, tables, slot_x, x0)
                        target = at(target, g.pitch)


@kernel
def pack_row(g, target, source, end, tables, slot, x0):  # type: ignore[no-untyped-def]
    """Fill one row: its inside in one go, its borders by table unless they are zeros."""
    run = at(tables, g.at_runs + 2 * slot)
    table = at(tables, g.at_x + slot * g.sources_x + x0)
    first = min(max(run[0] - x0, 0), g.pitch)
    last = max(min(run[1] - x0, g.pitch), first)
    if g.zeros:
        clear_row(g, target, 0, first)
    else:
        copy_border(target, source, table, 0, first)
    if last > first:
        inside, start = at(target, first), table[first]
        rounded = (last - first + g.lanes - 1) // g.lanes * g.lanes
        if start + rounded * g.step > end or g.step > 2:
            copy_strided(inside, at(source, start), g.step, last - first)
        elif g.step == 2:
            for i in range(0, last - first, g.lanes):
                move_every_other(g, at(inside, i), at(source, start + 2 * i))
        else:
            for i in range(0, last - first, g.lanes):
                move_vector(g, at(inside, i), at(source, start + i))
    if g.zeros:
        clear_row(g, target, last, g.pitch)
    else:
        copy_border(target, source, table, last, g.pitch)


@kernel(inline=True)
def clear_row(g, target, first, last):  # type: ignore[no-untyped-def]
    """Write zeros from `first` to `last`, and up to a vector more."""
    for i in range(first, last, g.lanes):
        clear_vector(g, at(target, i))


@kernel(inline=True)
def copy_border(target, source, table, first, last):  # type: ignore[no-untyped-def]
    """Fill positions `first` to `last` of a row, whose sources may be anywhere or nowhere."""
    for i in range(first, last):
        target[i] = 0
        if table[i] >= 0:
            target[i] = source[table[i]]
