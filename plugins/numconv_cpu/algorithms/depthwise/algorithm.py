"""The algorithm `depthwise`: what it takes, and what that costs."""

from __future__ import annotations

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

from ...kernel.cost import estimate_depthwise
from ...kernel.dtypes import plan_supported, refuse_parts


class Depthwise:
    """Convolution with one given channel in each group, both ways; so also of a grey picture."""

    name = "depthwise"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        given = problem.in_channels if problem.direction == "forward" else problem.out_channels
        if given != problem.groups:
            return f"takes one given channel in each group, not {given // problem.groups}"
        padded = problem.padding_mode != "zeros" and any(map(any, problem.padding))
        if problem.direction != "forward" and padded:
            return f"takes no padding mode {problem.padding_mode} in the input gradient"
        if dtype_kind(problem.dtype) == "complex":
            return f"computes real numbers, not {problem.dtype}"
        return None if problem.direction == "forward" else refuse_parts(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate_depthwise(problem)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from .plan import PhasePlan, SlabPlan

    return SlabPlan(problem) if problem.direction == "forward" else PhasePlan(problem)
