"""A bilateral filter as plain data: everything about a computation but its arrays' values."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

from numconv.plugin import (
    FLOATS,
    ArgumentError,
    ArgumentTypeError,
    Array,
    Epilogue,
    Shape,
    least_bytes,
)


@dataclass(frozen=True)
class BilateralProblem:
    """One bilateral filter ``x -> y``, of a batch of images::

        y[n, c, i] = sum over k of  weight[n, i, k] * x[n, c, i + k]
                     / sum over k of  weight[n, i, k]
        weight[n, i, k] = exp(-|k|^2 / (2 sigma_space^2)
                              - sum over c of (x[n, c, i + k] - x[n, c, i])^2
                                / (2 sigma_range^2))

    over the offsets ``k`` of a kernel centred at zero for which ``i + k`` lies in the image
    (C. Tomasi and R. Manduchi, "Bilateral Filtering for Gray and Color Images", ICCV 1998).
    The channels of a pixel are its colour, and share one weight.

    Parameters
    ----------
    batch, channels : int
    input_shape : tuple of int
        Height and width, in pixels.
    kernel_shape : tuple of int
        Odd, in pixels.
    sigma_space : float
        In pixels.
    sigma_range : float
        In units of `x`.
    dtype : str
        Of `x` and of the result; real.

    Raises
    ------
    ArgumentError
        If the numbers do not describe a bilateral filter.
    """

    batch: int
    channels: int
    input_shape: Shape
    kernel_shape: Shape
    sigma_space: float
    sigma_range: float
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.dtype not in FLOATS:
            raise ArgumentTypeError("x", self.dtype, "dtype " + ", ".join(FLOATS))
        for name in ("input_shape", "kernel_shape"):
            if len(getattr(self, name)) != 2:
                raise ArgumentError(name, getattr(self, name), "one for each of 2 axes")
        if min(self.channels, *self.input_shape) < 1:
            raise ArgumentError("x", self.result_shape, "at least one channel and one pixel")
        if any(size < 1 or size % 2 == 0 for size in self.kernel_shape):
            raise ArgumentError("kernel_size", self.kernel_shape, "odd numbers of pixels")
        for name in ("sigma_space", "sigma_range"):
            sigma = getattr(self, name)
            if not (isfinite(sigma) and sigma > 0):
                raise ArgumentError(name, sigma, "a finite number above 0")

    @property
    def result_shape(self) -> Shape:
        return (self.batch, self.channels, *self.input_shape)

    @property
    def operand_shapes(self) -> tuple[Shape]:
        """Shapes of the arrays that are given: of `x` alone."""
        return (self.result_shape,)

    @property
    def result_dtype(self) -> str:
        return self.dtype

    @property
    def epilogue(self) -> Epilogue:
        """Nothing is applied as the result is stored."""
        return Epilogue()

    @property
    def terms(self) -> int:
        """K: the most pixels that are averaged into one."""
        return prod(self.kernel_shape)

    @property
    def macs(self) -> int:
        """Multiply-adds, two for each channel of each pixel in each window."""
        return 2 * prod(self.result_shape) * self.terms

    @property
    def min_bytes(self) -> int:
        """Least memory traffic: `x` read once, the result written once."""
        return least_bytes(self)

    def bound(self, naive: Any, x: Array) -> Array:
        """Return the largest error that each output may have: see `reference.bound`."""
        from .reference import bound

        return bound(self, x)
