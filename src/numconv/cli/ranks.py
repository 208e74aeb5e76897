"""Operators that are another function for each number of spatial axes: the one for an input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .. import composite
from ..composite.common import CompositeOperator
from ..core.errors import ArgumentError
from ..core.protocol import Array, Operand, Operator, Shape

Function = tuple[Callable[..., Any], tuple[str, ...]]

_MOBILE = ("x", "depthwise_weight", "pointwise_weight")
_FUNCTIONS: dict[str, dict[int, Function]] = {
    "depthwise_separable": {
        1: (composite.depthwise_separable_conv1d, _MOBILE),
        2: (composite.depthwise_separable_conv2d, _MOBILE),
        3: (composite.depthwise_separable_conv3d, _MOBILE),
    },
    "flattened": {
        2: (composite.flattened_conv2d, ("x", "lateral", "vertical", "horizontal")),
    },
    "separable": {
        2: (composite.separable_conv2d, ("x", "column", "row")),
        3: (composite.separable_conv3d, ("x", "depth", "column", "row")),
    },
}
"""By operator and number of spatial axes: the function, and its operands."""

_INSTEAD = {
    ("flattened", 1): "pointwise, then --op depthwise",
    ("flattened", 3): "pointwise, then --op separable",
    ("separable", 1): "depthwise",
}
"""What computes the same where there is no such function."""


def spatial_axes(x: Shape, kernel: Any = None) -> int:
    """Return how many axes of an input are taken for spatial ones, where nobody says which.

    It is as many as `kernel` has sizes, if that can be; else all of (C, L) and (C, H, W) but the
    first, and all of a longer shape but N and C.
    """
    if isinstance(kernel, tuple) and len(x) - len(kernel) in (1, 2):
        return len(kernel)
    return len(x) - (1 if len(x) in (2, 3) else 2)


def told(operator: Operator, x: Shape, weights: Sequence[Shape]) -> int | None:
    """Return the number of spatial axes that weights of these shapes are for, if they tell."""
    functions = _FUNCTIONS.get(operator.name, {})
    if operator.name == "depthwise_separable":
        axes = [len(weight) - 2 for weight in weights[:1]]
    elif len(functions) > 1:
        axes = [axes for axes, (_, names) in functions.items() if len(names) == 1 + len(weights)]
    else:
        return None
    return axes[0] if axes and axes[0] in functions and len(x) - axes[0] in (1, 2) else None


def taking(operator: Operator, count: int) -> Operator:
    """Return `operator` as it is where it takes `count` operands after x, if it ever does."""
    for axes, (_, names) in _FUNCTIONS.get(operator.name, {}).items():
        if len(names) == 1 + count:
            return fitted(operator, (), axes)
    return operator


def of_call(operator: Operator, shapes: Sequence[Shape], axes: int | None = None) -> Operator:
    """Return `operator` as it is for operands of these shapes, x first."""
    x, *weights = shapes
    return fitted(operator, x, axes or told(operator, x, weights) or spatial_axes(x))


def fitted(operator: Operator, x: Shape, axes: int) -> Operator:
    """Return `operator` as it is for an input of this shape, of which `axes` are spatial.

    Raises
    ------
    ArgumentError
        If it has no meaning there, with the operator that has.
    """
    if not isinstance(operator, CompositeOperator):
        return operator
    if operator.name == "channel_shuffle" and len(x) == axes + 1:
        return _without_batch(operator)
    functions = _FUNCTIONS.get(operator.name)
    if functions is None or not 1 <= axes <= 3:
        return operator
    if axes not in functions:
        there = " or ".join(map(str, functions))
        plural = "axis" if axes == 1 else "axes"
        expected = (
            f"--op {_INSTEAD[operator.name, axes]}, for an input of {axes} spatial {plural}: "
            f"{operator.name} is for {there}"
        )
        raise ArgumentError("op", operator.name, expected)
    function, operands = functions[axes]
    return replace(operator, function=function, operands=operands)


def _without_batch(operator: CompositeOperator) -> Operator:
    """Return an operator that takes (N, C, *spatial) alone as one that takes (C, *spatial)."""

    def function(x: Any, **parameters: Any) -> Any:
        if isinstance(x, Operand):
            made = operator.function(Operand((1, *x.shape), x.dtype), **parameters)
            return Operand(made.shape[1:], made.dtype)
        return operator.function(x[None], **parameters)[0]

    def definition(x: Array, **parameters: Any) -> Array:
        result: Array = operator.definition(x[None], **parameters)[0]
        return result

    return replace(operator, function=function, definition=definition)
