"""The algorithm `fft`: which problems it takes, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

from ...kernel.cost import estimate_by_definition
from ...kernel.dtypes import plan_supported
from ..fourier import problems
from .geometry import blocks_of, geometry_of, relative_cost


class Fft:
    """Convolutions of signals and pictures with large kernels, forward and backward.

    Notes
    -----
    The error of a result is at most ``c * (K + 2) * eps * max|w| * sum|x|``, with the largest
    weight of the result's filter and the sum over the result's window: as for `direct`, but
    with every weight replaced by the largest. ``accuracy="strict"`` forbids that.

    A Fourier transform spreads the rounding errors of a block's largest samples over all of its
    results. Results whose windows have too little beside those are therefore recomputed one by one,
    as direct sums; so are all that share a block with a sample that is not finite. If a
    weight is not, or a filter is little more than a single tap, `direct` or `transposed`
    computes everything.
    """

    name = "fft"
    last_resort = False
    transforms = True

    def variants(self) -> Iterator[tuple[Fft, dict[str, ConvolutionProblem]]]:
        from .cases import PROBLEMS

        yield self, PROBLEMS

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if dtype_kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.axes > 2:
            return f"takes one or two spatial axes, not {problem.axes}"
        if common := problems.refusal(problem):
            return common
        if blocks_of(geometry_of(problem), max(np.dtype(problem.dtype).itemsize, 4)) is None:
            return "finds no blocks whose spectra take little enough memory"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate_by_definition(problem) * relative_cost(problem)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from .plan import FftPlan

    return FftPlan(problem)
