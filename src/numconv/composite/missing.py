"""What is missing (NaN) left out of any weighted sum, which is then scaled to what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import Pairs
from ..core.protocol import Array, Operand

Smooth = Callable[[Any, Pairs, str], Any]


def totals(weight: Array, name: str = "weight") -> Array:
    """Return the sum of each filter of a weight, or raise where there is nothing to divide by."""
    rest = tuple(range(1, weight.ndim))
    wide = weight.astype(dtypes.widest(weight.dtype.name))
    sums, sizes = wide.sum(axis=rest), np.abs(wide).sum(axis=rest)
    terms = int(np.prod(weight.shape[1:]))
    rounding = max(terms, 1) * dtypes.epsilon(weight.dtype.name)
    if not (np.abs(sums) > rounding * sizes).all():
        expected = "weights that don't sum to 0, and are finite, where missing samples are left out"
        raise ArgumentError(name, f"sums {sums.tolist()}", expected)
    return np.asarray(sums)


def normalized(
    x: Any, total: Array, padding: Pairs, mode: str, smooth: Smooth, fill_value: float
) -> Any:
    """Return what `smooth` makes of `x` as if missing samples held the mean of those seen.

    Parameters
    ----------
    x : array, or `Operand`
        (N, C, *spatial), or without N.
    total : array, shape (C_out,)
        What the weights sum to.
    padding, mode
        Of the convolution.
    smooth : callable
        Convolves an array with the weights, for a padding and its mode.
    fill_value : float
        Where nothing is seen.
    """
    axes = len(padding)
    if isinstance(x, Operand):
        smooth(_there(x, padding, mode), *_padded_already(padding, mode))
        return smooth(x, padding, mode)
    fill = _fill(fill_value, x)
    missing = np.isnan(x)
    if not missing.any():
        return smooth(x, padding, mode)
    values = smooth(np.where(missing, x.dtype.type(0), x), padding, mode)
    there = _there((~missing).astype(x.dtype), padding, mode)
    seen = smooth(there, *_padded_already(padding, mode))
    share = total.astype(x.dtype).reshape(-1, *[1] * axes)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return np.where(seen == 0, fill, values * (share / seen))


def _fill(value: Any, x: Array) -> Any:
    try:
        return x.dtype.type(value)
    except (TypeError, ValueError):
        raise ArgumentTypeError("fill_value", value, f"a number, for {x.dtype}") from None


def _there(x: Any, padding: Pairs, mode: str) -> Any:
    """Return which samples are there, with the zeros of a padding as samples."""
    if mode != "zeros":
        return x
    before = x.ndim - len(padding)
    if isinstance(x, Operand):
        sizes = zip(x.shape[before:], padding, strict=True)
        return Operand((*x.shape[:before], *(size + lo + hi for size, (lo, hi) in sizes)), x.dtype)
    return np.pad(x, ((0, 0),) * before + padding, constant_values=1)


def _padded_already(padding: Pairs, mode: str) -> tuple[Pairs, str]:
    return (((0, 0),) * len(padding), mode) if mode == "zeros" else (padding, mode)
