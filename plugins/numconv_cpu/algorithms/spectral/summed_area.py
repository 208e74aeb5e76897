"""A summed-area table of absolute samples: the sum over any result's window in a few look-ups.

The window of a result is the box of samples that it is a sum of. The table holds the sums over all
boxes that begin at the first sample; a window's sum is a difference of eight of them. The sums are
of integers: absolute values in units of a tiny part of the largest one, rounded up. So they are
exact, and a sum is zero if and only if all samples in the window are.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, integers
from .operand import copy_run
from .vectors import doubles

# Samples that are copied and summed together.
RUN = 1024


@kernel
def build_summed_area_table(table, operand, room, g):  # type: ignore[no-untyped-def]
    """Write the summed-area table of an operand.

    Parameters
    ----------
    table : pointer
        To integers, one more along each axis than there are samples.
    room : pointer
        For a run of samples.
    """
    stay_whole()
    sums, exponent = integers(table), integers(operand.record)[1]
    scale, unit = 2.0 ** (-exponent), 2.0**g.unit_bits
    line = operand.width + 1
    layer = line * (operand.height + 1)
    clear(sums, layer)
    for o in range(operand.depth):
        clear(at(sums, (o + 1) * layer), line)
        for m in range(operand.height):
            own = at(sums, (o + 1) * layer + (m + 1) * line)
            sum_row(own, operand, o, m, room, scale, unit, g)
            above = at(own, -line)
            for i in range(line):
                own[i] += above[i]
        own, before = at(sums, (o + 1) * layer), at(sums, o * layer)
        for i in range(layer):
            own[i] += before[i]


@kernel
def sum_row(sums, operand, o, m, room, scale, unit, g):  # type: ignore[no-untyped-def]
    """Write the sums of the first 0, 1, 2, … samples of a row, of all channels."""
    clear(sums, operand.width + 1)
    for c in range(operand.channels):
        total = 0
        for first in range(0, operand.width, RUN):
            count = min(RUN, operand.width - first)
            copy_run(room, operand, c, o, m, first, count, g)
            for i in range(count):
                size = abs(float(room[g.parts * i]))
                if g.parts == 2:
                    size = max(size, abs(float(room[2 * i + 1])))
                total += ceil(size * scale * unit)
                sums[first + i + 1] += total


class Lookup(NamedTuple):
    """The table's rows at the four edges of the windows of a row of results.

    `rows` are the rows of samples in each window, of all channels.
    """

    first_above: Any
    first_below: Any
    last_above: Any
    last_below: Any
    rows: int


@kernel
def lookup_of(sums, o, m, g):  # type: ignore[no-untyped-def]
    """Return the rows of the table that row `m` of layer `o` of the results looks up."""
    line = g.seen_inner + 1
    layer = line * (g.seen_middle + 1)
    o0, o1 = window(o + g.shift_outer, g.kernel_outer, g.seen_outer)
    m0, m1 = window(m + g.shift_middle, g.kernel_middle, g.seen_middle)
    if o0 >= o1 or m0 >= m1:
        return Lookup(sums, sums, sums, sums, 0)
    return Lookup(
        at(sums, o0 * layer + m0 * line),
        at(sums, o0 * layer + m1 * line),
        at(sums, o1 * layer + m0 * line),
        at(sums, o1 * layer + m1 * line),
        g.given_channels * (o1 - o0) * (m1 - m0),
    )


@kernel
def shared_sum(line, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that are in the windows of all of `count` neighbours."""
    return window_sum(line, first + count - 1, first, g)


@kernel
def joint_sum(line, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that are in the window of any of them."""
    return window_sum(line, first, first + count - 1, g)


@kernel
def window_sum(line, low, high, g):  # type: ignore[no-untyped-def]
    """Return the sum from the first sample of the window of `low` to the last of that of `high`."""
    begin = window(low + g.shift_inner, g.kernel_inner, g.seen_inner)[0]
    end = window(high + g.shift_inner, g.kernel_inner, g.seen_inner)[1]
    if begin >= end or line.rows == 0:
        return 0
    last = line.last_below[end] - line.last_below[begin]
    last -= line.last_above[end] - line.last_above[begin]
    first = line.first_below[end] - line.first_below[begin]
    return last - (first - (line.first_above[end] - line.first_above[begin]))


@kernel
def products_of(line, i, g):  # type: ignore[no-untyped-def]
    """Return how many products a result is a sum of."""
    begin, end = window(i + g.shift_inner, g.kernel_inner, g.seen_inner)
    return line.rows * max(end - begin, 0)


@kernel
def window(place, kernel, size):  # type: ignore[no-untyped-def]
    """Return the first sample of a product's window along an axis, and the one after the last."""
    return max(place - kernel + 1, 0), min(place + 1, size)


@kernel
def least_window_sum(samples, taps, g):  # type: ignore[no-untyped-def]
    """Return the least window sum of an accurate result, in units of the table."""
    least = g.share * doubles(samples.record)[2] * doubles(taps.record)[3]
    # Each sample was rounded up.
    return ceil(least * 2.0**g.unit_bits) + g.terms
