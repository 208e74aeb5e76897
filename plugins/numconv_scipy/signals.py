"""`scipy.signal`: its direct sums, its Fourier transforms, and its choice between the two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from math import log2, prod
from operator import iadd
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from . import library, windows
from .plan import ScipyAlgorithm, pairs_of_channels, result_channels

_DIRECT_SECONDS, _DIRECT_RATES = 5e-6, {1: 20e9, 2: 0.8e9, 3: 0.1e9}
# On one axis, where NumPy computes: more than 11 taps are a call of BLAS for each result.
_FEW_TAPS, _SECONDS_PER_RESULT = 11, {True: 1e-9, False: 6e-9}
_FFT_SECONDS, _FFT_SECONDS_PER_PAIR = 60e-6, 4e-6
# Of a sample and a doubling of the length; many lines share threads and fit caches.
_SINGLE_LINE, _MANY_LINES = 1.6e-9, {1: 0.35e-9, 2: 0.35e-9, 3: 0.8e-9}
_PIECES = {1: 1.0, 2: 3.5, 3: 4.0}


class Direct(ScipyAlgorithm):
    """Sums of products: `convolve` with ``method="direct"``; for pictures, `convolve2d`.

    That one is five to eight times as fast as `convolve` is on two axes.
    """

    name = "direct"

    def channel(self, problem: Any) -> Callable[[Array, Array], Array]:
        signal = library.module("signal")
        if problem.axes == 2:
            return _summed(problem, signal.convolve2d)
        return _summed(problem, partial(signal.convolve, method="direct"))

    def cost(self, problem: Any) -> float:
        taps, places = prod(windows.extents(problem)), windows.places(problem)
        each = taps / _DIRECT_RATES[problem.axes]
        if problem.axes == 1:
            each += _SECONDS_PER_RESULT[taps <= _FEW_TAPS]
        if dtypes.kind(problem.dtype) == "complex":
            each *= 4
        return pairs_of_channels(problem) * (_DIRECT_SECONDS + places * each)

    def describe(self, problem: Any) -> str:
        how = "convolve2d" if problem.axes == 2 else 'convolve(method="direct")'
        return f"scipy.signal.{how}, {_pairs(problem)}"


class Convolve(ScipyAlgorithm):
    """`convolve` with ``method="auto"``: whichever of its two ways SciPy thinks is faster."""

    name = "convolve"

    def channel(self, problem: Any) -> Callable[[Array, Array], Array]:
        return _summed(problem, partial(library.module("signal").convolve, method="auto"))

    def refusal(self, problem: Any) -> str | None:
        return _spreading_refusal(problem) or super().refusal(problem)

    def cost(self, problem: Any) -> float:
        slower = _DIRECT_RATES[2] / _DIRECT_RATES[3] if problem.axes == 2 else 1
        return 1.1 * min(_FFT.cost(problem), slower * _DIRECT.cost(problem))

    def describe(self, problem: Any) -> str:
        return f'scipy.signal.convolve(method="auto"), {_pairs(problem)}'


class Fft(ScipyAlgorithm):
    """`fftconvolve`: one transform of the whole, all given channels of a result at once."""

    name = "fft"
    transforms = True
    function = "fftconvolve"

    def channel(self, problem: Any) -> Callable[[Array, Array], Array]:
        function = getattr(library.module("signal"), self.function)
        set_workers = library.module("fft").set_workers
        mode, pad = windows.scipy_mode(problem), windows.padder(problem)
        axes = tuple(range(1, problem.axes + 1))

        def convolve(x: Array, kernels: Array) -> Array:
            with set_workers(get_num_threads()):
                if mode is None:
                    found = function(pad(x), kernels, "valid", axes)
                else:
                    found = function(x, kernels, mode, axes)
            return np.asarray(found[0] if len(found) == 1 else found.sum(0))

        return convolve

    def refusal(self, problem: Any) -> str | None:
        if dtypes.kind(problem.dtype) == "integer":
            return f"SciPy transforms {problem.dtype} as float64, which rounds: use scipy/direct"
        return _spreading_refusal(problem) or super().refusal(problem)

    def cost(self, problem: Any) -> float:
        points = windows.places(problem) + prod(windows.extents(problem))
        each = points * log2(points + 1) * _seconds_per_point(problem)
        return _of_all(problem, _FFT_SECONDS, each)

    def describe(self, problem: Any) -> str:
        return f"scipy.signal.{self.function}, for each of {result_channels(problem)} results"


class OverlapAdd(Fft):
    """`oaconvolve`: transforms of pieces a few times as long as the kernel."""

    name = "oaconvolve"
    function = "oaconvolve"

    def cost(self, problem: Any) -> float:
        taps, points = prod(windows.extents(problem)), windows.places(problem)
        # Pieces as long as the signal are one transform, and short ones are many small ones.
        doublings = _PIECES[problem.axes] * log2(min(8 * taps, points) + 1)
        each = points * (doublings * _MANY_LINES[problem.axes] * _wider(problem) + 20e-9 / taps)
        return _of_all(problem, 1.5 * _FFT_SECONDS, each)


def _of_all(problem: Any, call: float, pair: float) -> float:
    """Return the seconds of all channels, from those of a call and of a pair of channels."""
    pairs = pairs_of_channels(problem)
    return result_channels(problem) * call + pairs * (_FFT_SECONDS_PER_PAIR + pair)


def _seconds_per_point(problem: Any) -> float:
    # Of a batch of none there are no results, either.
    results = max(result_channels(problem), 1)
    lines = pairs_of_channels(problem) // results if problem.axes == 1 else 2
    return (_SINGLE_LINE if lines == 1 else _MANY_LINES[problem.axes]) * _wider(problem)


def _wider(problem: Any) -> float:
    """Return how much longer the dtype takes than float32."""
    return float(np.dtype(problem.dtype).itemsize) / 4 if problem.axes > 1 else 1.0


def _summed(
    problem: Any, convolve: Callable[[Array, Array, str], Array]
) -> Callable[[Array, Array], Array]:
    """Return a function that adds what `convolve` makes of each pair of channels."""
    mode, pad = windows.scipy_mode(problem), windows.padder(problem)

    def summed(x: Array, kernels: Array) -> Array:
        given = x if mode is not None else pad(x)
        pairs = zip(given, kernels, strict=True)
        return reduce(iadd, (convolve(one, kernel, mode or "valid") for one, kernel in pairs))

    return summed


def _spreading_refusal(problem: Any) -> str | None:
    if problem.accuracy == "strict":
        return "a Fourier transform mixes receptive fields, which accuracy='strict' forbids"
    return None


def _pairs(problem: Any) -> str:
    return f"for each of {pairs_of_channels(problem)} pairs of channels"


_DIRECT, _FFT = Direct(), Fft()
