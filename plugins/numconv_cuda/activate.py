"""Activations inside kernels: the same functions as `numconv.core.activations`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import erf, exp, sqrt, tanh
from typing import Any

import numpy as np

from numconv.core.activations import ACTIVATIONS, LEAKY_SLOPE

from .part import part


@cache
def activation(name: str | None, wide: Any) -> Callable[[Any], Any]:
    """Return the device function of an activation, for values of the NumPy type `wide`.

    Each kernel is compiled with the one it needs. NaN passes through all of them.
    """
    if name is None:
        return part(_unchanged)
    if issubclass(wide, np.integer):
        return part(_OF_INTEGERS[name])
    return part(_of_floats(wide)[name])


def _unchanged(value: Any) -> Any:
    return value


def _integer_relu(value: Any) -> Any:
    return max(value, 0)


def _integer_relu6(value: Any) -> Any:
    return min(max(value, 0), 6)


_OF_INTEGERS = {"relu": _integer_relu, "relu6": _integer_relu6}


def _of_floats(wide: Any) -> dict[str, Callable[[Any], Any]]:
    zero, half, one, three, six = (wide(n) for n in (0, 0.5, 1, 3, 6))
    slope, root = wide(LEAKY_SLOPE), wide(sqrt(2))

    def relu(value: Any) -> Any:
        return zero if value < zero else value

    def relu6(value: Any) -> Any:
        return zero if value < zero else (six if value > six else value)

    def leaky_relu(value: Any) -> Any:
        return value * slope if value < zero else value

    def silu(value: Any) -> Any:
        return value * (one / (one + wide(exp(-value))))

    def sigmoid(value: Any) -> Any:
        return one / (one + wide(exp(-value)))

    def hyperbolic(value: Any) -> Any:
        return wide(tanh(value))

    def gelu(value: Any) -> Any:
        return value * half * (one + wide(erf(value / root)))

    def hardswish(value: Any) -> Any:
        gate = value + three
        return value * (zero if gate < zero else (six if gate > six else gate)) / six

    functions = (relu, relu6, leaky_relu, silu, sigmoid, hyperbolic, gelu, hardswish)
    return dict(zip(ACTIVATIONS, functions, strict=True))


assert tuple(_of_floats(np.float32)) == (
    "relu",
    "relu6",
    "leaky_relu",
    "silu",
    "sigmoid",
    "tanh",
    "gelu",
    "hardswish",
)
