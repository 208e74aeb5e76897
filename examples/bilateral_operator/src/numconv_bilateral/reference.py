"""The definition in plain NumPy, which is the specification, and how far one may be from it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from numconv.plugin import FACTOR, Array, accumulator, widen

from .problem import BilateralProblem

_WEIGHT_ULPS = 4.0
"""Of the exponential of an exact exponent, and of its product with x."""

_LARGEST_EXPONENT = 1e3
"""Beyond it a weight is 0 in every dtype, and so is its error, however large the exponent."""


def taps(problem: BilateralProblem, x: Array) -> Iterator[tuple[Any, Array, Array]]:
    """Yield, for each offset, the pixels that have a neighbour there, what it weighs, and it.

    Yields
    ------
    here : tuple of slice
        The pixels.
    exponent : ndarray, shape (N, 1, h, w)
        Their neighbours weigh ``exp(-exponent)``.
    neighbour : ndarray, shape (N, C, h, w)
    """
    for tap in np.ndindex(*problem.kernel_shape):
        offset = [k - size // 2 for k, size in zip(tap, problem.kernel_shape, strict=True)]
        here: Any = (..., *map(_overlap, problem.input_shape, offset))
        there: Any = (..., *map(_overlap, problem.input_shape, [-k for k in offset]))
        far = sum((np.array(offset) / problem.sigma_space) ** 2)
        unlike = (((x[there] - x[here]) / problem.sigma_range) ** 2).sum(1, keepdims=True)
        yield here, (far + unlike) / 2, x[there]


def _overlap(size: int, offset: int) -> slice:
    """Return the positions of an axis that are still on it `offset` further on."""
    return slice(min(max(0, -offset), size), max(0, min(size, size - offset)))


def naive(problem: BilateralProblem, x: Array) -> Array:
    """Compute a bilateral filter by definition, one offset at a time."""
    wide = widen(x)
    weights, sums = np.zeros_like(wide[:, :1]), np.zeros_like(wide)
    with np.errstate(invalid="ignore", over="ignore"):
        for here, exponent, neighbour in taps(problem, wide):
            weight = np.exp(-exponent)
            weights[here] += weight
            sums[here] += weight * neighbour
        return np.asarray(sums / weights).astype(problem.result_dtype)


def bound(problem: BilateralProblem, x: Array) -> Array:
    """Return the largest error that each output may have.

    Let ``a`` be an exponent and ``w = exp(-a)``. Rounding x's differences, their squares and the
    sum of the C + 1 of them changes ``a`` by at most ``(C + 8) eps a``, and so ``w`` by that
    much of itself: what weighs least is known worst. An error ``e w`` of a weight moves the
    average ``y`` by at most ``e w (|x| + |y|) / sum(w)``. The two sums of K terms and their
    quotient add ``(2 K + 2) eps`` of ``sum(w |x|) / sum(w)``, which is at least ``|y|``. A weight
    below the least normal number is lost to within that number. As in `numconv.plugin.bound`, eps
    is the rounding unit of the accumulator, everything is allowed `FACTOR` times, and a float16
    result half a unit of its own last place besides.

    Returns
    -------
    ndarray of float64, of the problem's result shape
    """
    wide, kept = np.asarray(x, "float64"), np.finfo(accumulator(problem.dtype))
    weights, sums = np.zeros_like(wide[:, :1]), np.zeros_like(wide)
    errors, weighed, lost = np.zeros_like(weights), np.zeros_like(sums), np.zeros_like(sums)
    with np.errstate(invalid="ignore", over="ignore"):
        for here, exponent, neighbour in taps(problem, wide):
            weight, size = np.exp(-exponent), np.abs(neighbour)
            exponent = np.minimum(exponent, _LARGEST_EXPONENT)
            error = weight * ((problem.channels + 8) * exponent + _WEIGHT_ULPS)
            weights[here] += weight
            sums[here] += weight * size
            errors[here] += error
            weighed[here] += error * size
            lost[here] += float(kept.tiny) * size
        average = sums / weights
        moved = (weighed + errors * average) / weights + (2 * problem.terms + 2) * average
        allowed = FACTOR * float(kept.eps) * moved + float(kept.tiny)
        allowed += lost + float(kept.tiny) * problem.terms * average
        if problem.dtype == "float16":
            half = np.finfo(np.float16)
            allowed += float(half.eps) * average + float(half.smallest_subnormal)
    return np.asarray(allowed)
