"""Sums of integers: computed exactly by whichever kernel provably can, then wrapped around."""

from __future__ import annotations

import numpy as np

from ..core.bound import FACTOR
from ..core.protocol import Array
from . import plain
from .layout import Layout
from .tensors import correlated, takes_transforms

# Integers below these are exact, and so is every sum of them that stays below.
_EXACT = {"float32": 2**24, "float64": 2**53, "int64": 2**63}


def summed(x: Array, weight: Array, layout: Layout, dtype: np.dtype, accuracy: str) -> Array:
    """Return sums of products of integers or bools, as `dtype` holds them.

    Parameters
    ----------
    x, weight : ndarray
        Of the shapes of `layout`.
    layout : Layout
    dtype : dtype
        Of the result. What does not fit wraps around, as in NumPy's arithmetic; of bools any
        product that is true makes a true sum.
    accuracy : {"standard", "strict"}
        ``strict`` forbids to go through transforms.
    """
    most = largest_sum(x, weight, layout)
    fitting = [name for name, limit in _EXACT.items() if most < limit]
    if not fitting:
        return plain.summed(x.astype(dtype, copy=False), weight.astype(dtype, copy=False), layout)
    transforms = accuracy != "strict" and through_transforms(layout, most)
    wide = "float64" if transforms else fitting[0]
    chosen = "standard" if transforms else "strict"
    x, weight = np.ascontiguousarray(x, wide), np.ascontiguousarray(weight, wide)
    sums = correlated(x, weight, layout, chosen)
    if transforms:
        np.rint(sums, out=sums)
    return _wrapped(sums, most, dtype)


def through_transforms(layout: Layout, most: int) -> bool:
    """Return whether transforms would be taken, and rounding their results gives the sums.

    Parameters
    ----------
    layout : Layout
    most : int
        The largest sum that there may be.
    """
    # A transform's error is of the size of all products, also where most taps meet no samples.
    size = most * (layout.terms / layout.most_products)
    error = FACTOR * (layout.terms + 2) * float(np.finfo("float64").eps) * size
    return error < 0.5 and takes_transforms(layout, np.dtype("float64"))


def largest_sum(x: Array, weight: Array, layout: Layout) -> int:
    """Return how large a sum of products of these integers may be."""
    return layout.most_products * _largest(x) * _largest(weight)


def _largest(array: Array) -> int:
    if array.dtype.kind == "b":
        return 1
    if array.dtype.itemsize == 1:
        return -int(np.iinfo(array.dtype).min) or int(np.iinfo(array.dtype).max)
    return max(int(array.max()), -int(array.min()))


def _wrapped(sums: Array, most: int, dtype: np.dtype) -> Array:
    """Return whole numbers as `dtype`; one that is too large for it is cast by way of int64."""
    if dtype.kind != "b" and most > np.iinfo(dtype).max:
        sums = sums.astype("int64", copy=False)
    return sums.astype(dtype, copy=False)
