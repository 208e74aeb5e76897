"""How dtypes without kernels of their own get to those that have some."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

MOST_PARTS = 1024
"""Remainders of the strides that results of an input gradient may have.

Each is planned by itself, which takes 50 µs; of so many, most have no tap that reaches them.
"""


def refuse_parts(problem: ConvolutionProblem) -> str | None:
    """Return why an input gradient is refused whose results have too many remainders, or None."""
    parts = prod(map(min, problem.stride, problem.input_shape))
    if parts > MOST_PARTS:
        return f"takes strides with at most {MOST_PARTS} remainders of results, not {parts}"
    return None


def plan_supported(problem: ConvolutionProblem, plan: Callable[[ConvolutionProblem], Plan]) -> Plan:
    """Return `plan(problem)`, or a plan around that of a float32, float64 or int64 problem."""
    from .conversion import plan_in_accumulator

    if dtype_kind(problem.dtype) == "complex":
        from .complexes import ComplexPlan

        return ComplexPlan(problem, plan)
    return plan_in_accumulator(problem, plan)
