"""A slab: a block of one channel with its padding, copied to where vectors can be read freely.

Its rows are laid out as ``[slot z][z][slot y][y][slot x][x]``, in the order in which they are
written: whole vectors, whose ends the next row overwrites.
"""

from __future__ import annotations

from ..compile import kernel
from ..simd.columns import load_even, load_even_start, load_start, single_zeros
from ..simd.memory import at
from ..simd.tile import load, store
from .pack import copy_border


@kernel
def fill_slab(slab, given, tables, g, z0, y0, x0):  # type: ignore[no-untyped-def]
    """Copy what the results from (z0, y0, x0) on read.

    Parameters
    ----------
    slab : pointer
    given : pointer
        To the channel.
    tables : pointer to int64
    g : record with the numbers `strips.SLAB`
    """
    target = slab
    columns = min(g.columns, g.length - x0)
    for slot_z in range(g.slots_z):
        for z in range(g.layers):
            from_z = tables[g.at_z + slot_z * g.sources_z + z0 + z]
            for slot_y in range(g.slots_y):
                sources = at(tables, g.at_y + slot_y * g.sources_y + y0)
                for y in range(g.lines):
                    source = at(given, (from_z * g.height + sources[y]) * g.width)
                    outside = from_z < 0 or sources[y] < 0
                    for slot_x in range(g.slots_x):
                        fill_row(target, source, tables, g, slot_x, x0, columns, outside)
                        target = at(target, g.pitch)


@kernel(inline=True)
def fill_row(target, source, tables, g, slot, x0, columns, outside):  # type: ignore[no-untyped-def]
    """Fill one row: its inside by vectors, its borders with zeros or by table."""
    table = at(tables, g.at_x + slot * g.length + x0)
    first = max(min(tables[g.at_runs + 2 * slot] - x0, columns), 0)
    last = max(min(tables[g.at_runs + 2 * slot + 1] - x0, columns), first)
    if outside:
        fill_zeros(target, 0, columns, g)
        return
    if g.zeros:
        fill_zeros(target, 0, first, g)
    end = first
    if last > first:
        inside = at(source, table[first])
        end += copy_inside(at(target, first), inside, last - first, g)
    if g.zeros:
        fill_zeros(target, end, columns, g)
    else:
        copy_border(target, source, table, 0, first)
        copy_border(target, source, table, last, columns)


@kernel(inline=True)
def fill_zeros(target, first, last, g):  # type: ignore[no-untyped-def]
    """Write zeros from `first` to `last` and up to a vector further."""
    for i in range(first, last, g.lanes):
        store(single_zeros(g), at(target, i), 0)


@kernel(inline=True)
def copy_inside(target, source, count, g):  # type: ignore[no-untyped-def]
    """Copy `count` samples `g.step` apart, add zeros to a whole vector, return how many in all."""
    vector = single_zeros(g)
    i = 0
    if g.step == 1:
        while i + g.lanes <= count:
            store(load(vector, at(source, i), 0), at(target, i), 0)
            i += g.lanes
        if i < count:
            store(load_start(vector, at(source, i), count - i), at(target, i), 0)
            i += g.lanes
    elif g.step == 2:
        # The last value is a sample, but the one after it need not exist.
        while i + g.lanes < count:
            store(load_even(vector, at(source, 2 * i)), at(target, i), 0)
            i += g.lanes
        store(load_even_start(vector, at(source, 2 * i), count - i), at(target, i), 0)
        i += g.lanes
    else:
        while i < count:
            target[i] = source[g.step * i]
            i += 1
    return i
