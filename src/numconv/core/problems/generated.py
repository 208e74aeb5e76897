"""An involution whose kernels are made where they are used, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import dtypes
from ..errors import ArgumentError
from ..geometry import Pairs
from .common import Shape, Windowed, check_room, check_types, check_values
from .epilogue import Epilogue


@dataclass(frozen=True)
class GeneratedInvolutionProblem(Windowed):
    """One involution ``x, hidden, span_weight -> y`` whose kernels nobody keeps.

    ::

        kernels[n, g, k, o] = span_bias[g, k] + sum over h of  span_weight[g, k, h]
                                                               * hidden[n, h, o]
        y[n, c, o] = sum over k of  kernels[n, c // (C / groups), k, o]
                                    * x[n, c, o * stride + k * dilation - lo]

    (D. Li et al., "Involution: Inverting the Inherence of Convolution for Visual Recognition",
    arXiv:2103.06255, equations 4 and 6.) The kernels are not rounded to the dtype in between.

    Parameters
    ----------
    batch, channels, groups : int
        N, C and the number of kernels per position; the channels of a group share one.
    hidden_channels : int
        H, the features of a position from which its kernels are made.
    input_shape, kernel_shape, stride, dilation : tuple of int
        Per spatial axis, one to three.
    padding : tuple of (low, high)
        Per spatial axis, in samples.
    span_bias : bool
        Whether one value per tap and group is added to the kernels, the fourth operand.
    padding_mode, dtype, epilogue, accuracy
        As in `ConvolutionProblem`.

    Raises
    ------
    ArgumentError
        If the numbers do not describe such an involution.
    """

    batch: int
    channels: int
    hidden_channels: int
    input_shape: Shape
    kernel_shape: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    groups: int = 1
    span_bias: bool = False
    padding_mode: str = "zeros"
    dtype: str = "float32"
    epilogue: Epilogue = field(default_factory=Epilogue)
    accuracy: str = "standard"

    def __post_init__(self) -> None:
        check_types(self, ("channels", "hidden_channels", "groups"))
        if self.groups < 1 or self.channels < 1 or self.channels % self.groups:
            raise ArgumentError("groups", self.groups, f"a divisor of C={self.channels}")
        if min(self.kernel_shape) < 1 or self.hidden_channels < 1:
            raise ArgumentError("span_weight", self.span_weight_shape, "a shape without zeros")
        check_values(self)
        check_room(self)

    @property
    def x_shape(self) -> Shape:
        return (self.batch, self.channels, *self.input_shape)

    @property
    def hidden_shape(self) -> Shape:
        return (self.batch, self.hidden_channels, *self.output_shape)

    @property
    def span_weight_shape(self) -> Shape:
        """A row for each tap of each group's kernel, in their order."""
        return (self.groups * prod(self.kernel_shape), self.hidden_channels)

    @property
    def kernels_shape(self) -> Shape:
        """Of the kernels that are made."""
        return (self.batch, self.groups, *self.kernel_shape, *self.output_shape)

    @property
    def result_shape(self) -> Shape:
        return (self.batch, self.channels, *self.output_shape)

    @property
    def operand_shapes(self) -> tuple[Shape, ...]:
        bias = (self.span_weight_shape[:1],) if self.span_bias else ()
        return (self.x_shape, self.hidden_shape, self.span_weight_shape, *bias)

    @property
    def terms(self) -> int:
        """K: the products of three, or with the bias, whose sum is one output."""
        return (self.hidden_channels + self.span_bias) * prod(self.kernel_shape)

    @property
    def linear_in(self) -> tuple[int, ...]:
        """Linear in x; without a bias in the features and in the weight as well."""
        return (0,) if self.span_bias else (0, 1, 2)

    @property
    def macs(self) -> int:
        """Multiply-adds: those of the kernels, and those of the involution, padding included."""
        taps = prod(self.kernel_shape)
        return prod(self.kernels_shape) * self.hidden_channels + prod(self.result_shape) * taps

    def bound(self, naive: Any, *operands: NDArray[Any]) -> NDArray[Any]:
        """Return the largest error that each output may have.

        A product goes through H + 1 sums to a tap, and through as many as there are taps to an
        output. Besides, each of the H products of a tap may lose as much as the smallest number
        there is, by which the tap's sample is multiplied.
        """
        from ..bound import FACTOR, bound_of_sums

        sums = self.hidden_channels + self.span_bias + prod(self.kernel_shape)
        allowed = bound_of_sums(self, naive, operands, sums)
        plain = Epilogue(shuffle=self.epilogue.shuffle)
        ones = replace(self, dtype="float64", span_bias=True, epilogue=plain)
        x, *kernels, bias = (np.zeros(shape) for shape in ones.operand_shapes)
        samples = naive(ones, x + np.abs(operands[0]), *kernels, bias + 1)
        smallest = float(np.finfo(dtypes.accumulator(self.dtype)).smallest_subnormal)
        lost = FACTOR * self.hidden_channels * smallest * samples
        return np.asarray(allowed + lost)
