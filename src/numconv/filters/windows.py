"""Windows and filters of signals, as data.

Windows are SciPy's symmetric ones, divided by their sum. ``x`` counts samples from the middle,
and ``t`` is 1 at the last of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .named import Named, Weights, fixed, of_absolute_sum_one, of_any_rank, of_sum_one, positions

_WINDOW = 9


def _relative(size: int) -> Weights:
    return positions(size) / max((size - 1) / 2, 0.5)


def _cosines(*shares: float) -> Callable[[int], Weights]:
    def make(size: int) -> Weights:
        t = _relative(size)
        return of_sum_one(sum(a * np.cos(np.pi * k * t) for k, a in enumerate(shares)))

    return make


def _of_t(function: Callable[[Weights], Weights]) -> Callable[[int], Weights]:
    return lambda size: of_sum_one(function(_relative(size)))


def _triangle(size: int) -> Weights:
    return of_sum_one(1 - np.abs(positions(size)) / ((size + 1) // 2))


def _cosine(size: int) -> Weights:
    return of_sum_one(np.cos(np.pi * positions(size) / size))


def _bohman(t: Weights) -> Weights:
    far = np.abs(t)
    return (1 - far) * np.cos(np.pi * far) + np.sin(np.pi * far) / np.pi


def _parzen(size: int) -> Weights:
    far = np.abs(positions(size)) / (size / 2)
    return of_sum_one(np.where(far <= 0.5, 1 - 6 * far**2 * (1 - far), 2 * (1 - far) ** 3))


def _tukey(t: Weights) -> Weights:
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(2 * np.abs(t) - 1, 0, 1)))


def _kaiser(t: Weights) -> Weights:
    return np.asarray(np.i0(8.6 * np.sqrt(np.maximum(1 - t**2, 0))))


def _exponential(size: int) -> Weights:
    return of_sum_one(np.exp(-np.abs(positions(size)) / (max(size - 1, 1) / 6)))


def _past(size: int) -> Weights:
    middle = size // 2
    ago = middle - np.arange(size)
    share = 2 / (middle + 2)
    return of_sum_one(np.where(ago >= 0, (1 - share) ** np.maximum(ago, 0), 0))


def _low_pass(size: int) -> Weights:
    hamming = 0.54 + 0.46 * np.cos(np.pi * _relative(size))
    return of_sum_one(np.sinc(positions(size) / 2) * hamming)


def _fitted(size: int, order: int) -> Weights:
    """Return what gives the coefficient of x**order in the parabola fitted to the samples."""
    powers = np.vander(positions(size), 3, increasing=True)
    return np.asarray(np.linalg.pinv(powers)[order])


def _step(size: int) -> Weights:
    return np.asarray(np.sign(positions(size)) / (size // 2))


def _ricker(size: int) -> Weights:
    square = (positions(size) / ((size - 1) / 6)) ** 2
    weights = (1 - square) * np.exp(-square / 2)
    return of_absolute_sum_one(weights - weights.mean())


# What is 0 at its ends has no weights left for fewer than three samples.
_ENDING_IN_ZERO = {
    "bartlett": ("1 - |t|", _of_t(lambda t: 1 - np.abs(t))),
    "hann": ("0.5 + 0.5 cos(pi t)", _cosines(0.5, 0.5)),
    "blackman": ("0.42 + 0.5 cos(pi t) + 0.08 cos(2 pi t)", _cosines(0.42, 0.5, 0.08)),
    "welch": ("1 - t**2", _of_t(lambda t: 1 - t**2)),
    "bohman": ("(1 - |t|) cos(pi |t|) + sin(pi |t|) / pi", _of_t(_bohman)),
    "tukey": ("1 to half way, then 0.5 + 0.5 cos(pi (2 |t| - 1))", _of_t(_tukey)),
    "lanczos": ("sin(pi t) / (pi t)", _of_t(np.sinc)),
}
_FULL = {
    "boxcar": ("1 / size everywhere: the moving mean", _of_t(np.ones_like)),
    "triangle": ("1 - |x| / h, h = size / 2 rounded up", _triangle),
    "hamming": ("0.54 + 0.46 cos(pi t)", _cosines(0.54, 0.46)),
    "blackman-harris": (
        "0.35875 + 0.48829 cos(pi t) + 0.14128 cos(2 pi t) + 0.01168 cos(3 pi t)",
        _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    ),
    "nuttall": (
        "0.3635819 + 0.4891775 cos(pi t) + 0.1365995 cos(2 pi t) + 0.0106411 cos(3 pi t)",
        _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    ),
    "cosine": ("cos(pi x / size)", _cosine),
    "parzen": (
        "1 - 6 u**2 (1 - u) up to u = 1/2, then 2 (1 - u)**3; u = 2 |x| / size",
        _parzen,
    ),
    "kaiser": ("I0(8.6 sqrt(1 - t**2)), the modified Bessel function of order 0", _of_t(_kaiser)),
    "exponential": ("exp(-|x| / a), a = (size - 1) / 6", _exponential),
}

WINDOWS: dict[str, Named] = {
    **of_any_rank(1),
    **{
        name: Named(f"{formula}; sum 1", make, _WINDOW, least=3)
        for name, (formula, make) in _ENDING_IN_ZERO.items()
    },
    **{
        name: Named(formula if "mean" in formula else f"{formula}; sum 1", make, _WINDOW)
        for name, (formula, make) in _FULL.items()
    },
    "exponential-past": Named(
        "(1 - a)**k for the sample k before, a = 2 / (size // 2 + 2), 0 after; sum 1",
        _past,
        17,
        odd=True,
    ),
    "low-pass": Named(
        "sin(pi x / 2) / (pi x / 2) hamming: what is below a quarter of the sampling rate; sum 1",
        _low_pass,
        17,
        odd=True,
    ),
    "savitzky-golay": Named(
        "the value in the middle of the parabola that fits the samples best; sum 1",
        lambda size: _fitted(size, 0),
        7,
        least=3,
        odd=True,
    ),
    "savitzky-golay-derivative": Named(
        "the slope in the middle of the parabola that fits best: x / sum(x**2)",
        lambda size: _fitted(size, 1),
        7,
        least=3,
        odd=True,
    ),
    "savitzky-golay-second-derivative": Named(
        "the second derivative of the parabola that fits best",
        lambda size: 2 * _fitted(size, 2),
        7,
        least=3,
        odd=True,
    ),
    "step": Named("the mean of what comes after less that of what was before", _step, 9, 3, True),
    "ricker": Named(
        "(1 - x**2 / s**2) exp(-x**2 / (2 s**2)), s = (size - 1) / 6; sum 0, absolute sum 1",
        _ricker,
        13,
        least=5,
        odd=True,
    ),
    "difference": fixed([-1, 1], "what comes next less what is"),
    "derivative": fixed([-0.5, 0, 0.5], "d/dx, by central differences"),
    "derivative-4": fixed(
        np.array([1, -8, 0, 8, -1]) / 12, "d/dx, exact for polynomials of the fourth degree"
    ),
    "second-derivative": fixed([1, -2, 1], "d2/dx2, by central differences"),
    "second-derivative-4": fixed(
        np.array([-1, 16, -30, 16, -1]) / 12,
        "d2/dx2, exact for polynomials of the fifth degree",
    ),
}
