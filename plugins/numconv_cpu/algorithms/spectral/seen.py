"""What each result sees: a table of sums over all boxes of samples that begin at the first one.

The sums are of whole numbers, absolute values in units of a tiny part of the largest and rounded
up. So they are exact, and a result sees nothing if and only if its sum is zero.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, integers
from .operand import copy_run
from .vectors import doubles

# Samples looked at together.
RUN = 1024


@kernel
def sum_boxes(table, operand, room, g):  # type: ignore[no-untyped-def]
    """Write the table of an operand.

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
        whole, before = at(sums, (o + 1) * layer), at(sums, o * layer)
        for i in range(layer):
            whole[i] += before[i]


@kernel
def sum_row(sums, operand, o, m, room, scale, unit, g):  # type: ignore[no-untyped-def]
    """Write the sums of a row's first samples, of all channels."""
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


class Line(NamedTuple):
    """What a row of results looks up: the table's rows at the corners of what each result sees.

    `rows` are the rows of samples between them, of all channels.
    """

    first_above: Any
    first_below: Any
    last_above: Any
    last_below: Any
    rows: int


@kernel
def line_of(sums, o, m, g):  # type: ignore[no-untyped-def]
    """Return what row `m` of layer `o` looks up."""
    line = g.seen_inner + 1
    layer = line * (g.seen_middle + 1)
    o0, o1 = window(o + g.shift_outer, g.kernel_outer, g.seen_outer)
    m0, m1 = window(m + g.shift_middle, g.kernel_middle, g.seen_middle)
    if o0 >= o1 or m0 >= m1:
        return Line(sums, sums, sums, sums, 0)
    return Line(
        at(sums, o0 * layer + m0 * line),
        at(sums, o0 * layer + m1 * line),
        at(sums, o1 * layer + m0 * line),
        at(sums, o1 * layer + m1 * line),
        g.given_channels * (o1 - o0) * (m1 - m0),
    )


@kernel
def seen_by_all(line, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that all of `count` results side by side see."""
    return between(line, first + count - 1, first, g)


@kernel
def seen_by_any(line, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that one of them sees at least."""
    return between(line, first, first + count - 1, g)


@kernel
def between(line, low, high, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples from the first one that `low` sees to the last of `high`."""
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
    """Return how many products a result sums up."""
    begin, end = window(i + g.shift_inner, g.kernel_inner, g.seen_inner)
    return line.rows * max(end - begin, 0)


@kernel
def window(place, kernel, size):  # type: ignore[no-untyped-def]
    """Return the first sample of an axis that a product sees, and the one after the last."""
    return max(place - kernel + 1, 0), min(place + 1, size)


@kernel
def least_to_see(samples, taps, g):  # type: ignore[no-untyped-def]
    """Return what a result must see, in units of the table, for its error to be small enough."""
    least = g.share * doubles(samples.record)[2] * doubles(taps.record)[3]
    # Each sample was rounded up.
    return ceil(least * 2.0**g.unit_bits) + g.terms
