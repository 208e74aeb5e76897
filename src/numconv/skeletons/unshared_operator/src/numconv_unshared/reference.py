"""The definition in plain NumPy, one tap at a time, which is the specification."""

from __future__ import annotations

from typing import Any

import numpy as np
from numconv.plugin import Array, widen

from .problem import UnsharedProblem


def naive(problem: UnsharedProblem, given: Array, weight: Array, *offset: Array) -> Array:
    """Compute a locally connected layer, or its input gradient, by definition."""
    compute = _forward if problem.direction == "forward" else _input_gradient
    with np.errstate(invalid="ignore", over="ignore"):
        result = compute(problem, widen(given), widen(weight))
        for each in offset:
            result = result + widen(each)
        return np.asarray(result).astype(problem.result_dtype)


def _forward(problem: UnsharedProblem, x: Array, weight: Array) -> Array:
    """Return what each output sums, of the padded x."""
    padded = np.pad(x, ((0, 0), (0, 0), *problem.padding))
    y = np.zeros(problem.y_shape, x.dtype)
    for tap in np.ndindex(*problem.kernel_shape):
        samples = padded[_window(problem, tap)]
        y += np.einsum("oihw,nihw->nohw", weight[:, :, *tap], samples)
    return y


def _input_gradient(problem: UnsharedProblem, y: Array, weight: Array) -> Array:
    """Return what each sample takes part in: it is added where `_forward` reads."""
    sides = [size + sum(pair) for size, pair in _axes(problem)]
    padded = np.zeros((*problem.x_shape[:2], *sides), y.dtype)
    for tap in np.ndindex(*problem.kernel_shape):
        padded[_window(problem, tap)] += np.einsum("oihw,nohw->nihw", weight[:, :, *tap], y)
    inside: Any = (..., *(slice(low, low + size) for size, (low, _) in _axes(problem)))
    samples: Array = padded[inside]
    return samples


def _axes(problem: UnsharedProblem) -> Any:
    return zip(problem.input_shape, problem.padding, strict=True)


def _window(problem: UnsharedProblem, tap: tuple[int, ...]) -> Any:
    """Return the index of the samples, of the padded x, that `tap` of every output reads."""
    axes = zip(tap, problem.output_shape, problem.stride, strict=True)
    return (..., *(slice(k, k + (size - 1) * step + 1, step) for k, size, step in axes))
