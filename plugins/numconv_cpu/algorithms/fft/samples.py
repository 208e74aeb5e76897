"""Samples of the given array: packed into blocks with their padding, and measured on the way."""

from __future__ import annotations

from math import sqrt

from ...kernel.padded_reads import copy_before, copy_behind, line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, zero


@kernel
def pack_row(target, source, axis, first, count, g):  # type: ignore[no-untyped-def]
    """Copy `count` samples of a padded row from position `first`, with zeros beyond its end."""
    begin = min(max(g.first_inside - first, 0), count)
    end = min(max(g.last_inside - first, begin), count)
    beyond = min(max(g.padded_width - first, end), count)
    line = line_at(axis, 0, first)
    copy_before(target, source, line, 0, begin)
    if end > begin:
        copy(at(target, begin), at(source, line.first + begin), end - begin)
    copy_behind(target, source, line, end, beyond)
    clear(at(target, beyond), count - beyond)


@kernel
def pack_block(block, cells, band, largest, x, number, tables, g):  # type: ignore[no-untyped-def]
    """Copy the samples of a block, of one channel, and add up their absolute values in cells.

    Parameters
    ----------
    cells : pointer
        To a number for each cell of the block, which grows by the absolute values in it.
    band : pointer
        To room for a row.
    largest : pointer
        To the largest absolute value so far in each column.
    number : int
        Of the block in its image; there may be none of that number.
    """
    stay_whole()
    first_y, first_x = number // g.counts_x * g.steps_y, number % g.counts_x * g.steps_x
    clear(band, g.columns)
    for row in range(g.rows):
        target = at(block, row * g.pitch)
        y = first_y + row * g.row_step_y
        source = -1
        if number < g.image_blocks and y < g.padded_height:
            source = sample_at(line_at(at(tables, g.at_y), 0, 0), y)
        if source < 0:
            clear(target, g.columns)
        else:
            plane, first = at(x, source * g.given_size_x), first_x + row * g.row_step_x
            pack_row(target, plane, at(tables, g.at_x), first, g.columns, g)
            for p in range(g.columns):
                size = abs(target[p])
                band[p] += size
                largest[p] = size if size > largest[p] else largest[p]
        if (row + 1) % g.cell_y == 0 or row + 1 == g.rows:
            line = at(cells, row * g.row_step_y // g.cell_y * g.cells_x)
            add_to_cells(line, band, row * g.row_step_x, g)
            clear(band, g.columns)


@kernel
def add_to_cells(cells, band, first, g):  # type: ignore[no-untyped-def]
    """Add the numbers of a band, whose first one is at position `first`, to their cells."""
    begin = 0
    while begin < g.columns:
        cell = (first + begin) // g.cell_x
        end = min((cell + 1) * g.cell_x - first, g.columns)
        part = zero(band)
        for p in range(begin, end):
            part += band[p]
        cells[cell] += part
        begin = end


@kernel
def sum_windows(window_sums, cells, cell_rows, g):  # type: ignore[no-untyped-def]
    """Write the window sum of each square of results: of the cells that all its windows share.

    Parameters
    ----------
    cell_rows : pointer
        To room for as many numbers as there are cells.
    """
    stay_whole()
    height, width = g.cells_y - g.whole_y + 1, g.cells_x - g.whole_x + 1
    clear(cell_rows, height * g.cells_x)
    for i in range(height):
        for k in range(g.whole_y):
            for j in range(g.cells_x):
                cell_rows[i * g.cells_x + j] += cells[(i + k) * g.cells_x + j]
    clear(window_sums, height * width)
    for i in range(height):
        for k in range(g.whole_x):
            for j in range(width):
                window_sums[i * width + j] += cell_rows[i * g.cells_x + j + k]


@kernel
def least_window_sum(total, largest, g):  # type: ignore[no-untyped-def]
    """Return the least window sum of a result whose error is as small as promised.

    Returns
    -------
    float
        Negative if no result is accurate, as samples are not finite, too large or too small.
    """
    most = 0.0
    for p in range(g.columns):
        most = max(most, float(largest[p]))
    if total == 0:
        return 0.0
    if not g.least <= total <= g.most:
        return -1.0
    return g.share * sqrt(most) * sqrt(total)
