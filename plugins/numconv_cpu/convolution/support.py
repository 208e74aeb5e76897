"""How dtypes without kernels of their own get to those that have some."""

from __future__ import annotations

from collections.abc import Callable

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan


def plan_supported(problem: ConvolutionProblem, plan: Callable[[ConvolutionProblem], Plan]) -> Plan:
    """Return `plan(problem)`, or a plan around that of a float32, float64 or int64 problem."""
    from ..convert import plan_in_accumulator

    if dtypes.kind(problem.dtype) == "complex":
        from .complexes import ComplexPlan

        return ComplexPlan(problem, plan)
    return plan_in_accumulator(problem, plan)
