"""Activations inside kernels: the same functions as `numconv.core.activations`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import erf, exp, sqrt, tanh
from typing import Any

import numpy as np

from numconv.core.activations import ACTIVATIONS, LEAKY_SLOPE

from .part import part

CODES: dict[str | None, int] = {name: code for code, name in enumerate((None, *ACTIVATIONS))}
_RELU, _RELU6, _LEAKY_RELU, _SILU, _SIGMOID, _TANH, _GELU, _HARDSWISH = (
    CODES[name]
    for name in ("relu", "relu6", "leaky_relu", "silu", "sigmoid", "tanh", "gelu", "hardswish")
)


@cache
def activation(wide: Any) -> Callable[[int, Any], Any]:
    """Return the device function ``(code, value) -> value`` for values of the NumPy type `wide`.

    Integers know relu and relu6, complex values none. NaN passes through all of them.
    """
    if issubclass(wide, np.complexfloating):
        return part(_unchanged)
    if issubclass(wide, np.integer):
        return part(_of_integers)
    return part(_of_floats(wide))


def _unchanged(code: int, value: Any) -> Any:
    return value


def _of_integers(code: int, value: Any) -> Any:
    if code == _RELU:
        return max(value, 0)
    if code == _RELU6:
        return min(max(value, 0), 6)
    return value


def _of_floats(wide: Any) -> Callable[[int, Any], Any]:
    zero, half, one, three, six = (wide(n) for n in (0, 0.5, 1, 3, 6))
    slope, root = wide(LEAKY_SLOPE), wide(sqrt(2))

    def activate(code: int, value: Any) -> Any:
        if code == _RELU:
            return zero if value < zero else value
        if code == _RELU6:
            return zero if value < zero else (six if value > six else value)
        if code == _LEAKY_RELU:
            return value * slope if value < zero else value
        if code == _SILU:
            return value * (one / (one + wide(exp(-value))))
        if code == _SIGMOID:
            return one / (one + wide(exp(-value)))
        if code == _TANH:
            return wide(tanh(value))
        if code == _GELU:
            return value * half * (one + wide(erf(value / root)))
        if code == _HARDSWISH:
            gate = value + three
            return value * (zero if gate < zero else (six if gate > six else gate)) / six
        return value

    return activate
