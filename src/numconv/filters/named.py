"""What a named filter is, and the filters that are defined along any number of axes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Named:
    """A filter as data.

    Parameters
    ----------
    formula : str
        What it computes, in a line.
    make : callable
        Returns the weights for a size, and an angle in degrees where `angle` is given.
    size : int
        Samples along each axis when none is asked for.
    least : int, optional
        The smallest size; None for a filter of one size.
    odd : bool
        Whether it has a sample in its middle.
    angle : float, optional
        In degrees, when none is asked for; None for a filter that has no direction to choose.
    """

    formula: str
    make: Callable[..., Weights]
    size: int
    least: int | None = 1
    odd: bool = False
    angle: float | None = None


def fixed(weights: Any, formula: str) -> Named:
    """Return a filter of one size."""
    array = np.array(weights, np.float64)
    return Named(formula, lambda size: array, len(array), least=None)


def positions(size: int) -> Weights:
    """Return where the samples lie, from the middle."""
    return np.asarray(np.arange(size) - (size - 1) / 2, np.float64)


def squared_radius(size: int, axes: int) -> Weights:
    """Return the squared distance of each sample from the middle."""
    square = positions(size) ** 2
    return np.asarray(reduce(np.add.outer, [square] * axes))


def of_sum_one(weights: Any) -> Weights:
    return np.asarray(weights / np.sum(weights), np.float64)


def of_absolute_sum_one(weights: Any) -> Weights:
    return np.asarray(weights / np.abs(weights).sum(), np.float64)


def identity(size: int, axes: int) -> Weights:
    weights = np.zeros([size] * axes)
    weights[(size // 2,) * axes] = 1
    return weights


def bell(size: int, axes: int, deviation: float) -> Weights:
    """Return a Gaussian of this standard deviation, in samples."""
    return of_sum_one(np.exp(-squared_radius(size, axes) / (2 * deviation**2)))


def gaussian(size: int, axes: int) -> Weights:
    # Two standard deviations reach the outermost sample, which then weighs e**-2 of the middle.
    return bell(size, axes, max(size - 1, 1) / 4)


def unsharp(size: int, axes: int) -> Weights:
    return 2 * identity(size, axes) - gaussian(size, axes)


def high_pass(size: int, axes: int) -> Weights:
    return identity(size, axes) - gaussian(size, axes)


def difference_of_gaussians(size: int, axes: int) -> Weights:
    # The ratio that comes nearest to the Laplacian of a Gaussian: D. Marr and E. Hildreth,
    # "Theory of edge detection", Proc. R. Soc. Lond. B 207, 1980.
    deviation = max(size - 1, 1) / 8
    return bell(size, axes, deviation) - bell(size, axes, 1.6 * deviation)


def binomial(size: int, axes: int) -> Weights:
    row = np.array([comb(size - 1, k) for k in range(size)], np.float64)
    return of_sum_one(reduce(np.multiply.outer, [row] * axes))


_GAUSSIAN = "exp(-r**2 / (2 s**2)), s = (size - 1) / 4; sum 1"
_DIFFERENCE = "gaussian of s = (size - 1) / 8 minus one of 1.6 s; sum 0"
_BINOMIAL = "a row of Pascal's triangle along each axis; sum 1"


def of_any_rank(axes: int) -> dict[str, Named]:
    """Return the filters that pictures and signals share, for so many axes."""

    def made(formula: str, make: Any, size: int, least: int = 1, odd: bool = False) -> Named:
        return Named(formula, lambda chosen: make(chosen, axes), size, least, odd)

    return {
        "identity": made("1 in the middle, 0 elsewhere", identity, 3, odd=True),
        "gaussian": made(_GAUSSIAN, gaussian, 7),
        "binomial": made(_BINOMIAL, binomial, 5),
        "unsharp": made(
            "2 identity - gaussian: adds what the blur takes away", unsharp, 7, odd=True
        ),
        "high-pass": made(
            "identity - gaussian: what the blur takes away", high_pass, 9, least=3, odd=True
        ),
        "difference-of-gaussians": made(
            _DIFFERENCE, difference_of_gaussians, 13, least=3, odd=True
        ),
    }
