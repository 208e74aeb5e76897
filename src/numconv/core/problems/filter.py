"""A filter of an image or a volume as plain data: weights that slide along any of its axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import dtypes
from ..errors import ArgumentError
from ..geometry import PADDING_MODES, Pairs
from .common import Shape, features, least_bytes
from .epilogue import Epilogue

SUMS = ("products", "pairs", "mean")
FILTERED = (*dtypes.INTEGERS, "float32", "float64")
"""The dtypes of which float64 holds every value, or, of 64-bit integers, the nearest."""

NEGLIGIBLE = float(np.finfo(np.float64).eps)
"""A weight up to this is none, and weights no further apart are equal."""


@dataclass(frozen=True)
class FilterProblem:
    """One filter ``x, weight -> y`` of an array of any rank, y of its shape::

        y[o] = sum over k of  weight[k] * x[o + k - lo]

    in float64, in the order of the taps, each product and each sum rounded by itself. So the
    result is one and the same to the last bit, and is stored as C converts it: towards zero, and
    modulo the integers' range.

    Parameters
    ----------
    input_shape, kernel_shape : tuple of int
        Of one rank, at least 1. An axis with one tap is not filtered.
    padding : tuple of (low, high)
        Per axis, in samples; they add up to one less than the taps, so that y is as long as x.
    padding_modes : tuple of str
        Per axis, one of `numconv.core.geometry.PADDING_MODES` or ``"zeros"``. An array may be
        shorter than the padding, which then repeats itself.
    fill : float
        What stands in place of the zeros.
    dtype, result_dtype : str
        Of x and y: float32, float64 or an integer. The weights are float64.
    sums : {"products", "pairs", "mean"}
        ``products`` leaves out weights of at most 2**-52. ``pairs`` is for one axis, and leaves
        nothing out: where the weights are symmetric (or antisymmetric) to within 2**-52, the sum
        begins with the tap in the middle and goes on from the outermost pair of samples to the
        innermost, which are added (subtracted) before they are multiplied; else it begins with
        the last tap. ``mean`` has no weights: the mean of the samples, along one axis, whose sum
        may be rounded in any order.

    Raises
    ------
    ArgumentError
        If the numbers do not describe a filter.
    """

    input_shape: Shape
    kernel_shape: Shape
    padding: Pairs
    padding_modes: tuple[str, ...]
    fill: float = 0.0
    dtype: str = "float64"
    result_dtype: str = "float64"
    sums: str = "products"

    def __post_init__(self) -> None:
        axes = self.axes
        if axes < 1 or min(self.input_shape) < 0:
            raise ArgumentError("x", self.input_shape, "at least one axis")
        if len(self.kernel_shape) != axes or min(self.kernel_shape) < 1:
            raise ArgumentError("weights", self.kernel_shape, f"{axes} axes without zeros")
        reaches = tuple(lo + hi + 1 for lo, hi in self.padding)
        if reaches != self.kernel_shape or min(map(min, self.padding)) < 0:
            raise ArgumentError("padding", self.padding, "all taps but one, on each axis")
        known = ("zeros", *PADDING_MODES)
        if len(self.padding_modes) != axes or not set(self.padding_modes) <= set(known):
            expected = f"for each of {axes} axes one of {', '.join(known)}"
            raise ArgumentError("padding_modes", self.padding_modes, expected)
        for name in ("dtype", "result_dtype"):
            if getattr(self, name) not in FILTERED:
                raise ArgumentError(name, getattr(self, name), "one of " + ", ".join(FILTERED))
        if self.sums not in SUMS:
            raise ArgumentError("sums", self.sums, "one of " + ", ".join(SUMS))
        if self.sums != "products" and sum(k > 1 for k in self.kernel_shape) > 1:
            raise ArgumentError("sums", self.sums, "'products' for more than one filtered axis")

    @property
    def axes(self) -> int:
        """Number of axes, filtered or not."""
        return len(self.input_shape)

    @property
    def result_shape(self) -> Shape:
        return self.input_shape

    @property
    def operand_shapes(self) -> tuple[Shape, ...]:
        if self.sums == "mean":
            return (self.input_shape,)
        return (self.input_shape, self.kernel_shape)

    @property
    def operand_dtypes(self) -> tuple[str, ...]:
        return (self.dtype, "float64")[: len(self.operand_shapes)]

    @property
    def sums_dtype(self) -> str:
        """In which sums are kept, whatever the dtype of x."""
        return "float64"

    @property
    def features(self) -> frozenset[str]:
        """What whoever solves the problem must know of: see `protocol.SINCE`."""
        return features(self)

    @property
    def epilogue(self) -> Epilogue:
        """Nothing is applied as the result is stored."""
        return Epilogue()

    @property
    def terms(self) -> int:
        """K: the samples that meet in one output."""
        return prod(self.kernel_shape)

    @property
    def linear_in(self) -> tuple[int, ...]:
        """Linear in x, up to rounding, where nothing is cut off and nothing comes from outside."""
        filled = self.fill != 0 and "zeros" in self.padding_modes
        return () if filled or dtypes.kind(self.result_dtype) == "integer" else (0,)

    @property
    def macs(self) -> int:
        """Multiply-adds, padding included."""
        return prod(self.input_shape) * self.terms

    @property
    def min_bytes(self) -> int:
        """Least memory traffic: x and the weights read once, y written once."""
        return least_bytes(self)

    def bound(self, naive: Any, *operands: NDArray[Any]) -> NDArray[Any]:
        """Return the largest error that each output may have.

        Where the order of the sum is part of the definition, none. A mean may be off as any sum
        of K terms (N. Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1),
        and by as much as its rounding to the result's dtype changes by that; of integers, sums
        are exact.
        """
        from dataclasses import replace

        from ..bound import FACTOR

        exact = self.sums != "mean" or dtypes.kind(self.result_dtype) == "integer"
        if exact:
            return np.zeros(self.result_shape)
        sizes = replace(self, dtype="float64", result_dtype="float64", fill=abs(self.fill))
        size = naive(sizes, np.abs(operands[0].astype("float64")))
        last = float(np.finfo(self.result_dtype).eps)
        wide = FACTOR * (self.terms + 2) * NEGLIGIBLE
        return np.asarray((wide + last) * size + float(np.finfo(self.result_dtype).tiny))
