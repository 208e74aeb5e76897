"""Fourier transforms of lines, one in each lane of a vector.

A line is so many vectors `pitch` elements apart, the real parts, and `imaginary` elements further
on as many for the imaginary parts: columns of a matrix, or a copy of some.
"""

from __future__ import annotations

from numba.extending import intrinsic

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at
from .butterflies import (
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


@intrinsic
def factors_of(typingctx, parts, like):  # type: ignore[no-untyped-def]
    """Return the pointer to records of a number each (`TwiddleTable.array`) as one to numbers."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]
        return builder.bitcast(args[0], args[1].type)

    return like(parts, like), generate


@kernel
def forward_line(line, pitch, imaginary, length, factors, stages, g):  # type: ignore[no-untyped-def]
    """Transform a line; its spectrum is out of order.

    Parameters
    ----------
    line : pointer
        To the real parts of `length` vectors.
    stages : pointer
        To the number of stages, then the radix of each and where its factors begin.
    """
    stay_whole()
    size, first, end = length, 1, 1 + 2 * stages[0]
    while first < end and size > NEAR:
        radix, twiddles = stages[first], at(factors, stages[first + 1])
        size //= radix
        forward_stage(line, pitch, imaginary, length, size, radix, twiddles, g)
        first += 2
    for start in range(0, length, size):
        part, apart = at(line, start * pitch), size
        for stage in range(first, end, 2):
            radix, twiddles = stages[stage], at(factors, stages[stage + 1])
            apart //= radix
            forward_stage(part, pitch, imaginary, size, apart, radix, twiddles, g)


@kernel
def backward_line(line, pitch, imaginary, length, factors, stages, g):  # type: ignore[no-untyped-def]
    """Undo `forward_line`, but for a factor of as many numbers as the line has."""
    stay_whole()
    size, first, end = length, 1, 1 + 2 * stages[0]
    while first < end and size > NEAR:
        size //= stages[first]
        first += 2
    for start in range(0, length, size):
        part, apart = at(line, start * pitch), 1
        for stage in range(end - 2, first - 1, -2):
            radix, twiddles = stages[stage], at(factors, stages[stage + 1])
            backward_stage(part, pitch, imaginary, size, apart, radix, twiddles, g)
            apart *= radix
    for stage in range(first - 2, 0, -2):
        radix, twiddles = stages[stage], at(factors, stages[stage + 1])
        backward_stage(line, pitch, imaginary, length, size, radix, twiddles, g)
        size *= radix


@kernel
def forward_stage(line, pitch, imaginary, length, apart, radix, twiddles, g):  # type: ignore[no-untyped-def]
    """Transform `radix` numbers of a line at a time, `apart` from each other."""
    stay_whole()
    size, step = apart * radix, apart * pitch
    for j in range(apart):
        own = at(twiddles, 2 * (radix - 1) * j)
        for start in range(j, length, size):
            place = at(line, start * pitch)
            if radix == 4:
                forward_4(g, place, step, imaginary, own)
            elif radix == 2:
                forward_2(g, place, step, imaginary, own)
            elif radix == 3:
                forward_3(g, place, step, imaginary, own)
            else:
                forward_5(g, place, step, imaginary, own)


@kernel
def backward_stage(line, pitch, imaginary, length, apart, radix, twiddles, g):  # type: ignore[no-untyped-def]
    """Undo `forward_stage`."""
    stay_whole()
    size, step = apart * radix, apart * pitch
    for j in range(apart):
        own = at(twiddles, 2 * (radix - 1) * j)
        for start in range(j, length, size):
            place = at(line, start * pitch)
            if radix == 4:
                backward_4(g, place, step, imaginary, own)
            elif radix == 2:
                backward_2(g, place, step, imaginary, own)
            elif radix == 3:
                backward_3(g, place, step, imaginary, own)
            else:
                backward_5(g, place, step, imaginary, own)
