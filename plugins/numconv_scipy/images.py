"""`scipy.ndimage.convolve`: direct sums in float64, with the borders of image processing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from math import prod
from operator import iadd
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.protocol import Array

from . import library, windows
from .plan import ScipyAlgorithm, pairs_of_channels

_MODES = {
    "zeros": "constant",
    "reflect": "mirror",
    "symmetric": "reflect",
    "replicate": "nearest",
    "circular": "wrap",
}
_SECONDS, _SECONDS_PER_PLACE, _SECONDS_PER_OFFSET, _RATE = 8e-6, 1e-9, 1e-9, 2e9


class Ndimage(ScipyAlgorithm):
    """`ndimage.convolve`, which gives as many results as it is given samples; some are kept.

    It skips taps of zero, so the holes of a dilated kernel cost nothing.
    """

    name = "ndimage"

    def channel(self, problem: Any) -> Callable[[Array, Array], Array]:
        taps = windows.extents(problem)
        pairs = windows.padding(problem)
        convolve = partial(
            library.module("ndimage").convolve,
            output=np.dtype(dtypes.accumulator(problem.dtype)),
            mode=_MODES[windows.padding_mode(problem)],
            origin=[e // 2 - lo - (e % 2 == 0) for e, (lo, _) in zip(taps, pairs, strict=True)],
        )
        sizes = zip(windows.given_shape(problem), pairs, taps, strict=True)
        first = (..., *(slice(size + lo + hi - e + 1) for size, (lo, hi), e in sizes))

        def summed(x: Array, kernels: Array) -> Array:
            total = reduce(iadd, map(convolve, x, kernels))
            kept: Array = total[first]
            return kept

        return summed

    def refusal(self, problem: Any) -> str | None:
        if dtypes.kind(problem.dtype) == "integer" and np.dtype(problem.dtype).itemsize > 2:
            return f"SciPy sums {problem.dtype} as float64, which rounds: use scipy/direct"
        pairs = zip(windows.padding(problem), windows.extents(problem), strict=True)
        for axis, ((lo, hi), extent) in enumerate(pairs):
            if lo < 0 or lo >= extent or lo + hi >= extent:
                return (
                    f"scipy.ndimage gives a result for each sample given, and padding ({lo}, {hi}) "
                    f"of axis {axis} asks for others with {extent} taps"
                )
        return super().refusal(problem)

    def cost(self, problem: Any) -> float:
        samples, taps = prod(windows.given_shape(problem)), prod(problem.kernel_shape)
        parts = 4 if dtypes.kind(problem.dtype) == "complex" else 1
        # Where the kernel hangs over a border, each place has offsets of its own.
        borders = prod(windows.extents(problem)) ** 2 * _SECONDS_PER_OFFSET
        each = _SECONDS + borders + samples * parts * (_SECONDS_PER_PLACE + taps / _RATE)
        return float(pairs_of_channels(problem) * each)

    def describe(self, problem: Any) -> str:
        return f"scipy.ndimage.convolve, for each of {pairs_of_channels(problem)} pairs of channels"
