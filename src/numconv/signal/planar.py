"""Convolution and correlation of images, with what stands beyond their edges."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..core.errors import ArgumentError
from ..core.geometry import Pairs
from ..core.protocol import Array
from ..core.signatures import Kind, Numbers, PaddingMode, Plain
from . import rules, sums
from .edges import extended
from .layout import Shape, check_valid, lay_out
from .operands import MODES, Mode, check_word, operand, restored

Boundary = Literal["fill", "pad", "wrap", "circular", "symm", "symmetric"]
BOUNDARIES: dict[str, PaddingMode] = {
    "fill": "zeros",
    "pad": "zeros",
    "wrap": "circular",
    "circular": "circular",
    "symm": "symmetric",
    "symmetric": "symmetric",
}
"""SciPy's names of boundaries, and the padding modes that they are."""


def convolve2d(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: ArrayLike = 0,
) -> Kind:
    """Convolve two images.

    Parameters
    ----------
    in1, in2 : array_like, shape (H, W) and (kh, kw)
    mode : {"full", "valid", "same"}
        As in `convolve`.
    boundary : {"fill", "wrap", "symm"}
        What stands beyond the edges of `in1`: `fillvalue`, the image again, or its mirror image
        with the edge repeated. Also ``pad``, ``circular`` and ``symmetric``. A kernel may reach
        further than the image is large.
    fillvalue : scalar, default 0
        Or an array of one number, of a dtype that casts without loss.

    Returns
    -------
    array
        Of NumPy's common dtype, summed as by ``convolve(..., method="direct")``.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        (a `ValueError`, or also a `TypeError`) If the arrays are no images, a word is not one of
        those above, `fillvalue` is not one number that the dtype holds, `valid` is not possible, or
        the dtype is bool, float16 or object.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.convolve2d([[1, 2], [3, 4]], [[1, 1]], mode="same", boundary="wrap")
    array([[3, 3],
           [7, 7]])
    """
    first, second = _images(in1, in2)
    if mode == "valid" and _swapped(first, second):
        first, second = second, first
    result = _convolved(first, second, mode, boundary, fillvalue, "same")
    return restored(result, in1, in2)


def correlate2d(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    boundary: Boundary = "fill",
    fillvalue: ArrayLike = 0,
) -> Kind:
    """Cross-correlate two images: `convolve2d` with `in2` flipped and conjugated.

    Parameters
    ----------
    in1, in2, mode, boundary, fillvalue
        As in `convolve2d`. With a kernel of even length, the results of `same` begin one later than
        those of `convolve2d` and `correlate` do, at ``k // 2``.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As `convolve2d`.

    Notes
    -----
    In mode `valid`, if `in2` is the larger image, it is `in1` that is conjugated, as by SciPy.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.correlate2d([[1, 2, 3]], [[0, 1, 0.5]])
    array([[0.5, 2. , 3.5, 3. , 0. ]])
    """
    first, second = _images(in1, in2)
    swapped = mode == "valid" and _swapped(first, second)
    if swapped:
        first, second = second, first
    result = _convolved(first, second.conj()[::-1, ::-1], mode, boundary, fillvalue, "late")
    return restored(result[::-1, ::-1] if swapped else result, in1, in2)


def _images(in1: Any, in2: Any) -> tuple[Array, Array]:
    images = operand("in1", in1), operand("in2", in2)
    for name, image in zip(("in1", "in2"), images, strict=True):
        if image.ndim != 2:
            raise ArgumentError(name, image.shape, "an image, of two axes")
    return images


def _swapped(first: Array, second: Array) -> bool:
    check_valid(first.shape, second.shape, {0, 1})
    return any(n < k for n, k in zip(first.shape, second.shape, strict=True))


def _convolved(
    first: Array, second: Array, mode: str, boundary: str, fillvalue: Any, same: str
) -> Array:
    """Convolve; `same` says which results that mode is of, as `lay_out` calls them."""
    check_word("mode", mode, MODES)
    check_word("boundary", boundary, BOUNDARIES)
    dtype = np.promote_types(first.dtype, second.dtype)
    if dtype.kind in "bO" or dtype == np.float16:
        numbers = "numbers of at least 32 bits, or integers"
        raise ArgumentError("in1", f"{first.dtype} with {second.dtype}", numbers)
    padding_mode = BOUNDARIES[boundary]
    value = _fill(fillvalue, dtype) if padding_mode == "zeros" else 0
    if first.size == 0 or second.size == 0:
        shape = rules.window_shape(first.shape, second.shape, mode)
        if 0 in shape or second.size == 0 or value == 0:
            return np.zeros(shape, dtype)
    mode = same if mode == "same" else mode
    if mode == "valid" or (padding_mode == "zeros" and value == 0):
        layout = lay_out(first.shape, second.shape, mode)
    elif padding_mode != "zeros" and _fits(first.shape, second.shape):
        layout = lay_out(first.shape, second.shape, mode, None, padding_mode)
    else:
        around = _around(first.shape, second.shape, mode)
        first = extended(first.astype(dtype, copy=False), around, padding_mode, value)
        layout = lay_out(first.shape, second.shape, "valid")
    return sums.convolved(first, second, layout, dtype, "strict")


def _fits(image: Shape, kernel: Shape) -> bool:
    """Return whether a kernel reaches no further than the image is large, and is smaller."""
    return prod(kernel) <= prod(image) and all(
        n > 1 and k <= n + 1 for n, k in zip(image, kernel, strict=True)
    )


def _around(image: Shape, kernel: Shape, mode: str) -> Pairs:
    """Return how far a kernel reaches beyond the edges of an image."""
    if mode == "full":
        return tuple((k - 1, k - 1) for k in kernel)
    before = [k // 2 if mode == "same" else (k - 1) // 2 for k in kernel]
    return tuple((lo, k - 1 - lo) for lo, k in zip(before, kernel, strict=True))


def _fill(value: Any, dtype: np.dtype) -> Any:
    """Return the one number in `value`, if `dtype` holds it; its fraction is dropped.

    Of arrays, as in SciPy, the dtype decides: it must cast to `dtype` without loss.
    """
    if isinstance(value, np.ndarray) and not np.can_cast(value.dtype, dtype):
        raise ArgumentError("fillvalue", value, f"an array of a dtype whose numbers {dtype} holds")
    try:
        held = np.asarray(value, dtype)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError("fillvalue", value, f"a number that {dtype} holds") from None
    if held.size != 1:
        raise ArgumentError("fillvalue", value, "one number")
    return held.reshape(-1)[0]
