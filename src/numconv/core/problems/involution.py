"""An involution as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from ..errors import ArgumentError
from ..geometry import Pairs
from ..types import Array, Shape
from .common import Windowed, check_room, check_types, check_values
from .epilogue import Epilogue


@dataclass(frozen=True)
class InvolutionProblem(Windowed):
    """One involution ``x, kernels -> y``: every output position has its own kernel.

    ::

        y[n, c, o] = sum over k of  kernels[n, c // (C / groups), k, o]
                                    * x[n, c, o * stride + k * dilation - lo]

    (D. Li et al., "Involution: Inverting the Inherence of Convolution for Visual Recognition",
    arXiv:2103.06255, equation 4.)

    Parameters
    ----------
    batch, channels, groups : int
        N, C and the number of kernels per position; the channels of a group share one.
    input_shape, kernel_shape, stride, dilation : tuple of int
        Per spatial axis, one to three.
    padding : tuple of (low, high)
        Per spatial axis, in samples.
    padding_mode, dtype, epilogue, accuracy
        As in `ConvolutionProblem`.

    Raises
    ------
    ArgumentError
        If the numbers do not describe an involution.
    """

    batch: int
    channels: int
    input_shape: Shape
    kernel_shape: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    groups: int = 1
    padding_mode: str = "zeros"
    dtype: str = "float32"
    direction: str = "forward"
    epilogue: Epilogue = field(default_factory=Epilogue)
    accuracy: str = "standard"

    def __post_init__(self) -> None:
        check_types(self, ("channels", "groups"))
        if self.groups < 1 or self.channels < 1 or self.channels % self.groups:
            raise ArgumentError("kernels", self.kernels_shape, f"groups dividing C={self.channels}")
        if min(self.kernel_shape) < 1:
            raise ArgumentError("kernels", self.kernels_shape, "a shape without zeros")
        check_values(self)
        check_room(self)

    @property
    def x_shape(self) -> Shape:
        return (self.batch, self.channels, *self.input_shape)

    @property
    def kernels_shape(self) -> Shape:
        return (self.batch, self.groups, *self.kernel_shape, *self.output_shape)

    @property
    def result_shape(self) -> Shape:
        return (self.batch, self.channels, *self.output_shape)

    @property
    def operand_shapes(self) -> tuple[Shape, Shape]:
        return self.x_shape, self.kernels_shape

    @property
    def terms(self) -> int:
        """K: the products that are summed into one output."""
        return prod(self.kernel_shape)

    @property
    def linear_in(self) -> tuple[int, ...]:
        """Linear in x, and in the kernels."""
        return (0, 1)

    def deltas(self) -> Array:
        """Return kernels that have one 1 for each position and group, at changing taps."""
        kernels = np.zeros(self.kernels_shape, self.dtype)
        taps = list(np.ndindex(*self.kernel_shape))
        positions = np.arange(prod(self.output_shape)).reshape(self.output_shape)
        for group in range(self.groups):
            chosen = (5 * group + 3 * positions + positions // 7 + 1) % len(taps)
            for index, tap in enumerate(taps):
                kernels[(slice(None), group, *tap)] = chosen == index
        return kernels

    @property
    def macs(self) -> int:
        """Multiply-adds, padding included: ``N * C * prod(out) * prod(k)``."""
        return prod(self.result_shape) * self.terms
