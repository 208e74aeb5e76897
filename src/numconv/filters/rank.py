"""Kernels of rank one: outer products of one vector for each axis."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROUNDINGS = 8
"""By how many rounding units of each weight an outer product may miss it."""


def factors(kernel: Array, dtype: str) -> tuple[Array, ...] | None:
    """Return vectors of `dtype` whose outer product is `kernel`, or None.

    The column and the row through the largest weight are the only candidates, and keep small
    weights as exact as large ones, which singular vectors do not. They must give every weight to
    within `ROUNDINGS` of `dtype`; where all weights are whole numbers, exactly. All but the last
    have an absolute sum of at most 1, so that no pass grows beyond the samples.

    Parameters
    ----------
    kernel : ndarray of float64 or complex128, of two axes or more
    dtype : str
        Float or complex.
    """
    if kernel.size == 0 or not np.isfinite(kernel).all() or not kernel.any():
        return None
    exact = kernel.dtype.kind == "f" and float(np.abs(kernel).max()) < 2**53
    whole = exact and bool((kernel == np.rint(kernel)).all())
    vectors = []
    rest = kernel
    while rest.ndim > 1:
        column, rest = _split(rest, whole)
        _, exponent = np.frexp(np.abs(column).sum())
        vectors.append(np.ldexp(1.0, -exponent) * column)
        rest = np.ldexp(1.0, exponent) * rest
    vectors = [vector.astype(dtype) for vector in (*vectors, rest)]
    product = reduce(np.multiply.outer, [each.astype(kernel.dtype) for each in vectors])
    allowed = 0.0 if whole else ROUNDINGS * float(np.finfo(dtype).eps)
    fits = np.abs(product - kernel) <= allowed * np.abs(kernel)
    return tuple(vectors) if bool(fits.all()) else None


def _split(kernel: Array, whole: bool) -> tuple[Array, Array]:
    """Return the column and the rest through the largest weight, one of them over that weight."""
    rows = kernel.reshape(len(kernel), -1)
    row, place = np.unravel_index(np.abs(rows).argmax(), rows.shape)
    column, rest = rows[:, place], rows[row].reshape(kernel.shape[1:])
    if whole:
        divisor = float(np.gcd.reduce(column.astype(np.int64)))
        return column / divisor, rest / (column[row] / divisor)
    return column, rest / column[row]
