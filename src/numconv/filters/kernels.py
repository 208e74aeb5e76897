"""The kernels of image-processing tutorials, as data."""

from __future__ import annotations

from functools import partial

import numpy as np

from .named import (
    Named,
    Weights,
    fixed,
    identity,
    of_absolute_sum_one,
    of_any_rank,
    of_sum_one,
    positions,
    squared_radius,
)

_Rows = list[list[float]]


def _box(size: int) -> Weights:
    return np.full((size, size), 1 / size**2)


def _tent(size: int) -> Weights:
    ramp = 1 - np.abs(positions(size)) / ((size + 1) / 2)
    return of_sum_one(np.outer(ramp, ramp))


def _disk(size: int) -> Weights:
    return of_sum_one(squared_radius(size, 2) <= size**2 / 4)


def _ring(size: int) -> Weights:
    weights = np.ones((size, size))
    weights[1:-1, 1:-1] = 0
    return of_sum_one(weights)


def _motion_blur(size: int, angle: float) -> Weights:
    direction = np.deg2rad(angle)
    steep = abs(np.sin(direction)) > abs(np.cos(direction)) + 1e-12
    slope = 1 / np.tan(direction) if steep else np.tan(direction)
    across = positions(size)[:, None] - slope * positions(size)
    shares = np.maximum(1 - np.abs(across), 0)
    return of_sum_one(shares.T if steep else shares)


def _laplacian_of_gaussian(size: int) -> Weights:
    variance = (max(size - 1, 1) / 6) ** 2
    radius = squared_radius(size, 2)
    weights = (radius - 2 * variance) * np.exp(-radius / (2 * variance))
    return of_absolute_sum_one(weights - weights.mean())


def _gabor(size: int, angle: float) -> Weights:
    direction, at = np.deg2rad(angle), positions(size)
    along = np.cos(direction) * at + np.sin(direction) * at[:, None]
    envelope = np.exp(-squared_radius(size, 2) / (2 * ((size - 1) / 5) ** 2))
    wave = np.cos(4 * np.pi * along / (size - 1))
    # Less its mean under the envelope: an even picture shall give nothing.
    return of_absolute_sum_one(envelope * (wave - np.average(wave, weights=envelope)))


def _gaussian_slope(size: int, angle: float) -> Weights:
    direction, at = np.deg2rad(angle), positions(size)
    along = np.cos(direction) * at + np.sin(direction) * at[:, None]
    envelope = np.exp(-squared_radius(size, 2) / (2 * ((size - 1) / 4) ** 2))
    return np.asarray(along * envelope / (along**2 * envelope).sum())


_MOTION = "1 / size at each step along the line at angle, shared by the pixels beside it"
_GABOR = "exp(-r**2 / (2 s**2)) (cos(4 pi u / (size - 1)) - mean), s = (size - 1) / 5, u {}"
_SLOPE = "u exp(-r**2 / (2 s**2)), s = (size - 1) / 4, u {}: the slope of the blurred picture"

KERNELS: dict[str, Named] = {
    **of_any_rank(2),
    "box": Named("1 / size**2 everywhere: the mean", _box, 3),
    "tent": Named("(1 - |x| / h) (1 - |y| / h), h = (size + 1) / 2; sum 1", _tent, 7),
    "disk": Named(
        "1 where x**2 + y**2 <= (size / 2)**2, 0 elsewhere; sum 1: the blur of a round aperture",
        _disk,
        7,
    ),
    "ring": Named("1 on the border of the square, 0 inside; sum 1: ghosts", _ring, 9),
    "laplacian-of-gaussian": Named(
        "(r**2 - 2 s**2) exp(-r**2 / (2 s**2)), s = (size - 1) / 6; sum 0, absolute sum 1",
        _laplacian_of_gaussian,
        9,
        odd=True,
    ),
    "motion-blur": Named(_MOTION + " (45: down to the right)", _motion_blur, 11, angle=45),
    "motion-blur-x": Named("1 / size along x", lambda size: np.full((1, size), 1 / size), 11),
    "motion-blur-y": Named("1 / size along y", lambda size: np.full((size, 1), 1 / size), 11),
    "gabor": Named(
        _GABOR.format("along angle: stripes across it"), _gabor, 15, least=5, odd=True, angle=45
    ),
    "gabor-x": Named(
        _GABOR.format("= x: upright stripes"), partial(_gabor, angle=0), 15, least=5, odd=True
    ),
    "gabor-y": Named(
        _GABOR.format("= y: level stripes"), partial(_gabor, angle=90), 15, least=5, odd=True
    ),
    "gaussian-slope": Named(
        _SLOPE.format("along angle"), _gaussian_slope, 9, least=3, odd=True, angle=45
    ),
    "gaussian-slope-x": Named(
        _SLOPE.format("= x"), partial(_gaussian_slope, angle=0), 9, least=3, odd=True
    ),
    "gaussian-slope-y": Named(
        _SLOPE.format("= y"), partial(_gaussian_slope, angle=90), 9, least=3, odd=True
    ),
}

_BINOMIAL_5 = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])

