"""Activations an epilogue can apply, as plain NumPy: what the compiled ones must equal."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, sqrt
from typing import Any, get_args

import numpy as np

from .signatures import Activation

LEAKY_SLOPE = 0.01

_erf = np.frompyfunc(erf, 1, 1)


def _sigmoid(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


REFERENCES: dict[str, Callable[[Any], Any]] = {
    "relu": lambda v: np.maximum(v, 0),
    "relu6": lambda v: np.minimum(np.maximum(v, 0), 6),
    "leaky_relu": lambda v: np.where(v < 0, v * LEAKY_SLOPE, v),
    "silu": lambda v: v * _sigmoid(v),
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "gelu": lambda v: v * 0.5 * (1 + _erf(v / sqrt(2)).astype(v.dtype)),
    "hardswish": lambda v: v * np.minimum(np.maximum(v + 3, 0), 6) / 6,
}

ACTIVATIONS: tuple[str, ...] = get_args(Activation)
INTEGER_ACTIVATIONS = ("relu", "relu6")


def apply(name: str | None, values: Any) -> Any:
    """Return `values` after the activation `name`; None leaves them as they are."""
    if name is None:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return REFERENCES[name](values)
