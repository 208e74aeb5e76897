"""What `numconv run` runs on: a demonstration, files, or random tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from .. import filters
from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.operators.demonstrations import shrink
from ..core.protocol import Operand, Operator, Shape
from . import images
from .operands import complete, needed, random

Array = NDArray[Any]

LEAST_SIDE = 16
MOST_PIXELS = 2_000_000
"""Of a demonstration: an involution's kernels are some 300 bytes for each of them."""


@dataclass(frozen=True)
class Inputs:
    """The arrays and parameters of a call, where they come from, and a caption for a picture.

    `coloured` says whether channels in threes are red, green and blue.
    """

    arrays: tuple[Array, ...]
    parameters: Mapping[str, Any]
    source: str
    caption: str
    coloured: bool = False


@dataclass(frozen=True)
class Wishes:
    """What the command line says about the operands."""

    path: Path | None = None
    weights: tuple[str, ...] = ()
    shape: Shape | None = None
    weight_shapes: tuple[Shape, ...] = ()
    kernel: Any = None
    out_channels: int | None = None
    dtype: str | None = None
    seed: int = 0

    @property
    def chooses_shapes(self) -> bool:
        """Whether something is said about the shapes of random weights."""
        return bool(self.weight_shapes) or self.kernel is not None or self.out_channels is not None

    def check(self) -> None:
        """Raise for options that contradict each other."""
        if self.path is not None and self.shape is not None:
            raise click.UsageError("--input and --shape exclude each other")
        if self.weights and self.chooses_shapes:
            raise click.UsageError("--weight already says the weight's shape")
        if self.dtype is not None and self.dtype not in dtypes.DTYPES:
            raise ArgumentError("dtype", self.dtype, "one of " + ", ".join(dtypes.DTYPES))


def gather(
    operator: Operator,
    wishes: Wishes,
    parameters: Mapping[str, Any],
    most_pixels: int = MOST_PIXELS,
) -> Inputs:
    """Return the arrays and parameters of the call that the command line asks for.

    A demonstration has up to about `most_pixels`.
    """
    wishes.check()
    if wishes.shape is not None:
        x: Array = random(
            Operand(wishes.shape, wishes.dtype or "float32"), np.random.default_rng(wishes.seed)
        )
        return _with_weights(operator, x, "random", wishes, parameters)
    if wishes.path is None:
        picture: Array = images.photograph()
        source = "the photograph that ships with numconv"
    else:
        picture, source = images.read("input", wishes.path), str(wishes.path)
    from_array = wishes.path is not None and wishes.path.suffix.lower() in images.ARRAY_SUFFIXES
    if wishes.weights or from_array or wishes.chooses_shapes:
        x = _converted(picture, wishes.dtype, "x")
        return _with_weights(operator, x, source, wishes, parameters)
    if min(picture.shape[1:]) < LEAST_SIDE:
        expected = f"at least {LEAST_SIDE}x{LEAST_SIDE} pixels to demonstrate on, or a --weight"
        raise ArgumentError("input", source, expected)
    factor = ceil(sqrt(picture.shape[1] * picture.shape[2] / most_pixels))
    if factor > 1:
        picture = shrink(picture, factor)
        source += f", reduced {factor} times for a demonstration (--weight takes all of it)"
    colour = np.ascontiguousarray(np.broadcast_to(picture, (3, *picture.shape[1:])))
    shown = operator.demonstration(colour)
    arrays = tuple(
        _converted(array, wishes.dtype, name)
        for array, name in zip(shown.arrays, operator.operands, strict=False)
    )
    return Inputs(arrays, {**shown.parameters, **parameters}, source, shown.caption, True)


def _with_weights(
    operator: Operator, x: Array, source: str, wishes: Wishes, parameters: Mapping[str, Any]
) -> Inputs:
    if wishes.weights:
        return _from_files(operator, x, source, wishes, parameters)
    operands, completed = complete(
        operator,
        Operand(x.shape, x.dtype.name),
        wishes.weight_shapes,
        wishes.kernel,
        wishes.out_channels,
        parameters,
    )
    generator = np.random.default_rng(wishes.seed + 1)
    others = [random(operand, generator) for operand in operands[1:]]
    name = " and ".join(needed(operator)) or "operands"
    return Inputs((x, *others), completed, source, f"random {name}, seed {wishes.seed}")


def _from_files(
    operator: Operator, x: Array, source: str, wishes: Wishes, parameters: Mapping[str, Any]
) -> Inputs:
    names = needed(operator)
    if len(wishes.weights) != len(names):
        expected = f"one --weight for each of {', '.join(names) or 'no operand'}"
        raise ArgumentError("weight", wishes.weights, expected)
    named = [not Path(text).suffix for text in wishes.weights]
    if any(named):
        if names != ("weight",):
            expected = f"a .npy file for each of {', '.join(names)}: {operator.name} has no "
            raise ArgumentError("weight", wishes.weights[0], expected + "named kernels")
        return _named(operator, x, source, wishes, parameters)
    arrays = [
        _converted(images.read_array("weight", Path(text)), x.dtype.name, name)
        for text, name in zip(wishes.weights, names, strict=True)
    ]
    return Inputs((x, *arrays), parameters, source, f"weights from {', '.join(wishes.weights)}")


def _named(
    operator: Operator, x: Array, source: str, wishes: Wishes, parameters: Mapping[str, Any]
) -> Inputs:
    """Apply a named kernel to each channel by itself."""
    name = wishes.weights[0]
    if x.ndim not in (3, 4):
        raise ArgumentError("input", x.shape, "(C, H, W) or (N, C, H, W) for a named kernel")
    try:
        kernel = filters.kernel(name)
    except ArgumentError as error:
        expected = error.expected + "; or a .npy file"
        raise ArgumentError("weight", name, expected) from None
    if parameters.get("groups") is not None:
        raise click.UsageError("a named kernel is applied to each channel: leave out --groups")
    channels = x.shape[-3]
    weight = np.ascontiguousarray(np.broadcast_to(kernel, (channels, 1, *kernel.shape)))
    if operator.name != "transposed":
        parameters = {"padding": "same", "padding_mode": "symmetric", **parameters}
    caption = f"the kernel {name} on each channel ({filters.formula(name)})"
    return Inputs(
        (x, _converted(weight, x.dtype.name, "weight")),
        {**parameters, "groups": channels},
        source,
        caption,
    )


def _converted(array: Array, dtype: str | None, name: str) -> Array:
    """Return `array` as `dtype`, or raise if its values would change beyond rounding."""
    if dtype is None or array.dtype.name == dtype:
        return array
    if dtypes.kind(dtype) != "integer":
        return array.astype(dtype)
    limits = np.iinfo(dtype)
    if name == "x" and array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return np.asarray(np.rint(array * min(limits.max, 255)).astype(dtype))
    whole = bool((array == np.rint(array.real)).all())
    if not whole or array.min() < limits.min or array.max() > limits.max:
        raise ArgumentError("dtype", dtype, f"a dtype that holds the values of {name} exactly")
    return array.astype(dtype)


def shapes(names: Sequence[str], arrays: Sequence[Array]) -> dict[str, list[int]]:
    """Return the shape of each array by its operand's name."""
    return {name: list(array.shape) for name, array in zip(names, arrays, strict=False)}
