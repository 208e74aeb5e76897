"""`transposed`: the input gradient, gathered, so no zeros are inserted and nothing is scattered."""

from __future__ import annotations

from numconv.plugin import ConvolutionProblem, Plan

from ...kernel.cost import estimate
from ...kernel.dtypes import plan_supported, refuse_parts


class Transposed:
    """Input gradient of every rank, stride, dilation, group and padding mode."""

    name = "transposed"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.direction != "input_gradient":
            return f"computes the input gradient, not the {problem.direction} direction"
        return refuse_parts(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate(problem, packed=True)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from .gather import gradient_plan

    return gradient_plan(problem)
