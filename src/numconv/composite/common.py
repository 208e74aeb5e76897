"""What composite operators share: shaping of operands, arrays or traced, and the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from ..core import arrays
from ..core.dtypes import INTEGERS
from ..core.errors import ArgumentError
from ..core.protocol import Array, Case, Demonstration, Operand


def shaped(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    """Return `value` broadcast and reshaped to `shape`; an `Operand` stays one.

    Size 1 axes are put in and one set of weights is repeated for every channel.
    """
    rows, taps = shape[0], prod(shape[1:])
    given = tuple(value.shape) if hasattr(value, "shape") else ()
    if given not in ((rows, taps), (taps,)):
        raise ArgumentError(name, given or value, f"shape {(taps,)} or {(rows, taps)}")
    if isinstance(value, Operand):
        return Operand(shape, value.dtype)
    array = np.broadcast_to(arrays.adapt(name, value), (rows, taps))
    return np.ascontiguousarray(array).reshape(shape)


def alike(value: Any, x: Any) -> Any:
    """Return `value` in the dtype of `x` where both hold integers, whose sums grow to int64."""
    wanted = arrays.dtype_name(x)
    if wanted not in INTEGERS or arrays.dtype_name(value) not in INTEGERS:
        return value
    if isinstance(value, Operand):
        return Operand(value.shape, wanted)
    return arrays.adapt("weight", value).astype(wanted, copy=False)


def taps_of(name: str, value: Any) -> int:
    """Return the length of a vector of weights, or of each of a row of them."""
    if getattr(value, "ndim", 0) not in (1, 2):
        given = getattr(value, "shape", value)
        raise ArgumentError(name, given, "an array of shape (taps,) or (channels, taps)")
    return int(value.shape[-1])


def channels_of(x: Any, axes: int) -> int:
    """Return the number of channels of `x`, batched or not."""
    if getattr(x, "ndim", 0) not in (axes + 1, axes + 2):
        given = getattr(x, "shape", x)
        raise ArgumentError("x", given, f"an array of {axes + 2} axes, or {axes + 1} without batch")
    return int(tuple(x.shape)[-axes - 1])


@dataclass(frozen=True)
class CompositeOperator:
    """An operator made of others: a function, its definition, its cases and its picture."""

    name: str
    summary: str
    operands: tuple[str, ...]
    function: Callable[..., Any]
    definition: Callable[..., Array]
    named_cases: tuple[Case, ...]
    show: Callable[[Array], Demonstration]
    naive: Mapping[type, Callable[..., Array]] = field(default_factory=dict)

    def apply(self, *given: Any, algorithm: str = "auto", **parameters: Any) -> Any:
        if algorithm != "auto":
            expected = f"'auto': {self.name} is made of other operators"
            raise ArgumentError("algorithm", algorithm, expected)
        return self.function(*given, **parameters)

    def reference(self, *given: Array, **parameters: Any) -> Array:
        parameters.pop("backend", None)
        return self.definition(*given, **parameters)

    def cases(self) -> Sequence[Case]:
        return self.named_cases

    def demonstration(self, picture: Array) -> Demonstration:
        return self.show(picture)
