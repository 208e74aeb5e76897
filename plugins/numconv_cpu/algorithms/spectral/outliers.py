"""The record of an operand: its outliers, the power of two that scales it, and its norm.

A transform spreads the rounding errors of the largest values over everything. So a few values that
would drown the others, or are not finite, are outliers: zeros stand for them in the transform, and
their products are added one by one.
"""

from __future__ import annotations

from math import inf, sqrt

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, integers
from .measure import exponent_of
from .operand import row_of
from .records import HEAD, MOST_OUTLIERS
from .vectors import doubles

# Values are even if the sum of their squares is at least so many times the largest square. If they
# are not, so many finite ones become outliers at most: each takes as many products as the other
# operand has values.
EVEN = 8.0
MOST_FINITE = 8


@kernel
def write_record(measured, operand, g):  # type: ignore[no-untyped-def]
    """Find the outliers of an operand, and write its record.

    Parameters
    ----------
    measured : pointer
        What `measure` wrote: the largest absolute value, the sum of squares in units of its
        square, and whether all values are finite.
    """
    stay_whole()
    record_ints, record_floats = integers(operand.record), doubles(operand.record)
    rest = doubles(measured)
    record_ints[0] = 0
    if rest[2] == 0 or 0 < rest[1] < EVEN:
        find_outliers(rest, operand, g)
    exponent = exponent_of(rest[0], g)
    record_ints[1] = exponent
    record_floats[3] = sqrt(rest[1])
    record_floats[2] = record_floats[3] * scaled(rest[0], exponent)


@kernel
def scaled(size, exponent):  # type: ignore[no-untyped-def]
    """Return ``size / 2**exponent``."""
    return size * 2.0 ** (-exponent)


@kernel
def size_of(row, i, operand, g):  # type: ignore[no-untyped-def]
    """Return the size of a value of a row, infinite where it is no number."""
    place = g.parts * operand.step * i
    size = abs(float(row[place]))
    if g.parts == 2:
        other = abs(float(row[place + 1]))
        size = other if other > size or other != other else size
    return size if size <= inf else inf


@kernel
def find_outliers(rest, operand, g):  # type: ignore[no-untyped-def]
    """Write to the record what is not finite, and as few values as leave the others even.

    `rest` becomes the largest absolute value of the others, and the sum of their squares in units
    of its square.
    """
    stay_whole()
    record_ints, record_floats = integers(operand.record), doubles(operand.record)
    indices, sizes = at(record_ints, HEAD), at(record_floats, HEAD + MOST_OUTLIERS)
    count, index, infinite, largest = 0, 0, 0, 0.0
    for c in range(operand.channels):
        for line in range(operand.depth * operand.height):
            row = row_of(operand, c, line // operand.height, line % operand.height, g)
            for i in range(operand.width):
                size = size_of(row, i, operand, g)
                infinite += size == inf
                if size > 0 and (count < MOST_OUTLIERS or size > sizes[count - 1]):
                    if count == MOST_OUTLIERS:
                        largest = max(largest, sizes[count - 1])
                    else:
                        count += 1
                    insert(indices, sizes, count - 1, index, size)
                else:
                    largest = max(largest, size)
                index += 1
    if infinite > MOST_OUTLIERS:
        record_ints[0], rest[0], rest[1] = -1, 0.0, 0.0
        return
    rest[0], rest[1] = largest, 0.0
    if largest > 0:
        rest[1] = squares_below(indices, sizes, count, largest, operand, g)
    record_ints[0], most, ratio = count, rest[0], rest[1]
    for m in range(count - 1, infinite - 1, -1):
        ratio = 1 + ratio * (most / sizes[m]) ** 2
        most = sizes[m]
        if ratio >= EVEN or m >= infinite + MOST_FINITE:
            record_ints[0], rest[0], rest[1] = m, most, ratio


@kernel
def insert(indices, sizes, last, index, size):  # type: ignore[no-untyped-def]
    """Insert a value into the list, largest first, that ends at `last`; what was last is lost."""
    k = last
    while k > 0 and sizes[k - 1] < size:
        indices[k], sizes[k] = indices[k - 1], sizes[k - 1]
        k -= 1
    indices[k], sizes[k] = index, size


@kernel
def squares_below(indices, sizes, count, largest, operand, g):  # type: ignore[no-untyped-def]
    """Return the sum of the squares of all values not listed, in units of `largest` squared."""
    total, index = 0.0, 0
    for c in range(operand.channels):
        for line in range(operand.depth * operand.height):
            row = row_of(operand, c, line // operand.height, line % operand.height, g)
            for i in range(operand.width):
                size = size_of(row, i, operand, g)
                kept = False
                if size >= sizes[count - 1]:
                    for k in range(count):
                        kept |= indices[k] == index
                if not kept:
                    total += (size / largest) ** 2
                index += 1
    return total
