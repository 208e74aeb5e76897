"""What is taken out of an operand before its transform, and by which power of two it is scaled.

A transform spreads the rounding errors of the largest values over everything. So a few values
that would drown the others, or are not finite, are outliers: zeros stand for them in the
transform, and their products are added one by one.
"""

from __future__ import annotations

from math import inf, sqrt

from ...compile import kernel, stay_whole
from ...simd.memory import at
from .measure import exponent_of
from .numbers import HEAD, MOST_OUTLIERS
from .operand import row_of
from .vectors import doubles, integers

FEWEST_OUTLIERS = 4
# Without outliers, the largest square is at most the sum of all divided by so many times the
# outliers there may be.
EVENNESS = 2


@kernel
def settle(found, operand, g):  # type: ignore[no-untyped-def]
    """Write the record of an operand, of which `found` tells what was measured."""
    stay_whole()
    known, numbers = integers(operand.record), doubles(operand.record)
    rest = doubles(found)
    size = operand.channels * operand.depth * operand.height * operand.width
    limit = min(max(size // MOST_OUTLIERS, FEWEST_OUTLIERS), MOST_OUTLIERS)
    known[0] = 0
    if rest[2] == 0 or 0 < rest[1] < EVENNESS * limit:
        find_outliers(rest, limit, operand, g)
    exponent = exponent_of(rest[0], g)
    known[1] = exponent
    numbers[3] = sqrt(rest[1])
    numbers[2] = numbers[3] * scaled(rest[0], exponent)


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
def find_outliers(rest, limit, operand, g):  # type: ignore[no-untyped-def]
    """Take out as few values as leave the rest even, and measure what is left in `rest`."""
    stay_whole()
    known, numbers = integers(operand.record), doubles(operand.record)
    places, sizes = at(known, HEAD), at(numbers, HEAD + MOST_OUTLIERS)
    count, index, infinite, largest = 0, 0, 0, 0.0
    for c in range(operand.channels):
        for line in range(operand.depth * operand.height):
            row = row_of(operand, c, line // operand.height, line % operand.height, g)
            for i in range(operand.width):
                size = size_of(row, i, operand, g)
                infinite += size == inf
                if size > 0 and (count < limit or size > sizes[count - 1]):
                    if count == limit:
                        largest = max(largest, sizes[count - 1])
                    else:
                        count += 1
                    insert(places, sizes, count - 1, index, size)
                else:
                    largest = max(largest, size)
                index += 1
    if infinite > limit:
        known[0], rest[0], rest[1] = -1, 0.0, 0.0
        return
    rest[0], rest[1] = largest, 0.0
    if largest > 0:
        rest[1] = squares_below(places, sizes, count, largest, operand, g)
    fewest, most, ratio = count, rest[0], rest[1]
    for m in range(count - 1, infinite - 1, -1):
        ratio = 1 + ratio * (most / sizes[m]) ** 2
        most = sizes[m]
        if ratio >= EVENNESS * limit:
            fewest, rest[0], rest[1] = m, most, ratio
    known[0] = fewest


@kernel
def insert(places, sizes, last, index, size):  # type: ignore[no-untyped-def]
    """Put a value among those up to `last`, the largest first; the one at `last` is lost."""
    k = last
    while k > 0 and sizes[k - 1] < size:
        places[k], sizes[k] = places[k - 1], sizes[k - 1]
        k -= 1
    places[k], sizes[k] = index, size


@kernel
def squares_below(places, sizes, count, largest, operand, g):  # type: ignore[no-untyped-def]
    """Return the sum of the squares of all other values, as a multiple of that of the largest."""
    total, index = 0.0, 0
    for c in range(operand.channels):
        for line in range(operand.depth * operand.height):
            row = row_of(operand, c, line // operand.height, line % operand.height, g)
            for i in range(operand.width):
                size = size_of(row, i, operand, g)
                kept = False
                if size >= sizes[count - 1]:
                    for k in range(count):
                        kept |= places[k] == index
                if not kept:
                    total += (size / largest) ** 2
                index += 1
    return total
