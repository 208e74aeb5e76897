"""What stands beyond the edges of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.geometry import Pairs, source_index
from ..core.protocol import Array


def extended(array: Array, around: Pairs, padding_mode: str, fill: Any = 0) -> Array:
    """Return `array` with more samples around its last axes, however many.

    Parameters
    ----------
    array : ndarray
    around : tuple of (low, high)
        Samples to add along each of the last axes.
    padding_mode : str
        One of `geometry.PADDING_MODES`; ``"zeros"`` adds samples of the value `fill`.
    fill : scalar, default 0

    Returns
    -------
    ndarray
    """
    axes = range(array.ndim - len(around), array.ndim)
    if padding_mode == "zeros":
        untouched = [(0, 0)] * axes.start
        return np.pad(array, [*untouched, *around], constant_values=fill)
    for axis, (lo, hi) in zip(axes, around, strict=True):
        if lo or hi:
            array = array.take(source_index(array.shape[axis], lo, hi, padding_mode), axis)
    return array
