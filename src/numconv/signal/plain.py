"""Convolution in plain NumPy: for what is tiny, and for dtypes that kernels do not have."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.geometry import Pairs
from ..core.protocol import Array
from .edges import extended
from .layout import Layout


def multiplied(x: Array, weight: Array) -> Array:
    """Return the results of a layout along which nothing slides: one product each.

    Parameters
    ----------
    x : ndarray, shape (N, groups)
    weight : ndarray, shape (groups * channels, 1)

    Returns
    -------
    ndarray, shape (N, groups * channels)
    """
    with np.errstate(invalid="ignore", over="ignore"):
        products: Array = x[:, :, None] * weight.reshape(x.shape[1], -1)
    return products.reshape(len(x), -1)


def dotted(x: Array, weight: Array) -> Array:
    """Return the only result there is, of arrays that are equally large."""
    with np.errstate(invalid="ignore", over="ignore"):
        product: Array = np.dot(x.reshape(-1), weight.reshape(-1)).reshape((1,) * x.ndim)
    return product


def summed_in_line(first: Array, second: Array, layout: Layout) -> Array:
    """Return the convolution of two signals, by NumPy's own."""
    if not layout.padded:
        x, weight = layout.operands(first, second)
        return np.convolve(x[0, 0], weight[0, 0], "valid")
    span = layout.spans[0]
    begin = span.start
    if span.lo < 0 or span.hi < 0:
        x, weight = layout.operands(first, second)
        first, second = x[0, 0], weight[0, 0]
        begin += min(span.lo, 0)
    return np.convolve(first, second)[begin : begin + span.length]


def summed(x: Array, weight: Array, layout: Layout) -> Array:
    """Return the correlation of any number of axes, any dtype: tap by tap, samples side by side.

    Parameters
    ----------
    x, weight : ndarray
        Of the shapes of `layout`, and one dtype, in which sums are kept.
    """
    padding = layout.padding
    if layout.padding_mode != "zeros":
        x, padding = extended(x, padding, layout.padding_mode), ((0, 0),) * len(padding)
    sums = np.zeros(layout.result_shape, x.dtype)
    for tap in np.ndindex(*weight.shape[2:]):
        add_tap(sums, x, weight, tap, padding)
    return sums


def add_tap(sums: Array, x: Array, weight: Array, tap: tuple[int, ...], padding: Pairs) -> None:
    """Add the products with one tap to `sums`; none with zeros around `x`."""
    into: list[Any] = []
    seen: list[Any] = []
    for position, (lo, _), size, outputs in zip(
        tap, padding, x.shape[2:], sums.shape[2:], strict=True
    ):
        shift = position - lo
        begin = max(-shift, 0)
        end = max(min(outputs, size - shift), begin)
        into.append(slice(begin, end))
        seen.append(slice(begin + shift, end + shift))
    groups = x.shape[1]
    by_group = sums.reshape(len(sums), groups, -1, *sums.shape[2:])
    every: Any = slice(None)
    factor = weight[(every, 0, *tap)].reshape(groups, -1, *[1] * len(tap))
    with np.errstate(invalid="ignore", over="ignore"):
        by_group[(..., *into)] += x[(every, every, None, *seen)] * factor
