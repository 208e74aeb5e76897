"""The compiled filter: bands of lines of float64, in which every tap is an offset.

A task is a band of result lines, or a piece of one. What the band reads is converted to float64,
line by line, with what stands beyond the borders, into memory that fits the second-level cache.
There sample ``o + k`` of every tap k lies equally far from sample o, in whichever line it is; so
sums run over the rows of the band as over one long line, and what comes of the gaps between the
rows is not stored.
"""

from __future__ import annotations

from ...kernel.padded_reads import far_sample_at, line_at
from ...runtime.address import word
from ...runtime.compile import kernel
from ...simd.memory import at, fetch_add, record_at
from .formats import call
from .sums import even_or_odd, sum_few, sum_many, sum_pairs, sum_products

PRODUCTS, PAIRS, FEW, MANY = range(4)


def filter_bands(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, workspace, tables, parts, geometry
):
    """Take tasks until none is left.

    Parameters
    ----------
    stage, worker : int
        There is one stage.
    counters, tables : pointer to int64
    x, out : pointer
        To values of the dtypes that the routines at `load` and `store` know.
    weight, workspace : pointer to float64
    bias, residual
        Not read.
    parts, geometry : pointer to records
        Of `arguments.OuterArguments` and of `arguments.FilterArguments`.
    """
    g = record_at(geometry, 0)
    own = at(workspace, g.at_workers + worker * g.worker)
    band, sums, offsets = at(own, g.own_band), at(own, g.own_sums), at(tables, g.at_offsets)
    sign = even_or_odd(weight, g.taps) if g.form == PAIRS else 0
    while True:
        task = fetch_add(counters, 1)
        if task >= g.tasks:
            return
        piece, rest = task % g.pieces, task // g.pieces
        strip, outer = rest % g.strips, rest // g.strips
        y0, x0 = strip * g.height, piece * g.width
        y1, x1 = min(y0 + g.height, g.lines), min(x0 + g.width, g.length)
        fill_band(g, parts, tables, band, word(x), outer, y0, y1, x0, x1)
        for y in range(y0, y1, g.sweep):
            rows = min(g.sweep, y1 - y)
            lines = at(band, (y - y0) * g.pitch)
            count = (rows - 1) * g.pitch + x1 - x0
            if g.form == PRODUCTS:
                sum_products(g, lines, weight, offsets, sums, count)
            elif g.form == PAIRS:
                sum_pairs(g, lines, weight, offsets, sign, sums, count)
            elif g.form == FEW:
                sum_few(g, lines, offsets[g.taps - 1] // max(g.taps - 1, 1), sums, count)
            else:
                sum_many(g, lines, offsets[g.taps - 1] // (g.taps - 1), sums, count)
            place = (outer * g.lines + y) * g.length + x0
            target = word(out) + place * g.result_bytes
            call(g.store, (sums, target, g.pitch, g.length, rows, x1 - x0))


@kernel
def fill_band(g, axes, tables, band, x, outer, y0, y1, x0, x1):  # type: ignore[no-untyped-def]
    """Convert what the results of lines `y0` to `y1`, values `x0` to `x1`, are made of."""
    first, last = x0 - g.low, x1 + g.high
    left = max(min(last, 0) - first, 0)
    right = max(last - max(first, g.length), 0)
    inner = last - first - left - right
    lefts = at(tables, g.at_lefts + first + g.low)
    rights = at(tables, g.at_rights + max(first - g.length, 0))
    lines = y1 + g.taps_y - 1
    for layer in range(g.layers):
        plane = plane_of(g, axes, tables, outer, layer)
        line = y0
        while line < lines:
            y = source_of(tables, g.at_y, line)
            target = at(band, layer * g.layer + (line - y0) * g.pitch)
            if plane < 0 or y < 0:
                rows = 1
                for i in range(last - first):
                    target[i] = g.fill
            else:
                rows = neighbours(tables, g.at_y, line, lines)
                source = x + (plane + y * g.length) * g.x_bytes
                steps = (source, target, g.length, g.pitch, rows, inner, max(first, 0))
                call(g.load, (*steps, left, lefts, right, rights, g.fill))
            line += rows


@kernel(inline=True)
def neighbours(tables, at_sources, line, lines):  # type: ignore[no-untyped-def]
    """Return how many lines from `line` on, up to `lines`, lie below each other in the array."""
    if at_sources < 0:
        return lines - line
    axis = at(tables, at_sources)
    each = line_at(axis, 0, line)
    if 0 <= each.first < each.inner:
        return min(lines - line, each.inner - each.first)
    count, sample = 1, far_sample_at(axis, line)
    while line + count < lines and far_sample_at(axis, line + count) == sample + count:
        count += 1
    return count


@kernel
def plane_of(g, axes, tables, outer, layer):  # type: ignore[no-untyped-def]
    """Return where the lines begin that results of index `outer` read at taps `layer`, or -1.

    Both count through all outer axes, the last one fastest.
    """
    start = 0
    for axis in range(g.outer_axes - 1, -1, -1):
        each = record_at(axes, axis)
        sample = source_of(tables, each.at_sources, outer % each.samples + layer % each.taps)
        if sample < 0:
            return -1
        start += sample * each.stride
        outer, layer = outer // each.samples, layer // each.taps
    return start


@kernel(inline=True)
def source_of(tables, at_sources, position):  # type: ignore[no-untyped-def]
    """Return the sample at a padded position of an axis; an axis without a table is not padded."""
    return position if at_sources < 0 else far_sample_at(at(tables, at_sources), position)
