"""How large the values of an operand are."""

from __future__ import annotations

from math import frexp, inf, ldexp

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear
from .operand import row_of
from .vectors import doubles

# Values measured at once, which a nearest cache holds, and sums kept of them, for whole vectors.
RUN = 4096
SUMS = 256


@kernel
def exponent_of(size, g):  # type: ignore[no-untyped-def]
    """Return the `e` for which ``size / 2**e`` is about 1, and powers of both signs are normal."""
    return min(max(frexp(size)[1], -g.most_exponent), g.most_exponent)


@kernel
def measure(measured, operand, room, g):  # type: ignore[no-untyped-def]
    """Find the largest absolute value of an operand, and the sum of squares as a multiple of its.

    Parameters
    ----------
    measured : pointer
        To the two of them, and whether all values are finite.
    room : pointer
        For three times `SUMS` numbers, and one.
    """
    stay_whole()
    size = operand.height * operand.width
    whole = operand.middle == operand.step * operand.width
    whole &= operand.outer == operand.step * size
    rows, width = operand.depth * operand.height, operand.width
    if whole:
        # The rows of a plane lie end to end.
        rows, width = 1, operand.depth * size
    result = doubles(measured)
    result[0], result[1], result[2] = 0.0, 0.0, 1.0
    first = g.parts * (1 - width) if operand.step < 0 else 0
    for c in range(operand.channels):
        for row in range(rows):
            start = row_of(operand, c, row // operand.height, row % operand.height, g)
            for p in range(0, g.parts * width, RUN):
                measure_run(result, at(start, first + p), min(RUN, g.parts * width - p), room, g)


@kernel
def measure_run(result, values, count, room, g):  # type: ignore[no-untyped-def]
    """Add values side by side to what `measure` finds."""
    stay_whole()
    width = min(count, SUMS)
    largest, squares, nothing = room, at(room, SUMS), at(room, 2 * SUMS)
    clear(room, 3 * SUMS)
    for p in range(0, count, width):
        run = at(values, p)
        for j in range(min(width, count - p)):
            size = abs(run[j])
            largest[j] = size if size > largest[j] else largest[j]
            nothing[j] += run[j] - run[j]
    most, finite = 0.0, 1.0
    for j in range(width):
        most = max(most, float(largest[j]))
        finite = finite if nothing[j] == 0 else 0.0
    if finite == 0 or most == inf:
        result[2] = 0.0
    elif most > 0:
        exponent = exponent_of(most, g)
        room[3 * SUMS] = ldexp(1.0, -exponent)
        scale = room[3 * SUMS]
        for p in range(0, count, width):
            run = at(values, p)
            for j in range(min(width, count - p)):
                value = run[j] * scale
                squares[j] += value * value
        total = 0.0
        for j in range(width):
            total += float(squares[j])
        add_squares(result, most, total / ldexp(most, -exponent) ** 2)


@kernel
def add_squares(result, most, ratio):  # type: ignore[no-untyped-def]
    """Add values whose squares sum up to `ratio` times that of their largest, `most`."""
    if most > result[0]:
        ratio += result[1] * (result[0] / most) ** 2
        result[0], result[1] = most, ratio
    elif most > 0:
        result[1] += ratio * (most / result[0]) ** 2
