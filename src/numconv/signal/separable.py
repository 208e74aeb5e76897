"""Separable filters of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..composite.separable import separable_conv2d
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.protocol import Array
from ..core.signatures import Kind, Numbers, PaddingMode, Plain, Tensor
from .edges import extended
from .operands import operand, restored
from .tensors import COMPILED

_BEYOND: PaddingMode = "symmetric"


def sepfir2d(input: Plain | Numbers | Kind, hrow: Tensor | Numbers, hcol: Tensor | Numbers) -> Kind:
    """Convolve an image with the outer product of a column and a row.

    Beyond its edges stands its mirror image, with the edge repeated, however far a filter reaches.

    Parameters
    ----------
    input : array_like, shape (H, W)
    hrow : array_like, shape (kw,)
        Odd many taps, applied along each row.
    hcol : array_like, shape (kh,)
        Odd many taps, applied along each column.

    Returns
    -------
    array, shape (H, W)
        float32 for numbers that it holds exactly, float64, complex64 or complex128.

    Raises
    ------
    ArgumentError
        (a `ValueError`) If the arrays have other numbers of axes, a filter has an even number of
        taps, or the image is of longdouble.
    ArgumentTypeError
        (also a `TypeError`) If the dtype of the result does not hold what the arrays do.

    Notes
    -----
    SciPy's function of this name reads outside the image where a filter reaches further than that
    is large.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.sepfir2d([[1, 2, 3], [4, 5, 6]], [1, 1, 1], [1])
    array([[ 4.,  6.,  8.],
           [13., 15., 17.]])
    """
    image = operand("input", input)
    dtype = np.result_type(image.dtype, np.float32)
    if dtype.kind == "O" or dtype == np.clongdouble:
        dtype = np.dtype(np.complex128)
    image = _cast("input", image, 2, dtype)
    row, column = _cast("hrow", hrow, 1, dtype), _cast("hcol", hcol, 1, dtype)
    for name, taps in (("hrow", row), ("hcol", column)):
        if taps.size % 2 == 0:
            raise ArgumentError(name, taps.shape, "an odd number of taps")
    if dtype not in COMPILED:
        raise ArgumentError("input", dtype, "an image of float64 at most")
    if image.size == 0:
        return restored(image.copy(), input)
    around = tuple((taps.size // 2, taps.size // 2) for taps in (column, row))
    fits = all(lo <= size for (lo, _), size in zip(around, image.shape, strict=True))
    if not fits:
        image, around = extended(image, around, _BEYOND), ((0, 0), (0, 0))
    down, across = np.ascontiguousarray(column[::-1]), np.ascontiguousarray(row[::-1])
    result = separable_conv2d(image[None], down, across, padding=around, padding_mode=_BEYOND)
    return restored(result[0], input)


def _cast(name: str, value: Any, rank: int, dtype: np.dtype) -> Array:
    """Return `value` in `dtype`; a list's numbers are read as such, an array's may lose nothing."""
    if hasattr(value, "dtype") or hasattr(value, "__dlpack__"):
        array = operand(name, value)
        if not np.can_cast(array.dtype, dtype):
            raise ArgumentTypeError(name, array.dtype, f"a dtype whose numbers {dtype} holds")
        array = array.astype(dtype, copy=False)
    else:
        try:
            array = np.asarray(value, dtype)
        except TypeError:
            raise ArgumentTypeError(name, value, f"numbers that {dtype} holds") from None
    if array.ndim != rank:
        raise ArgumentError(name, array.shape, f"an array of {rank} axes")
    return array
