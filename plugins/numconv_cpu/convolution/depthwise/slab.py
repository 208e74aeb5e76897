"""A slab: a block of one channel with its padding, copied to where vectors can be read freely.

Its rows are laid out as ``[slot z][z][slot y][y][slot x][x]``. They consist of whole vectors,
aligned: zeros around a row are written along with its ends.
"""

from __future__ import annotations

from ...compile import kernel
from ...lines import line_at, run_of, sample_at
from ...simd.columns import (
    load_between,
    load_even,
    load_even_between,
    load_third_between,
    single_zeros,
)
from ...simd.memory import at
from ...simd.tile import load, store

# Up to so many vectors, rows are filled vector by vector instead of row by row.
NARROW = 4


@kernel
def fill_slabs(slabs, given, tables, g, count, z0, y0, x0):  # type: ignore[no-untyped-def]
    """Copy what the results from (z0, y0, x0) on read, of `count` channels.

    Parameters
    ----------
    slabs : pointer
    given : pointer
        To the first channel.
    tables : pointer to int64
    g : record with the numbers `numbers.SLAB`
    """
    columns = min(g.columns, g.length - x0)
    for slot_x in range(g.slots_x):
        row = line_at(at(tables, g.at_x), slot_x, x0)
        first = max(min(tables[g.at_runs + 2 * slot_x] - x0, columns), 0)
        last = max(min(tables[g.at_runs + 2 * slot_x + 1] - x0, columns), first)
        # Where position 0 would be read, if all the row were inside.
        begin = row.first if last > first else 0
        rows = g.lines * g.slots_x * g.pitch
        slab = g.slots_z * g.layers * g.slots_y * rows
        target = at(slabs, slot_x * g.pitch)
        for slot_z in range(g.slots_z):
            for z in range(g.layers):
                from_z = sample_at(line_at(at(tables, g.at_z), slot_z, z0), z)
                layer = at(given, from_z * g.height * g.width + begin)
                for slot_y in range(g.slots_y):
                    lines = line_at(at(tables, g.at_y), slot_y, y0)
                    for channel in range(count):
                        to = at(target, channel * slab)
                        if from_z < 0:
                            # Nothing is read where nothing is inside.
                            fill_lines(to, given, lines, 0, 0, columns, g)
                            continue
                        source = at(layer, channel * g.depth * g.height * g.width)
                        fill_lines(to, source, lines, first, last, columns, g)
                        if not g.zeros:
                            fill_borders(to, source, lines, row, first, last, columns, g)
                    target = at(target, rows)


@kernel(inline=True)
def fill_lines(target, layer, lines, first, last, columns, g):  # type: ignore[no-untyped-def]
    """Fill the rows of one slot: positions `first` to `last` from a layer, the rest with zeros."""
    begin, end = run_of(lines, g.lines)
    if columns <= NARROW * g.lanes and g.step <= 2:
        i = 0
        while i < columns:
            source = at(layer, g.step * i)
            fill_column(at(target, i), source, lines, begin, end, first - i, last - i, g)
            i += g.lanes
        return
    # Read before the loop, for the compiler cannot know that what is written is not the record.
    apart, width = g.slots_x * g.pitch, g.width
    for y in range(g.lines):
        from_y = lines.first + y * lines.step
        if y < begin or y >= end:
            from_y = sample_at(lines, y)
        if from_y < 0:
            fill_row(at(target, y * apart), layer, 0, 0, columns, g)
        else:
            row = at(layer, from_y * width)
            fill_row(at(target, y * apart), row, first, last, columns, g)


@kernel(inline=True)
def fill_column(target, layer, lines, begin, end, first, last, g):  # type: ignore[no-untyped-def]
    """Fill one vector of each row. All have the same masks, which stay in registers."""
    apart, width = g.slots_x * g.pitch, g.width
    whole = first <= 0 and last > g.lanes
    if g.zeros:
        # Nothing is asked of the rows, for a small picture is filled in no time.
        for y in range(begin):
            store(single_zeros(g), at(target, y * apart), 0)
        for y in range(begin, end):
            source = at(layer, (lines.first + y * lines.step) * width)
            store(load_column(source, whole, first, last, g), at(target, y * apart), 0)
        for y in range(end, g.lines):
            store(single_zeros(g), at(target, y * apart), 0)
        return
    for y in range(g.lines):
        from_y = sample_at(lines, y)
        samples = single_zeros(g)
        if from_y >= 0:
            samples = load_column(at(layer, from_y * width), whole, first, last, g)
        store(samples, at(target, y * apart), 0)


@kernel(inline=True)
def load_column(source, whole, first, last, g):  # type: ignore[no-untyped-def]
    """Return a vector of a row's samples, all of them or those from `first` to `last`."""
    vector = single_zeros(g)
    if g.step == 1:
        if whole:
            return load(vector, source, 0)
        return load_between(vector, source, first, last)
    if whole:
        return load_even(vector, source)
    return load_even_between(vector, source, first, last)


@kernel
def fill_borders(target, layer, lines, line, first, last, columns, g):  # type: ignore[no-untyped-def]
    """Fill what is outside of `first` to `last`, column by column, where that is not zeros."""
    begin = line.first if last > first else 0
    apart, width = g.slots_x * g.pitch, g.width
    for i in range(first + columns - last):
        column = i if i < first else last + i - first
        sample = sample_at(line, column)
        if sample >= 0:
            to, source = at(target, column), at(layer, sample - begin)
            for y in range(g.lines):
                from_y = sample_at(lines, y)
                if from_y >= 0:
                    to[y * apart] = source[from_y * width]


@kernel(inline=True)
def fill_row(target, source, first, last, columns, g):  # type: ignore[no-untyped-def]
    """Fill a row with samples `g.step` apart, and outside of `first` to `last` with zeros."""
    vector = single_zeros(g)
    lanes, step, i = g.lanes, g.step, 0
    if step == 1:
        while i < columns:
            if first <= i and i + lanes <= last:
                store(load(vector, at(source, i), 0), at(target, i), 0)
            else:
                samples = load_between(vector, at(source, i), first - i, last - i)
                store(samples, at(target, i), 0)
            i += lanes
    elif step == 2:
        while i < columns:
            # The last value is a sample, but the one after it need not exist.
            if first <= i and i + lanes < last:
                store(load_even(vector, at(source, 2 * i)), at(target, i), 0)
            else:
                samples = load_even_between(vector, at(source, 2 * i), first - i, last - i)
                store(samples, at(target, i), 0)
            i += lanes
    elif step == 3:
        while i < columns:
            samples = load_third_between(vector, at(source, 3 * i), first - i, last - i)
            store(samples, at(target, i), 0)
            i += lanes
    else:
        for j in range(first):
            target[j] = 0
        for j in range(first, last):
            target[j] = source[step * j]
        for j in range(last, columns):
            target[j] = 0
