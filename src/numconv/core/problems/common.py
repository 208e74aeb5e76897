"""What every kind of problem checks and counts in the same way."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from math import prod
from typing import Any, get_args

import numpy as np

from .. import dtypes
from ..errors import ArgumentError
from ..geometry import Pairs, check_padding_mode, output_sizes, samples_met
from ..signatures import Accuracy
from ..types import Shape as Shape
from .epilogue import Epilogue

_MOST_AXES = 3

ACCURACIES: tuple[str, ...] = get_args(Accuracy)


def check_types(problem: Any, counts: tuple[str, ...]) -> None:
    """Raise unless every field of a windowed problem is of its type, and the axes agree.

    `counts` name the fields that are numbers, besides the batch.
    """
    for name in ("batch", *counts):
        value = getattr(problem, name)
        if type(value) is not int:
            raise ArgumentError(name, value, "an integer")
    axes = len(problem.input_shape) if type(problem.input_shape) is tuple else 0
    if not 1 <= axes <= _MOST_AXES or not _are_integers(problem.input_shape, axes):
        raise ArgumentError("input_shape", problem.input_shape, "a tuple of one to three integers")
    for name in ("kernel_shape", "stride", "dilation"):
        if not _are_integers(getattr(problem, name), axes):
            raise ArgumentError(name, getattr(problem, name), f"a tuple of {axes} integers")
    pairs = problem.padding
    paired = type(pairs) is tuple and len(pairs) == axes
    if not paired or not all(_are_integers(pair, 2) for pair in pairs):
        raise ArgumentError("padding", pairs, f"a tuple of {axes} pairs (low, high) of integers")
    if not isinstance(problem.epilogue, Epilogue):
        raise ArgumentError("epilogue", problem.epilogue, "an Epilogue")


def check_values(problem: Any, directions: tuple[str, ...] = ("forward",)) -> None:
    """Raise unless numbers are in their range, words are known, and the padding can be filled."""
    if problem.batch < 0:
        raise ArgumentError("batch", problem.batch, "an integer of at least 0")
    for name in ("stride", "dilation"):
        if min(getattr(problem, name)) < 1:
            raise ArgumentError(name, getattr(problem, name), "integers of at least 1")
    direction = getattr(problem, "direction", directions[0])
    if direction not in directions:
        raise ArgumentError("direction", direction, "one of " + ", ".join(map(repr, directions)))
    check_settings(problem)
    problem.epilogue.check(problem.dtype)


def _are_integers(value: Any, count: int) -> bool:
    return type(value) is tuple and len(value) == count and all(type(n) is int for n in value)


def check_settings(problem: Any) -> None:
    """Raise unless dtype, accuracy and padding mode are known, and the padding can be filled."""
    if problem.dtype not in dtypes.DTYPES:
        raise ArgumentError("dtype", problem.dtype, "one of " + ", ".join(dtypes.DTYPES))
    if problem.accuracy not in ACCURACIES:
        raise ArgumentError("accuracy", problem.accuracy, "'standard', 'strict' or 'fast'")
    check_padding_mode(problem.padding_mode, problem.padding, problem.input_shape)


def check_room(problem: Any) -> None:
    """Raise if an involution's kernel stands nowhere on its input."""
    if min(problem.output_shape) < 1:
        raise ArgumentError(
            "x",
            problem.input_shape,
            f"spatial axes at least as long as the kernel {problem.kernel_shape} "
            f"after padding {problem.padding}",
        )


class Windowed:
    """What every kind of problem derives alike whose kernel stands on windows of its input."""

    dtype: str
    input_shape: Shape
    kernel_shape: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    padding_mode: str

    @property
    def terms(self) -> int:
        """K: the products that are summed into one output, those with padding included."""
        raise NotImplementedError

    @property
    def axes(self) -> int:
        """Number of spatial axes."""
        return len(self.input_shape)

    @cached_property
    def output_shape(self) -> Shape:
        """Spatial axes of `y`."""
        return output_sizes(
            self.input_shape, self.kernel_shape, self.stride, self.padding, self.dilation
        )

    @property
    def result_dtype(self) -> str:
        return dtypes.result(self.dtype)

    @property
    def most_products(self) -> int:
        """The most products that an output sums which are not with zeros beyond the edges."""
        axes = zip(self.input_shape, self.kernel_shape, self.dilation, strict=True)
        met = prod(samples_met(*axis, self.padding_mode) for axis in axes)
        return self.terms // prod(self.kernel_shape) * met

    @property
    def min_bytes(self) -> int:
        """Least memory traffic: each operand read once, the result written once."""
        return least_bytes(self)

    @property
    def features(self) -> frozenset[str]:
        """What whoever solves the problem must know of: see `protocol.SINCE`."""
        return features(self)


def least_bytes(problem: Any) -> int:
    """Return the least memory traffic: each operand read once, the result written once."""
    shapes = (*problem.operand_shapes, *problem.epilogue.shapes(problem.result_shape))
    read = sum(map(prod, shapes)) * np.dtype(problem.dtype).itemsize
    written = prod(problem.result_shape) * np.dtype(problem.result_dtype).itemsize
    return int(read + written)


def features(problem: Any) -> frozenset[str]:
    """Return what whoever solves a problem must know of, as ``field=value``.

    That is its kind, its dtype, and each setting that has words for values, the epilogue's parts
    among them.
    """
    words = {"problem": type(problem).__name__, "dtype": problem.dtype}
    given = {each.name for each in fields(problem)}
    for name in ("direction", "padding_mode", "accuracy", "result_dtype", "sums"):
        if name in given:
            words[name] = getattr(problem, name)
    found = {f"{name}={word}" for name, word in words.items()}
    found.update(f"padding_mode={mode}" for mode in getattr(problem, "padding_modes", ()))
    return frozenset(found | problem.epilogue.features)
