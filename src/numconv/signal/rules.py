"""What SciPy takes, and in which dtype it answers: facts, not choices of ours."""

from __future__ import annotations

from math import log, prod

import numpy as np

from ..core.errors import ArgumentError
from ..core.protocol import Array
from .layout import Shape, check_valid

_SECONDS = {
    "full": (1.66174e-8, 1.99817e-9, 1e-4),
    "valid": (2.11242e-8, 1.85927e-9, 1e-4),
    "same": (1.55367e-8, 2.04735e-9, 1e-4),
    "line": (1.1773253e-8, 3.21635404e-9, 1e-5),
}
"""What SciPy reckons with: for a product, for a number of a transform by its logarithm, and what
transforms must gain. ``line`` is ``same`` of a signal shorter than its kernel."""


def transform_dtype(*given: Array) -> np.dtype:
    """Return the dtype of a convolution by transforms: float64 for integers, bools and objects."""
    return np.result_type(*map(_transformed, given))


def _transformed(array: Array) -> np.dtype:
    dtype = array.dtype
    if dtype.kind in "buiO":
        return np.dtype("float64")
    return np.dtype("float32") if dtype == np.float16 else dtype


def check_direct(first: Array, second: Array, dtype: np.dtype, mode: str, method: str) -> None:
    """Raise for dtypes of which SciPy has no sums, except of signals that NumPy convolves."""
    if dtype.kind not in "bO" and dtype != np.float16:
        return
    if first.ndim == 1 and (mode != "same" or first.size >= second.size):
        return
    if method == "auto" and dtype == np.float16 and _transforms_float16(first, second, mode):
        return
    numbers = "numbers of at least 32 bits, or integers"
    raise ArgumentError("in1", f"{first.dtype} with {second.dtype}", numbers)


def _transforms_float16(first: Array, second: Array, mode: str) -> bool:
    """Return whether SciPy's `auto` goes through transforms, which take no float16 amiss."""
    direct, fourier, gain = _SECONDS["line" if first.ndim == 1 else mode]
    pairs = list(zip(first.shape, second.shape, strict=True))
    whole = prod(n + k - 1 for n, k in pairs)
    outputs = {"full": whole, "same": first.size}.get(mode, prod(abs(n - k) + 1 for n, k in pairs))
    least = second.size if mode == "same" else min(first.size, second.size)
    return bool(fourier * (3 * whole * log(whole)) < direct * (outputs * least) - gain)


def empty_result(first: Array, second: Array, dtype: np.dtype, mode: str, method: str) -> Array:
    """Return the convolution of arrays of which one at least is empty, where there is one.

    Raises
    ------
    ArgumentError
        Where the result would have axes of negative length, or SciPy refuses it.
    """
    if mode == "valid":
        check_valid(first.shape, second.shape, set(range(first.ndim)))
    check_direct(first, second, dtype, mode, "direct")
    name, array = ("in1", first) if first.size == 0 else ("in2", second)
    integers = first.dtype.kind in "ui" or second.dtype.kind in "ui"
    in_line = first.ndim == 1 and (mode != "same" or first.size >= second.size)
    if in_line or (method == "auto" and integers):
        raise ArgumentError(name, array.shape, "an array that is not empty")
    swapped = mode == "full" and second.size > first.size
    if mode == "valid":
        swapped = any(n < k for n, k in zip(first.shape, second.shape, strict=True))
    sizes = (second.shape, first.shape) if swapped else (first.shape, second.shape)
    shape = window_shape(*sizes, mode)
    if mode != "valid" and any(k == 0 and n != 1 for n, k in zip(*sizes, strict=True)):
        raise ArgumentError(name, array.shape, "an array that is not empty")
    return np.zeros(shape, dtype)


def window_shape(first: Shape, second: Shape, mode: str) -> Shape:
    """Return the shape of a result, the operands being in the order in which SciPy takes them."""
    if mode == "same":
        return first
    sign = 1 if mode == "full" else -1
    shape = tuple(n + sign * (k - 1) for n, k in zip(first, second, strict=True))
    if min(shape) < 0:
        raise ArgumentError("in2", second, "an array that is not empty")
    return shape
