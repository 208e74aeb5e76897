"""Results as direct sums of products: those to recompute, and the products of outliers."""

from __future__ import annotations

from math import isfinite

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, integers
from .operand import copy_run, row_of, with_record
from .records import HEAD

# Taps that are copied together, and results that products are added to together.
TAPS = 256
RUN = 1024


@kernel
def sum_directly(results, o, m, first, count, x, weight, own, g):  # type: ignore[no-untyped-def]
    """Compute `count` neighbouring results tap by tap, without the products of outliers."""
    stay_whole()
    clear(results, g.parts * count)
    taps, samples = at(own, g.own_room), at(own, g.own_room + g.parts * TAPS)
    o, m, first = o + g.shift_outer, m + g.shift_middle, first + g.shift_inner
    begin = max(first - x.width + 1, 0)
    end = min(first + count, weight.width)
    for c in range(x.channels):
        for po in range(max(o - x.depth + 1, 0), min(o + 1, weight.depth)):
            for pm in range(max(m - x.height + 1, 0), min(m + 1, weight.height)):
                for p in range(begin, end, TAPS):
                    width = min(TAPS, end - p)
                    copy_run(taps, weight, c, po, pm, p, width, g)
                    # The last of these taps meets the sample that comes first.
                    earliest = first - (p + width - 1)
                    seen = count + width - 1
                    copy_run(samples, x, c, o - po, m - pm, earliest, seen, g)
                    for k in range(width):
                        met = at(samples, g.parts * (width - 1 - k))
                        add_multiple(results, at(taps, g.parts * k), met, count, g)


@kernel
def add_multiple(results, factor, values, count, g):  # type: ignore[no-untyped-def]
    """Add a number's products with values side by side."""
    stay_whole()
    if g.parts == 1:
        number = factor[0]
        for i in range(count):
            results[i] += number * values[i]
    else:
        real, imaginary = factor[0], factor[1]
        for i in range(count):
            a, b = values[2 * i], values[2 * i + 1]
            results[2 * i] += real * a - imaginary * b
            results[2 * i + 1] += real * b + imaginary * a


@kernel
def add_outliers(  # type: ignore[no-untyped-def]
    results, place, sparse, other, no_outliers, taps, room, g
):
    """Add the products of outliers to neighbouring results.

    Parameters
    ----------
    place : tuple
        Where the first of them stands, and how many there are.
    sparse : operand
        Whose outliers.
    other : operand
        What they are multiplied by. If it is the taps, their record names no outliers: products of
        outliers with each other are added once.
    no_outliers : pointer
        To a record without outliers: a tap that is infinite meets all samples as they are.
    taps : bool
        Whether they are taps.
    """
    stay_whole()
    record_ints = integers(sparse.record)
    o, m, first, count = place
    o, m, first = o + g.shift_outer, m + g.shift_middle, first + g.shift_inner
    for k in range(record_ints[0]):
        index = record_ints[HEAD + k]
        i, line = index % sparse.width, index // sparse.width
        height, line = line % sparse.height, line // sparse.height
        depth, channel = line % sparse.depth, line // sparse.depth
        value = at(row_of(sparse, channel, depth, height, g), g.parts * sparse.step * i)
        finite = isfinite(value[0]) and isfinite(value[g.parts - 1])
        inside = 0 <= o - depth < other.depth and 0 <= m - height < other.height
        begin, end = 0, count
        if not (taps and g.all_taps and not finite):
            # A tap that is no number makes one of the zeros around the samples as well.
            begin = min(max(i - first, 0), count)
            end = max(min(i - first + other.width, count), begin)
            end = end if inside else begin
        met_by_all = other if finite else with_record(other, no_outliers)
        for p in range(begin, end, RUN):
            width = min(RUN, end - p)
            met = first + p - i
            copy_run(room, met_by_all, channel, o - depth, m - height, met, width, g)
            add_multiple(at(results, g.parts * p), value, room, width, g)
