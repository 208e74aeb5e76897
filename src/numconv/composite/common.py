"""What composite operators share: shaping of operands, arrays or traced, and the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ..core import arrays
from ..core.dtypes import INTEGERS
from ..core.errors import ArgumentError
from ..core.layouts import converted, laid_out, shape_of
from ..core.operators.examples import ByExamples, Examples
from ..core.protocol import Array, Case, Demonstration, Operand, Shape


class Called:
    """Lets errors of the functions that an operator is made of name the operator's own arguments.

    Parameters
    ----------
    **names : (str, object)
        For arguments of those functions: what the operator calls them, and what it was given.
    """

    __slots__ = ("_names",)

    def __init__(self, **names: tuple[str, Any]) -> None:
        self._names = names

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, ArgumentError) or error.argument not in self._names:
            return
        name, given = self._names[error.argument]
        is_shape = isinstance(error.value, tuple)
        value = shape_of(name, given) if is_shape else error.value
        raise type(error)(name, value, error.expected) from None


def shaped(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    """Return `value` broadcast and reshaped to `shape`; an `Operand` stays one.

    Size 1 axes are put in and one set of weights is repeated for every channel.
    """
    rows, taps = shape[0], prod(shape[1:])

    def arrange(given: Shape, strides: Shape) -> tuple[Shape, Shape, Shape]:
        if given not in ((rows, taps), (taps,)):
            raise ArgumentError(name, given, f"shape {(taps,)} or {(rows, taps)}")
        return (rows, taps), (strides[0] if len(given) == 2 else 0, strides[-1]), shape

    return laid_out(name, value, arrange)


def alike(value: Any, x: Any) -> Any:
    """Return `value` in the dtype of `x` where both hold integers, whose sums grow to int64."""
    wanted = arrays.dtype_name(x)
    if wanted not in INTEGERS or arrays.dtype_name(value) not in INTEGERS:
        return value
    if isinstance(value, Operand):
        return Operand(value.shape, wanted)
    return converted("weight", value, wanted)


def taps_of(name: str, value: Any) -> int:
    """Return the length of a vector of weights, or of each of a row of them."""
    shape = shape_of(name, value)
    if len(shape) not in (1, 2):
        raise ArgumentError(name, shape, "an array of shape (taps,) or (channels, taps)")
    return shape[-1]


def spatial_of(x: Any, axes: int) -> Shape:
    """Return the channels of `x`, batched or not, and its spatial shape."""
    shape = shape_of("x", x)
    if len(shape) not in (axes + 1, axes + 2):
        raise ArgumentError("x", shape, f"an array of {axes + 2} axes, or {axes + 1} without batch")
    return shape[-axes - 1 :]


def channels_of(x: Any, axes: int) -> int:
    """Return the number of channels of `x`, batched or not."""
    return spatial_of(x, axes)[0]


@dataclass(frozen=True)
class CompositeOperator(ByExamples):
    """An operator made of others: a function, its definition, its cases and its picture."""

    name: str
    summary: str
    operands: tuple[str, ...]
    function: Callable[..., Any]
    definition: Callable[..., Array]
    named_cases: tuple[Case, ...]
    show: Callable[[Array], Demonstration]
    examples: Examples
    optional: tuple[str, ...] = ()
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
