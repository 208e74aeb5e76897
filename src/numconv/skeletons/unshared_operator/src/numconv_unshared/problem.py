"""A locally connected layer as plain data: all about a computation but its arrays' values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numconv.plugin import (
    FLOATS,
    ArgumentError,
    ArgumentTypeError,
    Array,
    Epilogue,
    Shape,
    least_bytes,
    output_sizes,
)

DIRECTIONS = ("forward", "input_gradient")


@dataclass(frozen=True)
class UnsharedProblem:
    """One locally connected layer ``x, weight -> y``, or its adjoint ``y, weight -> x``.

    It is a convolution whose weights are not shared by positions: every output has weights of
    its own (I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", MIT Press 2016, section
    9.5)::

        y[n, co, oy, ox] = offset[co, oy, ox]
                           + sum over ci, ky, kx of  weight[co, ci, ky, kx, oy, ox]
                                * x[n, ci, oy * stride_y + ky - low_y, ox * stride_x + kx - low_x]

    Samples outside x are zeros. The geometry is always that from `x` to `y`. The
    ``input_gradient`` is the adjoint of this map without an offset: each sample of its result is
    the sum of the products in which that sample of `x` takes part.

    Parameters
    ----------
    batch, in_channels, out_channels : int
        N, channels of `x`, channels of `y`.
    input_shape, kernel_shape, stride : tuple of int
        Along height and width, in samples.
    padding : tuple of (low, high)
        Along height and width, in samples.
    offset : bool
        Whether one value for each channel and position of `y` is added, the third operand.
    dtype : str
        Of the operands and of the result; real.
    direction : {"forward", "input_gradient"}

    Raises
    ------
    ArgumentError
        If the numbers do not describe a locally connected layer.
    """

    batch: int
    in_channels: int
    out_channels: int
    input_shape: Shape
    kernel_shape: Shape
    stride: Shape
    padding: tuple[tuple[int, int], ...]
    offset: bool = False
    dtype: str = "float32"
    direction: str = "forward"

    def __post_init__(self) -> None:
        if self.dtype not in FLOATS:
            raise ArgumentTypeError("x", self.dtype, "dtype " + ", ".join(FLOATS))
        if self.direction not in DIRECTIONS:
            raise ArgumentError("direction", self.direction, "one of " + ", ".join(DIRECTIONS))
        if self.offset and self.direction != "forward":
            raise ArgumentError("offset", self.offset, f"False for the {self.direction}")
        for name in ("input_shape", "kernel_shape", "stride", "padding"):
            if len(getattr(self, name)) != 2:
                raise ArgumentError(name, getattr(self, name), "one for each of 2 axes")
        if min(self.in_channels, self.out_channels, *self.kernel_shape) < 1:
            raise ArgumentError("weight", self.weight_shape, "a shape without zeros")
        if min(self.output_shape) < 1:
            expected = f"at least the kernel's {self.kernel_shape} after padding {self.padding}"
            raise ArgumentError("x", self.input_shape, expected)

    @property
    def output_shape(self) -> Shape:
        """Height and width of `y`."""
        return output_sizes(
            self.input_shape, self.kernel_shape, self.stride, self.padding, dilation=(1, 1)
        )

    @property
    def x_shape(self) -> Shape:
        return (self.batch, self.in_channels, *self.input_shape)

    @property
    def y_shape(self) -> Shape:
        return (self.batch, self.out_channels, *self.output_shape)

    @property
    def weight_shape(self) -> Shape:
        return (self.out_channels, self.in_channels, *self.kernel_shape, *self.output_shape)

    @property
    def result_shape(self) -> Shape:
        """Shape of what is computed: `y` forward, `x` for the input gradient."""
        return self.y_shape if self.direction == "forward" else self.x_shape

    @property
    def operand_shapes(self) -> tuple[Shape, ...]:
        """Shapes of the arrays that are given: `x` or `y`, `weight`, and maybe `offset`."""
        given = self.x_shape if self.direction == "forward" else self.y_shape
        return (given, self.weight_shape, *([self.y_shape[1:]] if self.offset else []))

    @property
    def result_dtype(self) -> str:
        return self.dtype

    @property
    def epilogue(self) -> Epilogue:
        """Nothing is applied as the result is stored."""
        return Epilogue()

    @property
    def terms(self) -> int:
        """K: the most terms that are summed into one element of the result.

        The error bound that numconv derives from it holds for all sums of products, the offset
        being a term as well.
        """
        if self.direction == "forward":
            return prod(self.weight_shape[1:4]) + self.offset
        most = (-(-k // step) for k, step in zip(self.kernel_shape, self.stride, strict=True))
        return self.out_channels * prod(most)

    @property
    def macs(self) -> int:
        """Multiply-adds, those with padding's zeros included."""
        return prod(self.y_shape) * prod(self.weight_shape[1:4])

    @property
    def min_bytes(self) -> int:
        """Least memory traffic: each operand read once, the result written once."""
        return least_bytes(self)

    # What follows is optional: by having it the problem comes under the laws of linear problems.

    @property
    def linear_in(self) -> tuple[int, ...]:
        """Linear in what is given, and in the weight; with an offset in neither."""
        return () if self.offset else (0, 1)

    def adjoint(self, operand: int) -> UnsharedProblem | None:
        """Return the problem of the other direction, which is adjoint in what is given."""
        if operand != 0 or self.offset:
            return None
        forward, input_gradient = DIRECTIONS
        other = input_gradient if self.direction == forward else forward
        return replace(self, direction=other)

    def deltas(self) -> Array:
        """Return a weight that has one 1 for each output, at changing taps and input channels."""
        weight = np.zeros(self.weight_shape, self.dtype)
        outputs = np.arange(prod(self.y_shape[1:])).reshape(self.y_shape[1:])
        by_output = weight.reshape(self.out_channels, -1, *self.output_shape)
        chosen = (5 * outputs + outputs // 7 + 1) % by_output.shape[1]
        np.put_along_axis(by_output, chosen[:, None], 1, axis=1)
        return weight
