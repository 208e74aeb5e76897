"""The plans of `transposed`: an input gradient as a lowered convolution, and what that leaves."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import Array, ConvolutionProblem, Epilogue, Plan

from ...kernel.lowering import lower
from ..loops.algorithm import Loops
from .fold import Fold
from .plan import LoweredPlan


def gradient_plan(problem: ConvolutionProblem) -> Plan:
    """Return the plan of an input gradient."""
    if problem.padding_mode == "zeros":
        return GatherPlan(problem)
    if not any(map(any, problem.padding)):
        return GatherPlan(replace(problem, padding_mode="zeros"))
    return FoldedPlan(problem)


class GatherPlan(LoweredPlan):
    """An input gradient whose padding is of zeros.

    At the borders some taps have no sample to read. Here they read a zero, which is the same
    unless the weight is infinite or NaN; then plain loops do the work.
    """

    exact = staticmethod(Loops().plan)

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, lower(problem))


class FoldedPlan:
    """An input gradient with a padding mode other than zeros.

    The gradient of the padded array is computed first, and then folded: each sample is the sum of
    the padded positions that were copies of it.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        sides = zip(problem.input_shape, problem.padding, strict=True)
        padded = replace(
            problem,
            input_shape=tuple(lo + size + hi for size, (lo, hi) in sides),
            padding=((0, 0),) * problem.axes,
            padding_mode="zeros",
            epilogue=Epilogue(),
        )
        self._dtype, self._padded_shape = problem.dtype, padded.result_shape
        self._plan, self._fold = GatherPlan(padded), Fold(problem)
        nbytes = prod(self._padded_shape) * np.dtype(problem.dtype).itemsize
        self.workspace_bytes = self._plan.workspace_bytes + nbytes

    def __call__(self, y: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Solve the problem for y, weight, bias and residual."""
        padded: NDArray[Any] = np.empty(self._padded_shape, self._dtype)
        self._plan(y, weight, out=padded)
        self._fold(padded, padded, *rest, out=out)

    def prepare(self, weight: Array) -> Any:
        """Return what a call takes in place of the weight, and reads faster."""
        return self._plan.prepare(weight)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        return f"{self._plan.describe()}, folded from {self._padded_shape[2:]}"