_FIXED: dict[str, tuple[_Rows | Weights, str]] = {
    "smooth": (
        np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13,
        "(9 box + 4 identity) / 13: a slight blur",
    ),
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], "identity - laplacian"),
    "sharpen-8": ([[-1, -1, -1], [-1, 9, -1], [-1, -1, -1]], "identity - laplacian-8"),
    "detail": (
        np.array([[0, -1, 0], [-1, 10, -1], [0, -1, 0]]) / 6,
        "identity - laplacian / 6: slightly sharper",
    ),
    "edge-enhance": (
        np.array([[-1, -1, -1], [-1, 10, -1], [-1, -1, -1]]) / 2,
        "identity - laplacian-8 / 2",
    ),
    "unsharp-binomial": (
        2 * identity(5, 2) - _BINOMIAL_5 / 256,
        "2 identity - binomial, of 5x5: unsharp masking in 256ths",
    ),
    "edge": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "9 (identity - box): outlines"),
    "outline": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "-laplacian-8: edge by another name"),
    "laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], "d2/dx2 + d2/dy2, by central differences"),
    "laplacian-8": (
        [[1, 1, 1], [1, -8, 1], [1, 1, 1]],
        "second differences summed along x, y and both diagonals",
    ),
    "laplacian-isotropic": (
        np.array([[1, 4, 1], [4, -20, 4], [1, 4, 1]]) / 6,
        "d2/dx2 + d2/dy2, alike in all directions to the fourth order",
    ),
    "ridge": ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "-laplacian: bright lines and points"),
    "line-x": ([[-1, 2, -1]] * 3, "-d2/dx2, summed along y: bright vertical lines"),
    "line-y": ([[-1] * 3, [2] * 3, [-1] * 3], "-d2/dy2, summed along x: bright horizontal lines"),
    "line-down": (
        [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]],
        "3 identity along the diagonal, less 1: bright lines down to the right",
    ),
    "line-up": (
        [[-1, -1, 2], [-1, 2, -1], [2, -1, -1]],
        "3 identity along the other diagonal, less 1: bright lines up to the right",
    ),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], "identity + slope down to the right"),
    "emboss-up": ([[0, 1, 2], [-1, 1, 1], [-2, -1, 0]], "identity + slope up to the right"),
    "emboss-x": ([[0, 0, 0], [-1, 1, 1], [0, 0, 0]], "identity + slope along x"),
    "emboss-y": ([[0, -1, 0], [0, 1, 0], [0, 1, 0]], "identity + slope along y"),
    "relief": ([[-1, -1, 0], [-1, 0, 1], [0, 1, 1]], "slope down to the right; sum 0"),
    "relief-5x5": (
        np.sign(np.add.outer(np.arange(5), np.arange(5)) - 4).astype(np.float64),
        "sign(x + y): slope down to the right, of a deeper relief; sum 0",
    ),
    "derivative-x": ([[-0.5, 0, 0.5]], "d/dx, by central differences"),
    "derivative-y": ([[-0.5], [0], [0.5]], "d/dy, by central differences"),
    "roberts-x": ([[-1, 0], [0, 1]], "difference down to the right"),
    "roberts-y": ([[0, -1], [1, 0]], "difference down to the left"),
}
KERNELS |= {name: fixed(*weights) for name, weights in _FIXED.items()}

# name: (along the axis, across it)
_SLOPES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "sobel": ((-1, 0, 1), (1, 2, 1)),
    "prewitt": ((-1, 0, 1), (1, 1, 1)),
    "scharr": ((-1, 0, 1), (3, 10, 3)),
    "frei-chen": ((-1, 0, 1), (1, 2**0.5, 1)),
    "sobel-5x5": ((-1, -2, 0, 2, 1), (1, 4, 6, 4, 1)),
}
for _name, (_along, _across) in _SLOPES.items():
    _shown = f"({', '.join(f'{weight:.4g}' for weight in _across)})"
    _weights = np.outer(_across, _along)
    _text = "slope along {}, smoothed along {} by " + _shown
    KERNELS[f"{_name}-x"] = fixed(_weights, _text.format("x", "y"))
    KERNELS[f"{_name}-y"] = fixed(_weights.T, _text.format("y", "x"))

_COMPASS = {
    "n": "up",
    "ne": "up to the right",
    "e": "to the right",
    "se": "down to the right",
    "s": "down",
    "sw": "down to the left",
    "w": "to the left",
    "nw": "up to the left",
}
_AROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
# name: (the eight weights around the middle, clockwise from above left, for north; the formula)
_TURNED = {
    "kirsch": ((5, 5, 5, -3, -3, -3, -3, -3), "5 on three of the eight around, -3 on the others"),
    "robinson": ((1, 2, 1, 0, -1, -2, -1, 0), "sobel, turned"),
}
for _name, (_ring_weights, _what) in _TURNED.items():
    for _turns, (_point, _direction) in enumerate(_COMPASS.items()):
        _plane = np.zeros((3, 3))
        for _place, _weight in zip(_AROUND, np.roll(_ring_weights, _turns), strict=True):
            _plane[_place] = _weight
        KERNELS[f"{_name}-{_point}"] = fixed(_plane, f"{_what}: brighter {_direction}")
