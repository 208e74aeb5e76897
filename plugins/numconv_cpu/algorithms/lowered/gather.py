"""The plan of `transposed`: an input gradient as a lowered convolution, and what that leaves."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem, Epilogue
from numconv.core.protocol import Array

from ...kernel.lowering import lower
from ..loops.algorithm import Loops
from .fold import Fold
from .plan import LoweredPlan


class GatherPlan:
    """A planned input gradient.

    At the borders some taps have no sample to read. Here they read a zero, which is the same
    unless the weight is infinite or NaN; then plain loops do the work.

    With a padding mode other than zeros, the gradient of the padded array is computed first, and
    then folded: each sample is the sum of the padded positions that were copies of it.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._problem = problem
        self._folded: Any = None
        padded = problem
        if problem.padding_mode != "zeros" and any(map(any, problem.padding)):
            sides = zip(problem.input_shape, problem.padding, strict=True)
            padded = replace(
                problem,
                input_shape=tuple(lo + size + hi for size, (lo, hi) in sides),
                padding=((0, 0),) * problem.axes,
                padding_mode="zeros",
                epilogue=Epilogue(),
            )
            self._folded = Fold(problem)
        elif problem.padding_mode != "zeros":
            padded = replace(problem, padding_mode="zeros")
        self._padded_shape = padded.result_shape
        self._plan = LoweredPlan(padded, lower(padded))

    @property
    def workspace_bytes(self) -> int:
        elements = prod(self._padded_shape) if self._folded else 0
        return self._plan.workspace_bytes + elements * np.dtype(self._problem.dtype).itemsize

    def __call__(self, y: Array, weight: Any, *rest: Array, out: Array) -> None:
        if self._folded:
            padded: NDArray[Any] = np.empty(self._padded_shape, self._problem.dtype)
            finite = self._plan.solve(y, weight, out=padded)
            if finite:
                self._folded(padded, *rest, out=out)
        else:
            finite = self._plan.solve(y, weight, *rest, out=out)
        if not finite:
            Loops().plan(self._problem)(y, weight, *rest, out=out)

    def prepare(self, weight: Array) -> Any:
        """Return the weight packed; one that is not finite stays as it is."""
        packed = self._plan.prepare(weight)
        return packed if packed.finite else weight.copy()

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        folded = f", folded from {self._padded_shape[2:]}" if self._folded else ""
        return self._plan.describe() + folded
