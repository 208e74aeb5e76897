"""Convolution by NumPy's Fourier transforms, for what no algorithm of numconv transforms."""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np

from ..core.protocol import Array
from . import sums
from .layout import MOST_AXES, Layout
from .tensors import COMPILED

OPERATIONS = 32
"""Products that take as long as a number and doubling of three transforms, roughly."""


def convolved(first: Array, second: Array, layout: Layout, dtype: np.dtype) -> Array:
    """Return the convolution of two arrays of which the caller asked for transforms.

    The dispatcher decides on them, except along more than three axes and for long numbers: these
    NumPy transforms, where that is much less work. It spreads whatever is not finite over all
    results, so that sums are taken if something is not.

    Parameters, and what is returned, are those of `sums.convolved`.
    """
    first, second = first.astype(dtype, copy=False), second.astype(dtype, copy=False)
    beyond = len(layout.sliding) > MOST_AXES or (layout.sliding and dtype not in COMPILED)
    if beyond and _worth(layout) and np.isfinite(first).all() and np.isfinite(second).all():
        return _transformed(first, second, layout)
    return sums.convolved(first, second, layout, dtype)


def _worth(layout: Layout) -> bool:
    slid = [layout.spans[axis] for axis in layout.sliding]
    whole = prod(span.size + span.taps - 1 for span in slid)
    rows = layout.products // prod(span.length * span.taps for span in slid)
    return layout.products > OPERATIONS * rows * whole * log2(whole)


def _transformed(first: Array, second: Array, layout: Layout) -> Array:
    """Return the convolution of two arrays as the transform of a product."""
    x, weight = layout.operands(first, second)
    slid = [layout.spans[axis] for axis in layout.sliding]
    axes = tuple(range(-len(slid), 0))
    sides = [
        _smooth(size + taps - 1) for size, taps in zip(x.shape[2:], weight.shape[2:], strict=True)
    ]
    real = x.dtype.kind != "c"
    forward, back = (np.fft.rfftn, np.fft.irfftn) if real else (np.fft.fftn, np.fft.ifftn)
    by_group = weight.reshape(layout.group_count, -1, *weight.shape[2:])
    spectrum = forward(x, sides, axes)[:, :, None] * forward(by_group, sides, axes)
    whole = back(spectrum, sides, axes).reshape(len(x), len(weight), *sides)
    begins = [span.start + min(span.lo, 0) for span in slid]
    cut: list[Any] = [slice(b, b + span.length) for b, span in zip(begins, slid, strict=True)]
    return layout.result(whole[(..., *cut)].astype(x.dtype, copy=False))


def _smooth(size: int) -> int:
    """Return the least product of powers of 2, 3 and 5 that is at least `size`."""
    best = 1 << (size - 1).bit_length()
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            quotient = -(-size // threes)
            best = min(best, threes << (quotient - 1).bit_length())
            threes *= 3
        fives *= 5
    return best
