"""Which way a convolution would be computed, or how long either takes."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Literal, overload

import numpy as np

from ..core.errors import ArgumentError
from ..core.protocol import Array
from ..core.signatures import Numbers, Tensor
from . import integers
from .convolution import convolve
from .layout import lay_out, valid_fits
from .operands import METHODS, MODES, EmptyArgumentError, Mode, check_word, operand
from .tensors import COMPILED, takes_transforms

_ENOUGH, _ROUNDS = 5e-3, 3

Chosen = Literal["direct", "fft"]


@overload
def choose_conv_method(
    in1: Tensor | Numbers,
    in2: Tensor | Numbers,
    mode: Mode = "full",
    measure: Literal[False] = False,
) -> Chosen: ...


@overload
def choose_conv_method(
    in1: Tensor | Numbers,
    in2: Tensor | Numbers,
    mode: Mode = "full",
    *,
    measure: Literal[True],
) -> tuple[Chosen, dict[Chosen, float]]: ...


def choose_conv_method(
    in1: Tensor | Numbers,
    in2: Tensor | Numbers,
    mode: Mode = "full",
    measure: bool = False,
) -> Chosen | tuple[Chosen, dict[Chosen, float]]:
    """Return how ``convolve(in1, in2, mode)`` would be computed, or which way is faster.

    Parameters
    ----------
    in1, in2, mode
        As in `convolve`.
    measure : bool, default False
        Compute both ways, and return the times as well.

    Returns
    -------
    method : {"direct", "fft"}
        ``fft`` where `auto` would go through Fourier transforms; ``direct`` where it would raise.
    times : dict of float, only if `measure`
        Seconds for each of the two methods, the best of three rounds.

    Raises
    ------
    ArgumentError, ArgumentTypeError
        As `convolve`, if `mode` is none, for arrays of integers of which one is empty, and, also as
        an `IndexError`, for a signal with a number. With `measure`, for whatever `convolve` raises.

    Examples
    --------
    >>> from numconv import signal
    >>> signal.choose_conv_method([1.0, 2, 3], [1.0, 1])
    'direct'
    """
    first, second = operand("in1", in1), operand("in2", in2)
    if measure:
        both: dict[Chosen, float] = {
            method: _seconds(partial(convolve, first, second, mode, method))
            for method in METHODS
            if method != "auto"
        }
        return min(both, key=lambda method: both[method]), both
    return "fft" if _through_transforms(first, second, mode) else "direct"


def _through_transforms(first: Array, second: Array, mode: str) -> bool:
    dtype = np.promote_types(first.dtype, second.dtype)
    empty = first.size == 0 or second.size == 0
    if empty and (first.dtype.kind in "ui" or second.dtype.kind in "ui"):
        raise ArgumentError("in1", first.shape, "two arrays of integers that are not empty")
    if dtype.kind in "bO":
        return False
    check_word("mode", mode, MODES)
    if first.ndim == 1 and second.ndim == 0:
        raise EmptyArgumentError("in2", (), "an array of one axis, as in1 is")
    if empty or first.ndim != second.ndim:
        return False
    if mode == "valid" and not valid_fits(first.shape, second.shape, range(first.ndim)):
        return False
    layout = lay_out(first.shape, second.shape, mode)
    if dtype.kind in "iu":
        most = integers.largest_sum(first, second, layout)
        return integers.through_transforms(layout, most)
    return dtype in COMPILED and takes_transforms(layout, dtype)


def _seconds(call: Any) -> float:
    """Return the least time of a call, of as many at a time as the clock can tell apart."""
    count, taken = 1, 0.0
    call()
    while taken < _ENOUGH:
        taken = _timed(call, count)
        count *= 1 if taken >= _ENOUGH else 10
    return min(taken, *(_timed(call, count) for _ in range(_ROUNDS - 1))) / count


def _timed(call: Any, count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - begin
