"""The lags of a correlation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentTypeError
from ..core.parameters import plain
from ..core.protocol import Array
from ..core.signatures import Int
from .operands import MODES, Mode, check_word


def correlation_lags(in1_len: Int, in2_len: Int, mode: Mode = "full") -> Array:
    """Return the lag of each result of `correlate` on signals, in samples.

    Parameters
    ----------
    in1_len, in2_len : int
        Samples of the signals.
    mode : {"full", "valid", "same"}
        As of the correlation.

    Returns
    -------
    ndarray of int64
        Of the largest result, the lag is by how many samples `in1` is late.

    Raises
    ------
    ArgumentError
        (a `ValueError`) If there is no such mode.
    ArgumentTypeError
        (also a `TypeError`) If the lags cannot be counted, as those of half a sample.

    Notes
    -----
    In mode `same`, if `in1` has an odd number of samples and `in2` an even one, these lags are one
    more than those of the results of `correlate`, as in SciPy.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.correlation_lags(4, 2).tolist()
    [-1, 0, 1, 2, 3]
    >>> signal.correlation_lags(4, 2, mode="valid").tolist()
    [0, 1, 2]
    """
    check_word("mode", mode, MODES)
    try:
        return _lags(plain(in1_len), plain(in2_len), mode)
    except (TypeError, ValueError):
        given = (in1_len, in2_len)
        raise ArgumentTypeError("in1_len, in2_len", given, "two numbers of samples") from None


def _lags(in1_len: Any, in2_len: Any, mode: str) -> Array:
    if mode == "valid":
        difference = in1_len - in2_len
        return np.arange(min(difference, 0), max(difference, 0) + 1)
    lags = np.arange(1 - in2_len, in1_len)
    if mode == "full":
        return lags
    begin = len(lags) // 2 - in1_len // 2
    return lags[begin : begin + in1_len]
