"""Named image kernels, as data.

Every kernel is written for cross-correlation, as the tensor functions compute it: it lies on the
picture as it is printed, x to the right and y downwards, so that ``sobel-x`` is positive where
the picture grows brighter to the right. For `numconv.ndimage.convolve`, which flips, turn it
around with ``kernel[::-1, ::-1]``.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from .core.errors import ArgumentError
from .core.geometry import integer

__all__ = ["formula", "kernel", "names"]

Kernel = NDArray[np.float64]


def _identity(size: int) -> Kernel:
    """1 in the middle, 0 elsewhere."""
    weights = np.zeros((size, size))
    weights[size // 2, size // 2] = 1
    return weights


def _box(size: int) -> Kernel:
    """1 / size**2 everywhere: the mean."""
    return np.full((size, size), 1 / size**2)


def _squared_radius(size: int) -> Kernel:
    position = np.arange(size) - (size - 1) / 2
    return np.asarray(position[:, None] ** 2 + position**2)


def _disk(size: int) -> Kernel:
    """1 where x**2 + y**2 <= (size / 2)**2, 0 elsewhere; sum 1: the blur of a round aperture."""
    inside = (_squared_radius(size) <= size**2 / 4).astype(float)
    return np.asarray(inside / inside.sum())


def _deviation(size: int) -> float:
    # Two standard deviations reach the outermost sample, which then weighs e**-2 of the middle.
    return max(size - 1, 1) / 4


def _gaussian(size: int) -> Kernel:
    """exp(-(x**2 + y**2) / (2 s**2)) with s = (size - 1) / 4; sum 1."""
    weights = np.exp(-_squared_radius(size) / (2 * _deviation(size) ** 2))
    return np.asarray(weights / weights.sum())


def _unsharp(size: int) -> Kernel:
    """2 identity - gaussian: adds what the blur takes away."""
    return 2 * _identity(size) - _gaussian(size)


def _laplacian_of_gaussian(size: int) -> Kernel:
    """(r**2 - 2 s**2) exp(-r**2 / (2 s**2)), s = (size - 1) / 6; sum 0, absolute sum 1."""
    variance = (max(size - 1, 1) / 6) ** 2
    radius = _squared_radius(size)
    weights = (radius - 2 * variance) * np.exp(-radius / (2 * variance))
    weights -= weights.mean()
    return np.asarray(weights / np.abs(weights).sum())


def _motion_blur(size: int) -> Kernel:
    """1 / size on the diagonal: a movement down to the right."""
    return np.eye(size) / size


# name: (function of the size, size when none is asked for, whether it must be odd)
_SIZED: dict[str, tuple[Callable[[int], Kernel], int, bool]] = {
    "identity": (_identity, 3, True),
    "box": (_box, 3, False),
    "disk": (_disk, 7, False),
    "gaussian": (_gaussian, 7, False),
    "unsharp": (_unsharp, 7, True),
    "laplacian-of-gaussian": (_laplacian_of_gaussian, 9, True),
    "motion-blur": (_motion_blur, 11, False),
}

_SMOOTHED = {"sobel": (1, 2, 1), "prewitt": (1, 1, 1), "scharr": (3, 10, 3)}

# name: (the weights, what they compute)
_FIXED: dict[str, tuple[list[list[int]], str]] = {
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], "identity - laplacian"),
    "edge": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], "9 (identity - box): outlines"),
    "laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], "d2/dx2 + d2/dy2, by central differences"),
    "ridge": ([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], "-laplacian: bright lines and points"),
    "line-x": ([[-1, 2, -1]] * 3, "-d2/dx2, summed along y: bright vertical lines"),
    "line-y": ([[-1] * 3, [2] * 3, [-1] * 3], "-d2/dy2, summed along x: bright horizontal lines"),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], "identity + slope down to the right"),
    "roberts-x": ([[-1, 0], [0, 1]], "difference down to the right"),
    "roberts-y": ([[0, -1], [1, 0]], "difference down to the left"),
}
for _name, _smooth in _SMOOTHED.items():
    _across = [[-weight, 0, weight] for weight in _smooth]
    _FIXED[f"{_name}-x"] = (_across, f"slope along x, smoothed along y by {_smooth}")
    _down = [list(row) for row in zip(*_across, strict=True)]
    _FIXED[f"{_name}-y"] = (_down, f"slope along y, smoothed along x by {_smooth}")


def names() -> tuple[str, ...]:
    """Return the names of the kernels, in alphabetical order.

    Examples
    --------
    >>> "sobel-x" in names()
    True
    """
    return tuple(sorted((*_SIZED, *_FIXED)))


def formula(name: str) -> str:
    """Return the formula of the kernel `name`, in a line.

    Raises
    ------
    ArgumentError
        If there is no such kernel.

    Examples
    --------
    >>> formula("ridge")
    '-laplacian: bright lines and points'
    """
    _check(name)
    if name in _FIXED:
        return _FIXED[name][1]
    return (_SIZED[name][0].__doc__ or "").removesuffix(".")


def kernel(name: str, size: int | None = None) -> NDArray[np.float32]:
    """Return the image kernel `name`.

    Smoothing kernels sum to 1, kernels that sharpen too; kernels that find edges sum to 0.
    `formula` gives the formula of each:

    ========================  =============================================================
    identity                  1 in the middle, 0 elsewhere
    box                       1 / size**2 everywhere
    disk                      1 where x**2 + y**2 <= (size / 2)**2; sum 1
    gaussian                  exp(-(x**2 + y**2) / (2 s**2)), s = (size - 1) / 4; sum 1
    motion-blur               1 / size on the diagonal
    sharpen, unsharp          identity - laplacian; 2 identity - gaussian
    sobel, prewitt, scharr    -x and -y: (-1, 0, 1) along the axis times (1, 2, 1), (1, 1, 1)
                              or (3, 10, 3) across it
    roberts-x, roberts-y      differences along the two diagonals
    laplacian, ridge          d2/dx2 + d2/dy2 by central differences, and its negative
    laplacian-of-gaussian     (r**2 - 2 s**2) exp(-r**2 / (2 s**2)), s = (size - 1) / 6
    line-x, line-y            (-1, 2, -1) along the axis times (1, 1, 1) across it
    edge                      8 in the middle, -1 around it
    emboss                    identity plus a slope down to the right
    ========================  =============================================================

    Parameters
    ----------
    name : str
        One of `names`.
    size : int, optional
        Rows and columns, for the kernels defined at any size (identity, box, disk, gaussian,
        unsharp, laplacian-of-gaussian, motion-blur). By default each has a size of its own.

    Returns
    -------
    ndarray of float32, shape (kh, kw)

    Raises
    ------
    ArgumentError
        If there is no such kernel, or not of this size.

    Examples
    --------
    >>> kernel("sobel-x").tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    >>> kernel("gaussian", 5).shape
    (5, 5)
    """
    _check(name)
    if name in _FIXED:
        weights = np.array(_FIXED[name][0], np.float32)
        if size is not None and size != len(weights):
            raise ArgumentError("size", size, f"{len(weights)}, the only size of {name!r}")
        return weights
    function, default, odd = _SIZED[name]
    chosen = default if size is None else integer("size", size, 1)
    if odd and chosen % 2 == 0:
        raise ArgumentError("size", size, f"an odd number: {name!r} has a sample in its middle")
    return function(chosen).astype(np.float32)


def _check(name: str) -> None:
    if name in _SIZED or name in _FIXED:
        return
    closest = get_close_matches(str(name), names(), n=3)
    known = ", ".join((*closest, *(each for each in names() if each not in closest)))
    raise ArgumentError("name", name, f"one of {known}")
