"""The sums of products behind every function here, in the dtype that was decided on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.protocol import Array
from . import integers, plain
from .layout import Layout
from .operands import MODES
from .tensors import COMPILED, correlated

TINY, TINY_COMPLEX, FEW = 3000, 80_000, 4
"""Up to so many products of signals, or results, NumPy takes less time than a call of a kernel."""

TINY_FLOATS = {np.dtype("float32"): 40_000, np.dtype("float64"): 60_000}
UNROLLED, BRIEF = 11, 700
"""NumPy unrolls sums of up to so many of these floats' products, and `TINY_FLOATS` holds. It calls
a function for any longer one, which takes less time than a kernel for up to `BRIEF` results."""

_FLIPPED = (slice(None), slice(None), *[slice(None, None, -1)] * 64)


def convolved(
    first: Array, second: Array, layout: Layout, dtype: np.dtype, accuracy: str = "standard"
) -> Array:
    """Return the convolution of two arrays.

    Parameters
    ----------
    first, second : ndarray
        Of the shapes that `layout` was made for.
    layout : Layout
    dtype : dtype
        In which products are summed, and of the result. Integers wrap around as NumPy's do.
    accuracy : {"standard", "strict"}
        ``strict`` forbids to go through transforms.

    Returns
    -------
    ndarray of `dtype`, shape ``layout.shape``
    """
    compiled = dtype.kind in "biu" or dtype in COMPILED
    if first.ndim == 1 and layout.sliding and (not compiled or _tiny(layout, dtype)):
        first, second = first.astype(dtype, copy=False), second.astype(dtype, copy=False)
        return plain.summed_in_line(first, second, layout)
    if dtype.kind == "c" and "f" in (first.dtype.kind, second.dtype.kind):
        return _by_parts(first, second, layout, dtype, accuracy)
    x, weight = layout.operands(first, second)
    weight = weight[_FLIPPED[: weight.ndim]]
    if layout.sliding and dtype.kind in "biu":
        return layout.result(integers.summed(x, weight, layout, dtype, accuracy))
    # Calls with contiguous operands are the ones that the dispatcher recognises at a glance.
    x, weight = np.ascontiguousarray(x, dtype), np.ascontiguousarray(weight, dtype)
    if not layout.sliding:
        sums = plain.multiplied(x, weight)
    elif compiled and set(layout.shape) == {1} and x.shape == weight.shape:
        sums = plain.dotted(x, weight)
    elif compiled:
        sums = _summed(x, weight, layout, accuracy)
    else:
        sums = plain.summed(x, weight, layout)
    return layout.result(sums)


def brief(first: Array, second: Array, mode: Any) -> bool:
    """Return whether these are signals of floats that NumPy convolves before they are laid out."""
    dtype, n, k = first.dtype, first.size, second.size
    if first.ndim != 1 or dtype not in TINY_FLOATS or second.dtype is not dtype or n == 0 or k == 0:
        return False
    if mode not in MODES or (mode == "same" and n < k):
        return False
    return _quick(n + k - 1, min(n, k), dtype)


def _tiny(layout: Layout, dtype: np.dtype) -> bool:
    results = layout.shape[0]
    return results <= FEW or _quick(results, layout.products // results, dtype)


def _quick(results: int, taps: int, dtype: np.dtype) -> bool:
    if dtype.kind == "c":
        most = TINY_COMPLEX
    elif dtype in TINY_FLOATS and (taps <= UNROLLED or results <= BRIEF):
        most = TINY_FLOATS[dtype]
    else:
        most = TINY
    return results * taps <= most


def _by_parts(first: Array, second: Array, layout: Layout, dtype: np.dtype, accuracy: str) -> Array:
    """Convolve complex numbers with real ones: half the products that complex ones take."""
    sums = np.empty(layout.shape, dtype)
    parts = [
        (each.real, each.imag) if each.dtype.kind == "c" else (each, each)
        for each in (first, second)
    ]
    for into, one, other in zip((sums.real, sums.imag), *parts, strict=True):
        into[...] = convolved(one, other, layout, into.dtype, accuracy)
    return sums


def _summed(x: Array, weight: Array, layout: Layout, accuracy: str) -> Array:
    """Sum products of floating-point numbers, of which those with zeros around `x` are none.

    A kernel multiplies these too, which matters to taps that are not finite.
    """
    zeros = layout.padded and layout.padding_mode == "zeros"
    if not zeros or np.count_nonzero(finite := np.isfinite(weight)) == weight.size:
        return correlated(x, weight, layout, accuracy)
    if not np.isfinite(x).all():
        return plain.summed(x, weight, layout)
    nothing = weight.dtype.type(0)
    sums = correlated(x, np.where(finite, weight, nothing), layout, accuracy)
    others = np.where(finite, nothing, weight)
    for tap in np.argwhere(~finite.all(axis=(0, 1))):
        plain.add_tap(sums, x, others, tuple(tap), layout.padding)
    return sums
