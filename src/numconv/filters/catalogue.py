"""Named filters by their names."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import integer
from ..core.signatures import Int, Real
from .kernels import KERNELS
from .named import Named
from .windows import WINDOWS

Dtype = Literal["float32", "float64"]
_DTYPES: tuple[str, ...] = get_args(Dtype)


def names() -> tuple[str, ...]:
    """Return the names of the image kernels, in alphabetical order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from numconv import filters
    >>> "sobel-x" in filters.names()
    True
    """
    return tuple(sorted(KERNELS))


def window_names() -> tuple[str, ...]:
    """Return the names of the windows and filters for signals, in alphabetical order.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from numconv import filters
    >>> "savitzky-golay" in filters.window_names()
    True
    """
    return tuple(sorted(WINDOWS))


def formula(name: str) -> str:
    """Return the formula of an image kernel or of a window, in a line.

    ``x`` and ``y`` count samples from the middle, ``r`` is the distance from there, and ``t`` is
    1 at the last sample. Where a kernel and a window have the same name, so is their formula.

    Parameters
    ----------
    name : str
        One of `names` or of `window_names`.

    Returns
    -------
    str

    Raises
    ------
    ArgumentError
        If there is no such filter.

    Examples
    --------
    >>> from numconv import filters
    >>> filters.formula("ridge")
    '-laplacian: bright lines and points'
    >>> filters.formula("hann")
    '0.5 + 0.5 cos(pi t); sum 1'
    """
    return _find(name, {**KERNELS, **WINDOWS}).formula


def kernel(
    name: str, size: Int | None = None, *, angle: Real | None = None, dtype: Dtype = "float32"
) -> NDArray[Any]:
    """Return the image kernel `name`.

    Kernels that smooth or sharpen sum to 1; those that find edges, lines or slopes sum to 0.
    `formula` gives the formula of each, and the gallery in the documentation shows them all:

    ==================================  ===================================================
    identity                            leaves the picture as it is
    box, tent, disk, ring, gaussian,    blurs
    binomial, smooth, motion-blur and
    its -x and -y
    sharpen, sharpen-8, detail,         sharpen
    unsharp, unsharp-binomial,
    edge-enhance
    sobel, prewitt, scharr, frei-chen,  slopes, each with -x and -y; gaussian-slope also in
    sobel-5x5, roberts, derivative,     any other direction
    gaussian-slope
    kirsch, robinson                    slopes in eight directions: -n, -ne, -e, ... -nw
    laplacian, laplacian-8,             curvature
    laplacian-isotropic, ridge,
    laplacian-of-gaussian,
    difference-of-gaussians
    edge, outline, high-pass            what differs from its surroundings
    line-x, -y, -down and -up           lines
    gabor and its -x and -y             stripes
    emboss, emboss-up, -x and -y;       light from aside
    relief, relief-5x5
    ==================================  ===================================================

    Parameters
    ----------
    name : str
        One of `names`.
    size : int, optional
        Rows and columns, for the kernels defined at any size. By default each has a size of its
        own.
    angle : float, optional
        For motion-blur, gabor and gaussian-slope: degrees from the x axis (to the right) towards
        the y axis (downwards). By default 45.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of `dtype`, shape (kh, kw)

    Raises
    ------
    ArgumentError
        If there is no such kernel, or not of this size, or it has no angle.

    Examples
    --------
    >>> from numconv import filters
    >>> filters.kernel("sobel-x").tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    >>> filters.kernel("gaussian", 5).shape
    (5, 5)
    """
    return _made(name, KERNELS, size, angle, dtype)


def window(name: str, size: Int | None = None, *, dtype: Dtype = "float32") -> NDArray[Any]:
    """Return the window or signal filter `name`.

    Those that smooth sum to 1: the windows, as SciPy defines the symmetric ones, over their sum,
    gaussian, binomial, low-pass, savitzky-golay, and exponential-past, which sees no later
    samples. Derivatives and what finds steps and bumps sum to 0. `formula` gives the formula of
    each. Like image kernels they are not flipped: ``derivative`` is positive where the signal
    grows.

    Parameters
    ----------
    name : str
        One of `window_names`.
    size : int, optional
        In samples, for those defined at any size. By default each has a size of its own.
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of `dtype`, shape (size,)

    Raises
    ------
    ArgumentError
        If there is no such window, or not of this size.

    Examples
    --------
    >>> from numconv import filters
    >>> filters.window("triangle", 3).tolist()
    [0.25, 0.5, 0.25]
    """
    return _made(name, WINDOWS, size, None, dtype)


def _find(name: str, table: Mapping[str, Named]) -> Named:
    if isinstance(name, str) and name in table:
        return table[name]
    closest = get_close_matches(str(name), sorted(table), n=3)
    known = ", ".join((*closest, *(each for each in sorted(table) if each not in closest)))
    raise ArgumentError("name", name, f"one of {known}")


def _made(name: str, table: Mapping[str, Named], size: Any, angle: Any, dtype: str) -> NDArray[Any]:
    entry = _find(name, table)
    if dtype not in _DTYPES:
        raise ArgumentError("dtype", dtype, " or ".join(map(repr, _DTYPES)))
    chosen = entry.size if size is None else integer("size", size, 1)
    if entry.least is None and chosen != entry.size:
        raise ArgumentError("size", size, f"{entry.size}, the only size of {name!r}")
    if entry.least is not None and chosen < entry.least:
        raise ArgumentError("size", size, f"at least {entry.least} for {name!r}")
    if entry.odd and chosen % 2 == 0:
        raise ArgumentError("size", size, f"an odd number: {name!r} has a sample in its middle")
    if entry.angle is None:
        if angle is not None:
            having = ", ".join(each for each, it in sorted(table.items()) if it.angle is not None)
            raise ArgumentError("angle", angle, f"None for {name!r}; {having} have an angle")
        return entry.make(chosen).astype(dtype)
    return entry.make(chosen, _degrees(entry.angle if angle is None else angle)).astype(dtype)


def _degrees(angle: Any) -> float:
    expected = "a finite number of degrees"
    try:
        number = float(angle)
    except (TypeError, ValueError):
        raise ArgumentTypeError("angle", angle, expected) from None
    if not np.isfinite(number):
        raise ArgumentError("angle", angle, expected)
    return number
