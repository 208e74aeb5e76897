"""What callers give: arrays or what makes some, and words out of a few."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast, get_args

import numpy as np

from ..core import arrays
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.protocol import Array
from ..core.signatures import Kind, Numbers, Plain

Mode = Literal["full", "valid", "same"]
Method = Literal["auto", "direct", "fft"]

MODES: tuple[str, ...] = get_args(Mode)
METHODS: tuple[Method, ...] = get_args(Method)


class EmptyArgumentError(ArgumentError, IndexError):
    """An array without elements or axes, where SciPy looks for the first one and finds none."""


def operand(name: str, value: Any) -> Array:
    """Return `value` as a NumPy array of numbers or objects.

    Raises
    ------
    ArgumentTypeError
        If it holds anything else, or lies in the memory of a device.
    """
    array = value if type(value) is np.ndarray else arrays.taken(name, value)
    if array.dtype.kind not in "biufcO":
        raise ArgumentTypeError(name, array.dtype, "an array of numbers")
    return arrays.native(array)


def restored(result: Array, *given: Plain | Numbers | Kind) -> Kind:
    """Return `result` as an array of the library that one of the operands is of."""
    for value in given:
        if type(value) is not np.ndarray and hasattr(value, "__dlpack__"):
            return cast(Kind, arrays.restorer(value)(np.asarray(result, order="C")))
    return cast(Kind, result)


def check_word(name: str, value: Any, words: Iterable[str]) -> None:
    """Raise unless `value` is one of `words`."""
    if not isinstance(value, str):
        raise ArgumentTypeError(name, value, _one_of(words))
    if value not in words:
        raise ArgumentError(name, value, _one_of(words))


def check_ranks(first: Array, second: Array) -> None:
    """Raise unless both arrays have as many axes."""
    if first.ndim != second.ndim:
        expected = f"{first.ndim} axes, as in1 has, not {second.ndim}"
        raise ArgumentError("in2", second.shape, expected)


def _one_of(words: Iterable[str]) -> str:
    *most, last = map(repr, words)
    return f"{', '.join(most)} or {last}"
