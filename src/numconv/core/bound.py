"""How far a result may be from the exact one: the error bound of a dtype."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from . import dtypes
from .optional import Bounded, accuracy_of
from .protocol import Array

FACTOR = 2.0
"""c of ``|got - ref| <= c * K * eps * (|x| * |w|)``; the tests' only tolerance."""

TF32 = 1.01 * 2.0**-10
"""What a product of operands rounded to 11 significant bits may be off, of its size."""

_ACTIVATION_ULPS = 16.0


def bound(problem: Any, naive: Any, *operands: Array) -> Array:
    """Return the largest error each output of `problem` may have.

    A kind of problem whose results are not sums of products of its operands says it by itself,
    with a method ``bound(naive, *operands)``. For all others it is

    ``c * K * eps * (|x| * |w| + |bias| + |residual|)``, computed by the naive reference from
    absolute values, with K the terms per output and eps the rounding unit of the accumulator
    (N. Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1). A result kept in
    16 bits is allowed half a unit of its own last place besides, an activation
    a few of the accumulator's, and ``accuracy="fast"`` the rounding of float32 operands to TF32.

    Parameters
    ----------
    problem : Problem
    naive : callable
        The naive reference of this kind of problem.
    *operands : ndarray
        As the problem's plan takes them.

    Returns
    -------
    ndarray of float64, of the problem's result shape; 0 for integers
    """
    if isinstance(problem, Bounded):
        return np.asarray(problem.bound(naive, *operands), "float64")
    return bound_of_sums(problem, naive, operands, problem.terms)


def bound_of_sums(problem: Any, naive: Any, operands: tuple[Array, ...], terms: int) -> Array:
    """Return the bound above, with as K the most sums that a product goes through."""
    if dtypes.kind(problem.dtype) == "integer":
        return np.zeros(problem.result_shape)
    wide = "float64"
    linear = _linear(problem, wide)
    with np.errstate(invalid="ignore", over="ignore"):
        size = naive(linear, *(np.abs(operand).astype(wide) for operand in operands))
        eps = dtypes.epsilon(problem.dtype)
        complex_factor = 2.0 if dtypes.kind(problem.dtype) == "complex" else 1.0
        allowed = FACTOR * complex_factor * (terms + 2) * eps * size
        if problem.epilogue.activation is not None:
            allowed = 1.2 * allowed + _ACTIVATION_ULPS * eps * (1 + size)
        if problem.dtype == "float32" and accuracy_of(problem) == "fast":
            allowed = allowed + TF32 * size
        if problem.dtype == "float16":
            half = np.finfo(np.float16)
            allowed = allowed + float(half.eps) * size + float(half.smallest_subnormal)
    return np.asarray(allowed, wide) + float(np.finfo(dtypes.accumulator(problem.dtype)).tiny)


def _linear(problem: Any, dtype: str) -> Any:
    """Return a problem in another dtype, and without an activation."""
    if problem.epilogue.activation is None:
        return replace(problem, dtype=dtype)
    return replace(problem, dtype=dtype, epilogue=replace(problem.epilogue, activation=None))
