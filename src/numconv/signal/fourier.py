"""Convolution of what SciPy convolves by Fourier transforms."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.geometry import axis_among
from ..core.protocol import Array
from ..core.signatures import Int, Ints, Kind, Numbers, Plain
from . import rules, spectra, sums
from .layout import Shape, check_valid, lay_out
from .operands import MODES, Mode, check_ranks, check_word, operand, restored


def fftconvolve(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    axes: Ints | None = None,
    *,
    channel_axis: Int | None = None,
) -> Kind:
    """Convolve two arrays along some of their axes, in floating-point numbers.

    Equal to `convolve`, but integers, bools and objects become float64 and float16 float32, and
    there may be axes along which nothing slides: those both have as many samples of, or one of
    them a single one, which is broadcast.

    Parameters
    ----------
    in1, in2 : array_like
        Of any rank, both of the same.
    mode : {"full", "valid", "same"}
        As in `convolve`, along `axes`; along the others the arrays are broadcast.
    axes : int or sequence of int, optional
        Along which to convolve; all by default.
    channel_axis : int, optional
        In place of `axes`: the one axis of `in1` along which nothing slides, such as -1 for the
        colours of (H, W, 3). `in2` may lack it. SciPy has no such argument; it is scikit-image's.

    Returns
    -------
    array
        An array of no elements, whatever its shape would be, if one of the operands has none.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As `convolve`, and if `axes` are not different axes of the arrays, or if along another the
        arrays do not broadcast.

    Notes
    -----
    How a result is computed is for the dispatcher to decide: by transforms where they are faster,
    which for small arrays they are not. A NaN or an infinity reaches exactly the results that
    depend on it, and a huge sample spoils no other. SciPy returns NaN everywhere, or loses what
    the huge sample's rounding error covers.

    For longdouble, and more than three axes along which something slides, transforms are NumPy's
    where they are much less work, unless a sample is not finite. There a sample of 1e16 takes from
    all others what is smaller than its rounding error, as in SciPy; `convolve` with
    ``method="auto"`` does not.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.fftconvolve([[1, 2, 3], [4, 5, 6]], [[1, 1], [0, 2]], axes=1)
    array([[ 1.,  3.,  5.,  3.],
           [ 0.,  8., 10., 12.]])
    """
    first, second = operand("in1", in1), operand("in2", in2)
    if channel_axis is not None:
        second, axes = _by_channel(first, second, axes, channel_axis)
    return restored(_convolved(first, second, mode, axes), in1, in2)


def oaconvolve(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    axes: Ints | None = None,
    *,
    channel_axis: Int | None = None,
) -> Kind:
    """Convolve two arrays of very different sizes: `fftconvolve` under its other name.

    SciPy asks its callers to choose between transforms of whole arrays and of blocks (overlap and
    add); here the dispatcher does.

    Parameters
    ----------
    in1, in2, mode, axes, channel_axis
        As in `fftconvolve`.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As `fftconvolve`.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.oaconvolve([1, 2, 3, 4], [1, 1])
    array([1., 3., 5., 7., 4.])
    """
    return fftconvolve(in1, in2, mode, axes, channel_axis=channel_axis)


def _convolved(first: Array, second: Array, mode: str, axes: Any) -> Array:
    check_ranks(first, second)
    if first.ndim == 0:
        return first * second
    if first.size == 0 or second.size == 0:
        return np.array([])
    pairs = list(zip(first.shape, second.shape, strict=True))
    asked = _axes(axes, first.ndim)
    slid = tuple(axis for axis in asked if 1 not in pairs[axis])
    others = tuple(axis for axis in range(first.ndim) if axis not in asked)
    if any(n != k and 1 not in (n, k) for axis, (n, k) in enumerate(pairs) if axis not in slid):
        expected = f"a shape that broadcasts with {first.shape} along all other axes than {axes}"
        raise ArgumentError("in2", second.shape, expected)
    if mode == "valid":
        check_valid(first.shape, second.shape, set(slid))
    check_word("mode", mode, MODES)
    layout = lay_out(first.shape, second.shape, mode, slid, broadcast=others)
    if not slid:
        return sums.convolved(first, second, layout, np.result_type(first, second))
    dtype = rules.transform_dtype(first, second)
    return spectra.convolved(first, second, layout, dtype)


def _by_channel(first: Array, second: Array, axes: Any, channel_axis: Any) -> tuple[Array, Any]:
    """Return the second array with an axis of channels, and all other axes."""
    if axes is not None:
        raise ArgumentError("channel_axis", channel_axis, f"None with axes={axes!r}")
    place = axis_among("channel_axis", channel_axis, first.ndim, "in1")
    if second.ndim == first.ndim - 1:
        second = np.expand_dims(second, place)
    return second, tuple(axis for axis in range(first.ndim) if axis != place)


def _axes(given: Any, rank: int) -> Shape:
    """Return `given`, one axis or several, counted from the first."""
    if given is None:
        return tuple(range(rank))
    try:
        numbers = [int(operator.index(each)) for each in np.atleast_1d(given).tolist()]
    except TypeError:
        raise ArgumentError("axes", given, "an integer, or several") from None
    if not numbers:
        raise ArgumentError("axes", given, "one axis at least")
    if any(not -rank <= number < rank for number in numbers):
        raise ArgumentError("axes", given, f"axes from {-rank} to {rank - 1}")
    counted = tuple(number % rank for number in numbers)
    if len(set(counted)) < len(counted):
        raise ArgumentError("axes", given, "axes that differ")
    return counted
