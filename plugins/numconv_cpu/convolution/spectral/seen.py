"""What each result sees: a table of sums over all boxes of samples that begin at the first one.

The sums are of whole numbers, absolute values in units of a tiny part of the largest and rounded
up. So they are exact, and a result sees nothing if and only if its sum is zero.
"""

from __future__ import annotations

from math import ceil

from ...compile import kernel, stay_whole
from ...simd.memory import at, clear
from .operand import copy_run
from .vectors import doubles, integers

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


@kernel
def seen_by_all(sums, o, m, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that all of `count` results side by side see."""
    return box(sums, o, m, first + count - 1, first, g)


@kernel
def seen_by_any(sums, o, m, first, count, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples that one of them sees at least."""
    return box(sums, o, m, first, first + count - 1, g)


@kernel
def box(sums, o, m, low, high, g):  # type: ignore[no-untyped-def]
    """Return the sum over the samples from the first one that `low` sees to the last of `high`."""
    line = g.seen_inner + 1
    layer = line * (g.seen_middle + 1)
    o0, o1 = window(o + g.shift_outer, g.kernel_outer, g.seen_outer)
    m0, m1 = window(m + g.shift_middle, g.kernel_middle, g.seen_middle)
    i0 = window(low + g.shift_inner, g.kernel_inner, g.seen_inner)[0]
    i1 = window(high + g.shift_inner, g.kernel_inner, g.seen_inner)[1]
    if o0 >= o1 or m0 >= m1 or i0 >= i1:
        return 0
    whole = layer_sum(at(sums, o1 * layer), line, m0, m1, i0, i1)
    return whole - layer_sum(at(sums, o0 * layer), line, m0, m1, i0, i1)


@kernel
def layer_sum(sums, line, m0, m1, i0, i1):  # type: ignore[no-untyped-def]
    """Return the sum over a rectangle, of all layers up to one."""
    upper, lower = m0 * line, m1 * line
    return sums[lower + i1] - sums[lower + i0] - sums[upper + i1] + sums[upper + i0]


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
