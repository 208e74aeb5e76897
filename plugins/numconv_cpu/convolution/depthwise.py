"""`depthwise`: channels that see one channel each, strip by strip through the caches."""

from __future__ import annotations

from numconv.core.dtypes import kind
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from .estimate import estimate
from .support import plan_supported


class Depthwise:
    """Forward convolution with one input channel in each group; so also of a grey picture."""

    name = "depthwise"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.direction != "forward":
            return f"computes the forward direction, not {problem.direction}"
        if problem.in_channels != problem.groups:
            per_group = problem.in_channels // problem.groups
            return f"takes one input channel in each group, not {per_group}"
        if kind(problem.dtype) == "complex":
            return f"computes real numbers, not {problem.dtype}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate(problem, packed=False, rows=1)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from .strips import StripPlan

    return StripPlan(problem)
