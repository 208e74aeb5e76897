"""The algorithm `depthwise`: what it takes, and what that costs."""

from __future__ import annotations

from numconv.core.dtypes import kind
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from ..estimate import estimate
from ..support import plan_supported

FEW_ROWS = 4


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
        if kind(problem.dtype) == "complex":
            return f"computes real numbers, not {problem.dtype}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        cost = estimate(problem, packed=False, rows=1)
        height = problem.input_shape[-2] if problem.axes > 1 else 1
        if problem.direction != "forward" and height < FEW_ROWS:
            # Forward, a row is cut into pieces; here a tile of rows would be mostly empty.
            return 4 * cost
        return cost

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    if problem.direction != "forward":
        from .phase_plan import PhasePlan

        return PhasePlan(problem)
    from .plan import SlabPlan

    return SlabPlan(problem)
