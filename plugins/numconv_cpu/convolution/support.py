"""Which dtypes the lowered algorithms take, and how they get there."""

from __future__ import annotations

from collections.abc import Callable

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan


def refuse_dtype(problem: ConvolutionProblem) -> str | None:
    """Return why the dtype is not computed here, or None if it is."""
    if dtypes.kind(problem.dtype) == "complex":
        return f"computes real numbers, not {problem.dtype}"
    return None


def plan_supported(problem: ConvolutionProblem, plan: Callable[[ConvolutionProblem], Plan]) -> Plan:
    """Return `plan(problem)`, or for a narrow dtype that of the wide one with conversions."""
    from ..convert import plan_in_accumulator

    return plan_in_accumulator(problem, plan)
