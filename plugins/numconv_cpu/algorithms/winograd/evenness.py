"""How uneven the samples of a tile may be, so that the transforms are as accurate as is stated."""

from __future__ import annotations

from dataclasses import replace
from math import prod, sqrt

from numconv.plugin import ConvolutionProblem

from .axes import flat_axes
from .formulas import growth
from .geometry import geometry_of

# With these, patterns made to be hard reach 0.8 of the error that is stated, with 16 channels; the
# more channels, the less.
EVEN, MOST_UNEVEN = 2.5, 100.0
# How far noise, and padding, stray from what even samples would be.
NOISE = 2.5


def uneven(problem: ConvolutionProblem, points: int) -> float:
    """Return how many times the sum over a result's window that of its tile's input may be.

    The rounding errors of a tile are in proportion to its whole input and, over patterns made to be
    hard, to the square root of what the transforms make of it. The error that is allowed is in
    proportion to the samples in the window of a result, and to how many terms it has.
    """
    terms = replace(problem, batch=1).terms
    grown = prod(growth(points if axis.taps > 1 else 1, axis.taps) for axis in flat_axes(problem))
    return min(EVEN * (terms + 2) / sqrt(grown), MOST_UNEVEN)


def steady(problem: ConvolutionProblem, points: int) -> bool:
    """Return whether plain noise is even enough, by a wide margin, for tiles of some size."""
    geometry = geometry_of(problem)
    tile_samples = geometry.phases * prod(points if axis.taps > 1 else 1 for axis in geometry.axes)
    seen = geometry.taps_z * prod((axis.tap >= 0).sum(axis=(1, 2)).min() for axis in geometry.axes)
    return uneven(problem, points) >= NOISE * tile_samples / seen
