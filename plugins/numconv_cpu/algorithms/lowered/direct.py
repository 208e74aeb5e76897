"""`direct`: any forward convolution, by tables of offsets into padded planes."""

from __future__ import annotations

from numconv.plugin import ConvolutionProblem, Plan

from ...kernel.cost import estimate
from ...kernel.dtypes import plan_supported


class Direct:
    """Forward convolution of every rank, stride, dilation, group and padding mode."""

    name = "direct"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.direction != "forward":
            return f"computes the forward direction, not {problem.direction}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate(problem, packed=True)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from ...kernel.lowering import lower
    from .plan import LoweredPlan

    return LoweredPlan(problem, lower(problem))
