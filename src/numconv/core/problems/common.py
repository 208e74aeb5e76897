"""What every kind of problem checks and counts in the same way."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import Any, get_args

import numpy as np

from .. import dtypes
from ..errors import ArgumentError
from ..geometry import Pairs, check_padding_mode, output_sizes, samples_met
from ..signatures import Accuracy

Shape = tuple[int, ...]

ACCURACIES: tuple[str, ...] = get_args(Accuracy)


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


def least_bytes(problem: Any) -> int:
    """Return the least memory traffic: each operand read once, the result written once."""
    shapes = (*problem.operand_shapes, *problem.epilogue.shapes(problem.result_shape))
    read = sum(map(prod, shapes)) * np.dtype(problem.dtype).itemsize
    written = prod(problem.result_shape) * np.dtype(problem.result_dtype).itemsize
    return int(read + written)
