"""What is said about many rounds: medians with their spread, and one number for a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from statistics import median, quantiles


@dataclass(frozen=True)
class Spread:
    """The median of some values, and the quartiles around it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value.

        >>> from numconv.benchmarking.ratios import Spread
        >>> Spread.of([1, 2, 3, 4, 5])
        Spread(median=3, lower=2.0, upper=4.0)
        """
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        lower, _, upper = quantiles(values, n=4, method="inclusive")
        return cls(median(values), lower, upper)

    def apart(self, other: Spread) -> bool:
        """Return whether the quartiles of the two do not overlap."""
        return self.lower > other.upper or other.lower > self.upper


@dataclass(frozen=True)
class Ratio:
    """How many times faster one contestant is than another."""

    rounds: Spread
    """Of the ratios of each round."""

    minima: float
    """Of the least times."""

    @property
    def median(self) -> float:
        return self.rounds.median

    @property
    def loss(self) -> bool:
        """Whether the other one is faster."""
        return self.median < 1


def paired(own: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the ratio of each round: above 1 where `own` is faster.

    >>> from numconv.benchmarking.ratios import paired
    >>> paired([2.0, 1.0], [4.0, 1.0])
    [2.0, 1.0]
    """
    return [theirs / ours for ours, theirs in zip(own, other, strict=False)]


def ratio(own: Sequence[float], other: Sequence[float]) -> Ratio:
    """Return how many times faster than `other` `own` is, from the times of the same rounds."""
    return Ratio(Spread.of(paired(own, other)), min(other) / min(own))


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean of at least one positive value.

    >>> from numconv.benchmarking.ratios import geometric_mean
    >>> geometric_mean([0.5, 2.0])
    1.0
    """
    return exp(fsum(map(log, values)) / len(values))


def whole(own: Sequence[float], other: Sequence[float], counts: Sequence[int]) -> float:
    """Return the ratio of the times of a network that has each layer so many times.

    It is the mean of the layers' ratios, each weighted by count times own time.

    >>> from numconv.benchmarking.ratios import whole
    >>> whole([1.0, 1.0], [1.0, 3.0], [1, 3])
    2.5
    """
    ours = fsum(seconds * count for seconds, count in zip(own, counts, strict=True))
    theirs = fsum(seconds * count for seconds, count in zip(other, counts, strict=True))
    return theirs / ours
