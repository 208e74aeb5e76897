"""Activations inside compiled kernels: the same functions as `numconv.core.activations`."""

from __future__ import annotations

from math import erf, exp, sqrt, tanh
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numba.np.numpy_support import as_dtype

from numconv.core.activations import ACTIVATIONS, LEAKY_SLOPE

CODES: dict[str | None, int] = {
    None: 0,
    "relu": 1,
    "relu6": 2,
    "leaky_relu": 3,
    "silu": 4,
    "sigmoid": 5,
    "tanh": 6,
    "gelu": 7,
    "hardswish": 8,
}

assert set(CODES) == {None, *ACTIVATIONS}


def activate(code: int, value: Any) -> Any:
    """Return `value` after the activation `code`, one of `CODES`; for use in kernels only.

    Integers know 0, 1 and 2, complex values 0. NaN passes through all of them.
    """
    raise NotImplementedError("activate is for compiled kernels")


@overload(activate, inline="never", jit_options={"fastmath": {"contract"}})
def _activate(code: Any, value: Any) -> Any:
    if isinstance(value, types.Complex):
        return _activate_complex
    if isinstance(value, types.Integer):
        return _activate_integer
    number = as_dtype(value).type
    zero, half, one, three, six = (number(n) for n in (0, 0.5, 1, 3, 6))
    slope, root = number(LEAKY_SLOPE), number(sqrt(2))

    def activate_float(code: Any, value: Any) -> Any:
        if code == 0:
            return value
        if code == 1:
            return zero if value < zero else value
        if code == 2:
            return zero if value < zero else (six if value > six else value)
        if code == 3:
            return value * slope if value < zero else value
        if code == 4:
            return value * (one / (one + exp(-value)))
        if code == 5:
            return one / (one + exp(-value))
        if code == 6:
            return tanh(value)
        if code == 7:
            return value * half * (one + number(erf(value / root)))
        gate = value + three
        return value * (zero if gate < zero else (six if gate > six else gate)) / six

    return activate_float


def _activate_complex(code: Any, value: Any) -> Any:
    return value


def _activate_integer(code: Any, value: Any) -> Any:
    if code == 0:
        return value
    if code == 1:
        return max(value, np.int64(0))
    return min(max(value, np.int64(0)), np.int64(6))
