"""Fourier transforms of lines, one in each lane of a vector.

A line is so many vectors one after the other, the real parts, and `g.imaginary` elements further
on as many for the imaginary parts.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at
from ..fft.butterflies import (
    backward_2,
    backward_3,
    backward_4,
    backward_5,
    forward_2,
    forward_3,
    forward_4,
    forward_5,
)

# So many vectors, real and imaginary, stay in a nearest cache of 32 KiB while the stages that
# mix only them follow each other.
NEAR = 192


@kernel
def forward_line(line, length, factors, stages, g):  # type: ignore[no-untyped-def]
    """Transform a line; its spectrum is out of order.

    Parameters
    ----------
    stages : pointer
        To the number of stages, then the radix of each and where its factors begin.
    """
    stay_whole()
    size, first, end = length, 1, 1 + 2 * stages[0]
    while first < end and size > NEAR:
        forward_stage(line, length, size, stages[first], at(factors, stages[first + 1]), g)
        size //= stages[first]
        first += 2
    for start in range(0, length, size):
        part, own = at(line, start * g.lanes), size
        for stage in range(first, end, 2):
            forward_stage(part, size, own, stages[stage], at(factors, stages[stage + 1]), g)
            own //= stages[stage]


@kernel
def backward_line(line, length, factors, stages, g):  # type: ignore[no-untyped-def]
    """Undo `forward_line`, but for a factor of as many numbers as the line has."""
    stay_whole()
    size, first, end = length, 1, 1 + 2 * stages[0]
    while first < end and size > NEAR:
        size //= stages[first]
        first += 2
    for start in range(0, length, size):
        part, own = at(line, start * g.lanes), 1
        for stage in range(end - 2, first - 1, -2):
            own *= stages[stage]
            backward_stage(part, size, own, stages[stage], at(factors, stages[stage + 1]), g)
    for stage in range(first - 2, 0, -2):
        size *= stages[stage]
        backward_stage(line, length, size, stages[stage], at(factors, stages[stage + 1]), g)


@kernel
def forward_stage(line, length, size, radix, twiddles, g):  # type: ignore[no-untyped-def]
    """Divide every `size` numbers of a line into `radix` parts that are transformed further."""
    stay_whole()
    apart = size // radix
    step = apart * g.lanes
    for j in range(apart):
        own = at(twiddles, 2 * (radix - 1) * j)
        for start in range(j, length, size):
            place = at(line, start * g.lanes)
            if radix == 4:
                forward_4(g, place, step, g.imaginary, own)
            elif radix == 2:
                forward_2(g, place, step, g.imaginary, own)
            elif radix == 3:
                forward_3(g, place, step, g.imaginary, own)
            else:
                forward_5(g, place, step, g.imaginary, own)


@kernel
def backward_stage(line, length, size, radix, twiddles, g):  # type: ignore[no-untyped-def]
    """Undo `forward_stage`."""
    stay_whole()
    apart = size // radix
    step = apart * g.lanes
    for j in range(apart):
        own = at(twiddles, 2 * (radix - 1) * j)
        for start in range(j, length, size):
            place = at(line, start * g.lanes)
            if radix == 4:
                backward_4(g, place, step, g.imaginary, own)
            elif radix == 2:
                backward_2(g, place, step, g.imaginary, own)
            elif radix == 3:
                backward_3(g, place, step, g.imaginary, own)
            else:
                backward_5(g, place, step, g.imaginary, own)
