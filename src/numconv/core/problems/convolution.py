"""A convolution, in any direction, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from typing import Literal, get_args

import numpy as np

from ..errors import ArgumentError
from ..geometry import Pairs, source_index
from ..polyphase import spacing
from ..types import Array, Shape
from .common import Windowed, check_types, check_values
from .epilogue import Epilogue

Direction = Literal["forward", "input_gradient"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)


@dataclass(frozen=True)
class ConvolutionProblem(Windowed):
    """One convolution ``x, weight -> y``, or its adjoint ``y, weight -> x``.

    The geometry is always that of the convolution from `x` to `y`, whichever the direction::

        y[n, co, o] = sum over ci, k of  weight[co, ci, k] * x[n, g * C_in/groups + ci,
                                                               o * stride + k * dilation - lo]

    with ``g = co // (C_out / groups)`` and the padding mode deciding what an index outside `x`
    means. The ``input_gradient`` is the adjoint of that linear map: each output is the sum of
    the products in which its sample of `x` takes part. It is also the transposed convolution.

    Parameters
    ----------
    batch, in_channels, out_channels, groups : int
        N, channels of `x`, channels of `y`, groups.
    input_shape, kernel_shape : tuple of int
        Spatial axes of `x` and of `weight`, one to three.
    stride, dilation : tuple of int
        Per spatial axis, in samples.
    padding : tuple of (low, high)
        Per spatial axis, in samples. A negative `high` crops, which a transposed convolution
        with output padding needs.
    padding_mode : str
        One of `numconv.core.geometry.PADDING_MODES`.
    dtype : str
        Of the operands.
    direction : {"forward", "input_gradient"}
    epilogue : Epilogue
        Applied to the result, whichever the direction.
    accuracy : {"standard", "strict", "fast"}
        ``strict`` forbids algorithms that mix receptive fields (Winograd, FFT) or cut values in
        parts; ``fast`` allows to round float32 operands to 11 significant bits (TF32).

    Attributes
    ----------
    axes : int
        Number of spatial axes.
    output_shape : tuple of int
        Spatial axes of `y`, whatever the direction.
    x_shape, y_shape, weight_shape : tuple of int
        All axes; `operand_shapes` and `result_shape` say which of them are given and computed.
    terms, most_products, macs, min_bytes : int
        Products of one output, those not with padding's zeros, multiply-adds, least traffic.
    features : frozenset of str
        What whoever solves it must know of.

    Raises
    ------
    ArgumentError
        If the numbers do not describe a convolution.
    """

    batch: int
    in_channels: int
    out_channels: int
    input_shape: Shape
    kernel_shape: Shape
    stride: Shape
    padding: Pairs
    dilation: Shape
    groups: int = 1
    padding_mode: str = "zeros"
    dtype: str = "float32"
    direction: Direction = "forward"
    epilogue: Epilogue = field(default_factory=Epilogue)
    accuracy: str = "standard"

    def __post_init__(self) -> None:
        check_types(self, ("in_channels", "out_channels", "groups"))
        for name, channels in (("C_in", self.in_channels), ("C_out", self.out_channels)):
            if self.groups < 1 or channels % self.groups:
                raise ArgumentError("groups", self.groups, f"a divisor of {name}={channels}")
        if self.in_channels < 1 or self.out_channels < 1 or min(self.kernel_shape) < 1:
            raise ArgumentError("weight", self.weight_shape, "a shape without zeros")
        check_values(self, DIRECTIONS)
        if min(self.output_shape) < 1:
            extents = tuple(
                d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_shape, strict=True)
            )
            raise ArgumentError(
                "x" if self.direction == "forward" else "output_size",
                self.input_shape,
                f"spatial axes at least as long as the kernel, which covers {extents} samples, "
                f"after padding {self.padding}",
            )

    @property
    def x_shape(self) -> Shape:
        return (self.batch, self.in_channels, *self.input_shape)

    @property
    def y_shape(self) -> Shape:
        return (self.batch, self.out_channels, *self.output_shape)

    @property
    def weight_shape(self) -> Shape:
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_shape)

    @property
    def result_shape(self) -> Shape:
        """Shape of what is computed: `y` forward, `x` for the input gradient."""
        return self.y_shape if self.direction == "forward" else self.x_shape

    @property
    def operand_shapes(self) -> tuple[Shape, Shape]:
        """Shapes of the two arrays that are given: `x` or `y`, and `weight`."""
        given = self.x_shape if self.direction == "forward" else self.y_shape
        return given, self.weight_shape

    @property
    def terms(self) -> int:
        """K: the most products that are summed into one output, those with padding included."""
        if self.direction == "forward":
            return prod(self.weight_shape[1:])
        taps = prod(self.kernel_shape)
        if self.padding_mode != "zeros":
            taps *= self._most_copies
        else:
            taps = prod(map(_most_phase, self.kernel_shape, self.stride, self.dilation))
        return self.out_channels // self.groups * taps

    @property
    def most_products(self) -> int:
        """The most products that an output sums which are not with zeros beyond the edges."""
        if self.direction == "forward":
            return super().most_products
        if self.padding_mode != "zeros":
            return self.terms
        phases = map(_most_phase, self.kernel_shape, self.stride, self.dilation)
        return self.out_channels // self.groups * prod(map(min, phases, self.output_shape))

    @cached_property
    def _most_copies(self) -> int:
        """How often padding repeats a sample of `x`, the most repeated one."""
        axes = zip(self.input_shape, self.padding, strict=True)
        return prod(_most_copies(size, lo, hi, self.padding_mode) for size, (lo, hi) in axes)

    @property
    def linear_in(self) -> tuple[int, ...]:
        """Linear in what is given, and in the weight."""
        return (0, 1)

    def adjoint(self, operand: int) -> ConvolutionProblem | None:
        """Return the problem of the other direction, which is adjoint in what is given."""
        if operand != 0:
            return None
        other: Direction = "input_gradient" if self.direction == "forward" else "forward"
        return replace(self, direction=other, epilogue=Epilogue())

    def deltas(self) -> Array:
        """Return a weight that has one 1 for each output channel.

        The tap and the input channel change from channel to channel.
        """
        weight = np.zeros(self.weight_shape, self.dtype)
        taps = list(np.ndindex(*self.kernel_shape))
        for co in range(self.out_channels):
            weight[(co, co % weight.shape[1], *taps[(5 * co + 1) % len(taps)])] = 1
        return weight

    @property
    def macs(self) -> int:
        """Multiply-adds, padding included: ``N * C_out * prod(out) * C_in/groups * prod(k)``."""
        return prod(self.y_shape) * prod(self.weight_shape[1:])


def _most_phase(kernel: int, stride: int, dilation: int) -> int:
    """Return how many taps of a kernel reach one sample at most, each from a place of its own."""
    return -(-kernel // spacing(stride, dilation).period)


def _most_copies(size: int, lo: int, hi: int, mode: str) -> int:
    """Return how often an axis repeats the sample that it repeats most, that itself included."""
    around = (source_index(size, lo, -size, mode), source_index(size, -size, max(hi, 0), mode))
    samples, counts = np.unique(np.concatenate(around), return_counts=True)
    inside = samples < size + min(hi, 0)
    return max(1, int((counts + inside).max(initial=1)))
