"""The transforms of F(m, r), Winograd's filtering of m results with r taps, as formulas.

They interpolate at m + r - 1 points: 0, pairs of a and -a, and infinity. Of the polynomials that
this takes, a pair's share the even and the odd half, and differ in a sign; so each transform is
a few sums of halves. The matrices are those of the Toom-Cook algorithm; A. Lavin and S. Gray, "Fast
Algorithms for Convolutional Neural Networks", arXiv:1509.09308, sections 4.1 to 4.3, list some.

The formulas take vectors of compiled code as well as exact `Form`s, of which matrices are made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = Fraction | int
Pairs = Sequence[int]

# The pairs, by how many points there are: as many as the input of a tile has samples along an axis.
# Along one with a single tap it has one, and nothing is transformed.
PAIRS = {4: (1,), 6: (1, 2)}


class Linear(Protocol):
    """What can be added and multiplied by numbers."""

    def plus(self: T, factor: Number, other: T) -> T:
        """Return the sum with `factor` times the other."""
        ...

    def times(self: T, factor: Number) -> T:
        """Return a multiple."""
        ...


T = TypeVar("T", bound=Linear)
Line = Sequence[T]


def combine(factors: Sequence[Number], vectors: Line[T]) -> T:
    """Emit a sum of multiples, beginning with one that needs no multiplication."""
    terms = sorted(zip(factors, vectors, strict=True), key=lambda term: term[0] != 1)
    total = terms[0][1].times(terms[0][0])
    for factor, vector in terms[1:]:
        total = total.plus(factor, vector)
    return total


def transformed_input(d: Line[T], pairs: Pairs) -> Line[T]:
    """Emit what the samples of a tile have at each point."""
    whole = _polynomial(pairs)
    points = [combine(whole, d[0:-1:2])]
    for a in pairs:
        others = _polynomial([b for b in pairs if b != a])
        even, odd = combine(others, d[2:-1:2]), combine(others, d[1:-2:2])
        points += [even.plus(a, odd), even.plus(-a, odd)]
    return [*points, combine(whole, d[1::2])]


def transformed_weight(w: Line[T], pairs: Pairs) -> Line[T]:
    """Emit what a filter has at each point."""
    points = [w[0].times(Fraction(1, prod(-a * a for a in pairs)))]
    for a in pairs:
        scale = Fraction(1, 2 * a * a * prod(a * a - b * b for b in pairs if b != a))
        even = combine([scale * a**t for t in range(0, len(w), 2)], w[::2])
        odd = combine([a**t for t in range(0, len(w) - 1, 2)], w[1::2])
        points += [even.plus(scale * a, odd), even.plus(-scale * a, odd)]
    return [*points, w[-1]]


def transformed_result(m: Line[T], pairs: Pairs, results: int) -> Line[T]:
    """Emit the results of a tile from its products at each point."""
    sums = [a.plus(1, b) for a, b in zip(m[1:-1:2], m[2:-1:2], strict=True)]
    differences = [a.plus(-1, b) for a, b in zip(m[1:-1:2], m[2:-1:2], strict=True)]
    line = [combine([a**i for a in pairs], (sums, differences)[i % 2]) for i in range(results)]
    line[0], line[-1] = line[0].plus(1, m[0]), line[-1].plus(1, m[-1])
    return line


def _polynomial(pairs: Pairs) -> list[int]:
    """Return the coefficients of the product of ``y - a**2``, the constant one first."""
    result = [1]
    for a in pairs:
        result = [x - a * a * y for x, y in zip([0, *result], [*result, 0], strict=True)]
    return result


class Form:
    """A linear form, by its exact coefficients."""

    def __init__(self, coefficients: Sequence[Number]) -> None:
        self.coefficients = tuple(coefficients)

    def plus(self, factor: Number, other: Form) -> Form:
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Form([a + factor * b for a, b in pairs])

    def times(self, factor: Number) -> Form:
        return Form([factor * a for a in self.coefficients])


def matrix(formula: Callable[[Sequence[Form]], Sequence[Form]], size: int) -> NDArray[Any]:
    """Return the matrix of a formula that takes `size` vectors, of exact numbers."""
    units = [Form([int(i == j) for j in range(size)]) for i in range(size)]
    return np.array([each.coefficients for each in formula(units)], dtype=object)


@lru_cache
def growth(points: int, taps: int) -> float:
    """Return how many times a sample counts, in absolute values, in what sums up to a result.

    The most over samples and results, for weights that are as large as each other.
    """
    if points == 1:
        return 1.0
    pairs, results = PAIRS[points], points - taps + 1
    given = abs(matrix(lambda line: transformed_input(line, pairs), points))
    weights = abs(matrix(lambda line: transformed_weight(line, pairs), taps)).sum(axis=1)
    taken = abs(matrix(lambda line: transformed_result(line, pairs, results), points))
    return float((taken * weights @ given).max())
