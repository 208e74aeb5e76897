"""Convolution and correlation of arrays of any rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.protocol import Array
from ..core.signatures import Kind, Numbers, Plain
from . import rules, spectra, sums
from .layout import lay_out
from .operands import (
    METHODS,
    MODES,
    EmptyArgumentError,
    Method,
    Mode,
    check_ranks,
    check_word,
    operand,
    restored,
)


def convolve(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    method: Method = "auto",
) -> Kind:
    """Convolve two arrays of the same number of axes.

    ::

        full[i] = sum over j of in1[i - j] * in2[j]

    along every axis (A. Oppenheim and R. Schafer, "Discrete-Time Signal Processing", equation
    2.52). It commutes in mode `full` and, up to which array is the longer one, in `valid`.

    Parameters
    ----------
    in1, in2 : array_like
        Of any rank, both of the same.
    mode : {"full", "valid", "same"}
        ``full`` gives all ``n + k - 1`` results along each axis; ``valid`` the ``|n - k| + 1`` that
        see no sample outside, for which one array must be at least as long as the other along every
        axis; ``same`` those in the middle of `full`, as many as `in1` has samples, from
        ``(k - 1) // 2`` on.
    method : {"auto", "direct", "fft"}
        ``direct`` sums products one by one. ``auto`` and ``fft`` may go through Fourier transforms
        where that is faster. The error of a result is then at most some ``log2(n) * eps`` times the
        root of the squares of all samples that the other array, laid there, covers, times that of
        the other array's, where direct sums have ``n * eps`` times the sum of the sizes of the
        products. What is not finite, or huge, is noticed: results that do not cover it are what
        they would be without it. If you count on results much smaller than what they cover, such as
        1 beside samples of 1e16 that meet zeros, ask for ``direct``.

    Returns
    -------
    array
        Of NumPy's common dtype. Sums of integers are exact, whatever the method, and wrap around as
        NumPy's do where they do not fit.

    Raises
    ------
    ArgumentError
        (a `ValueError`) If the ranks differ, a word is not one of those above, `valid` is not
        possible, an array is empty that must not be, or, except in signals, if the dtype is bool,
        float16 or object.
    ArgumentTypeError
        (also a `TypeError`) If an array holds something else than numbers.

    Notes
    -----
    With ``method="fft"``, SciPy returns NaN everywhere for one NaN or infinity, with a warning, and
    its results lose what a huge sample shifts out. Here both stay where they belong, and there is
    no warning. Bools that are convolved so are exact too. See `fftconvolve` for longdouble and more
    than three axes.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.convolve([1, 2, 3], [0, 1, 0.5])
    array([0. , 1. , 2.5, 4. , 1.5])
    >>> signal.convolve([1, 2, 3], [0, 1, 0.5], mode="same")
    array([1. , 2.5, 4. ])
    """
    first, second = operand("in1", in1), operand("in2", in2)
    return restored(_convolved(first, second, mode, method), in1, in2)


def correlate(
    in1: Plain | Numbers | Kind,
    in2: Plain | Numbers | Kind,
    mode: Mode = "full",
    method: Method = "auto",
) -> Kind:
    """Cross-correlate two arrays of the same number of axes.

    ::

        full[i] = sum over j of in1[j] * conj(in2[j - lag]),  lag = i - (k - 1)

    along every axis: the convolution of `in1` with `in2` flipped and conjugated. `correlation_lags`
    gives the lags of each mode.

    Parameters
    ----------
    in1, in2, mode, method
        As in `convolve`.

    Returns
    -------
    array
        As of `convolve`. Exchanging the operands reverses and conjugates the results of `full` and
        `valid`.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As `convolve`.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.correlate([1, 2, 3], [0, 1, 0.5])
    array([0.5, 2. , 3.5, 3. , 0. ])
    """
    first, second = operand("in1", in1), operand("in2", in2)
    conjugate = second.conj() if second.dtype.kind == "c" else second
    backwards: Any = slice(None, None, -1)
    flipped = conjugate[(*[backwards] * second.ndim, ...)]
    return restored(_convolved(first, flipped, mode, method), in1, in2)


def _convolved(first: Array, second: Array, mode: Any, method: Any) -> Array:
    check_ranks(first, second)
    if method in METHODS and sums.brief(first, second, mode):
        return np.convolve(first, second, mode)
    if first.ndim == 0:
        return first * second
    dtype = np.promote_types(first.dtype, second.dtype)
    empty = 0 in first.shape or 0 in second.shape
    if empty and method == "fft":
        raise EmptyArgumentError(
            "in1, in2", (first.shape, second.shape), "arrays that are not empty"
        )
    check_word("mode", mode, MODES)
    check_word("method", method, METHODS)
    if empty:
        return rules.empty_result(first, second, dtype, mode, method)
    layout = lay_out(first.shape, second.shape, mode)
    if method == "fft" and dtype.kind not in "biu":
        computed = rules.transform_dtype(first, second) if layout.sliding else dtype
        return spectra.convolved(first, second, layout, computed).astype(dtype, copy=False)
    if method != "fft":
        rules.check_direct(first, second, dtype, mode, method)
    return sums.convolved(
        first, second, layout, dtype, "strict" if method == "direct" else "standard"
    )
