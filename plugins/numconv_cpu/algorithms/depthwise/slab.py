"""A slab: a block of one channel with its padding, copied to where vectors can be read freely.

Its rows are laid out as ``[phase z][z][phase y][y][phase x][x]``. They consist of whole vectors,
aligned: zeros around a row are written along with its ends.
"""

from __future__ import annotations

from ...kernel.padded_reads import line_at, sample_at
from ...runtime.compile import kernel
from ...simd.columns import (
    load_between,
    load_even,
    load_even_between,
    load_third_between,
    single_zeros,
)
from ...simd.memory import at, load_biased, store_biased
from ...simd.tile import load, store

# Up to so many vectors, rows are filled vector by vector instead of row by row.
NARROW = 4


@kernel
def find_samples(sample_table, tables, g, y0, x0):  # type: ignore[no-untyped-def]
    """Write which samples the rows and columns of a block's slab are, -1 for zeros.

    All channels have the same, and to look them up takes less than to work them out.

    Parameters
    ----------
    sample_table : pointer to int64
        To room for the rows of each phase, and then for the columns of each.
    """
    for phase in range(g.phases_y):
        line, own = line_at(at(tables, g.at_y), phase, y0), at(sample_table, phase * g.lines)
        for y in range(g.lines):
            store_biased(own, y, sample_at(line, y))
    if g.zeros == 0:
        columns = min(g.columns, g.length - x0)
        for phase in range(g.phases_x):
            line = line_at(at(tables, g.at_x), phase, x0)
            own = at(sample_table, g.phases_y * g.lines + phase * g.columns)
            for x in range(columns):
                store_biased(own, x, sample_at(line, x))


@kernel
def fill_slabs(slabs, given, tables, sample_table, g, count, z0, x0):  # type: ignore[no-untyped-def]
    """Copy what the results of a block read, of `count` channels.

    Parameters
    ----------
    slabs : pointer
    given : pointer
        To the first channel.
    tables, sample_table : pointer to int64
        What `find_samples` wrote for this block is in `sample_table`.
    g : record of `plan.SlabArguments`
    z0, x0 : int
        The first of the results along z and x.
    """
    columns = min(g.columns, g.length - x0)
    for phase_x in range(g.phases_x):
        table = at(sample_table, g.phases_y * g.lines + phase_x * g.columns)
        first = max(min(tables[g.at_runs + 2 * phase_x] - x0, columns), 0)
        last = max(min(tables[g.at_runs + 2 * phase_x + 1] - x0, columns), first)
        # Where position 0 would be read, if all the row were inside.
        row = line_at(at(tables, g.at_x), phase_x, x0)
        begin = row.first if last > first else 0
        target = at(slabs, phase_x * g.pitch)
        for channel in range(count):
            for phase_z in range(g.phases_z):
                for z in range(g.layers):
                    from_z = sample_at(line_at(at(tables, g.at_z), phase_z, z0), z)
                    layer = at(given, (channel * g.depth + from_z) * g.height * g.width + begin)
                    for phase_y in range(g.phases_y):
                        sources = at(sample_table, phase_y * g.lines)
                        if from_z < 0:
                            # Nothing is read where nothing is inside.
                            fill_lines(target, given, sources, 0, 0, columns, g)
                        else:
                            fill_lines(target, layer, sources, first, last, columns, g)
                            if not g.zeros:
                                fill_borders(
                                    *(target, layer, sources, table, begin),
                                    *(first, last, columns, g),
                                )
                        target = at(target, g.lines * g.phases_x * g.pitch)


@kernel(inline=True)
def fill_lines(target, layer, sources, first, last, columns, g):  # type: ignore[no-untyped-def]
    """Fill the rows of one phase: positions `first` to `last` from a layer, the rest with zeros."""
    if columns <= NARROW * g.lanes and g.step <= 2:
        i = 0
        while i < columns:
            source = at(layer, g.step * i)
            fill_column(at(target, i), source, sources, first - i, last - i, g)
            i += g.lanes
        return
    # Read before the loop, for the compiler cannot know that what is written is not the record.
    apart, width = g.phases_x * g.pitch, g.width
    for y in range(g.lines):
        if load_biased(sources, y) < 0:
            fill_row(at(target, y * apart), layer, 0, 0, columns, g)
        else:
            row = at(layer, load_biased(sources, y) * width)
            fill_row(at(target, y * apart), row, first, last, columns, g)


@kernel(inline=True)
def fill_column(target, layer, sources, first, last, g):  # type: ignore[no-untyped-def]
    """Fill one vector of each row. All have the same masks, which stay in registers."""
    vector = single_zeros(g)
    apart, width = g.phases_x * g.pitch, g.width
    whole = first <= 0 and last > g.lanes
    for y in range(g.lines):
        samples = vector
        if load_biased(sources, y) >= 0:
            source = at(layer, load_biased(sources, y) * width)
            if g.step == 1:
                if whole:
                    samples = load(vector, source, 0)
                else:
                    samples = load_between(vector, source, first, last)
            elif whole:
                samples = load_even(vector, source)
            else:
                samples = load_even_between(vector, source, first, last)
        store(samples, at(target, y * apart), 0)


@kernel
def fill_borders(target, layer, sources, table, begin, first, last, columns, g):  # type: ignore[no-untyped-def]
    """Fill what is outside of `first` to `last` with samples from anywhere in the row."""
    for y in range(g.lines):
        if load_biased(sources, y) >= 0:
            row = at(layer, load_biased(sources, y) * g.width - begin)
            to = at(target, y * g.phases_x * g.pitch)
            copy_border(to, row, table, 0, first)
            copy_border(to, row, table, last, columns)


@kernel(inline=True)
def copy_border(target, source, table, first, last):  # type: ignore[no-untyped-def]
    """Fill positions `first` to `last` of a row, whose sources may be anywhere or nowhere."""
    for i in range(first, last):
        target[i] = 0
        if load_biased(table, i) >= 0:
            target[i] = source[load_biased(table, i)]


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
