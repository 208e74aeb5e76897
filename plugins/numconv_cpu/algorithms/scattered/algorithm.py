"""The algorithm `scattered`: which problems it takes, and at what cost."""

from __future__ import annotations

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

from ...kernel.cost import estimate
from ...kernel.dtypes import plan_supported, refuse_parts
from .blocking import relative_cost


class Scattered:
    """Input gradients of every rank, stride, dilation and group: products, then their sums."""

    name = "scattered"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.direction != "input_gradient":
            return f"computes the input gradient, not the {problem.direction} direction"
        if problem.padding_mode != "zeros" and any(map(any, problem.padding)):
            return f"takes no padding mode {problem.padding_mode}"
        if dtype_kind(problem.dtype) == "complex":
            return f"computes real numbers, not {problem.dtype}"
        return refuse_parts(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        # A multiple of the cost of `transposed` that depends on one image alone: which of the
        # two is chosen must not depend on threads or batch, or the bits would.
        return estimate(problem, packed=True) * relative_cost(problem)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from .plan import ScatterPlan

    return ScatterPlan(problem)
