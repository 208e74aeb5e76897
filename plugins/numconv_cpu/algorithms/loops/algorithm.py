"""`loops`: the algorithm that solves whatever no other algorithm of the backend does."""

from __future__ import annotations

from math import prod
from typing import Any

from numconv.plugin import ConvolutionProblem, InvolutionProblem, Plan, dtype_kind, get_num_threads

SECONDS_PER_MAC = 1.5e-9
SECONDS_PER_CALL = 5e-6


class Loops:
    """Every problem, every dtype, by the definition; threads over the rows of the result."""

    name = "loops"
    last_resort = True

    def refusal(self, problem: Any) -> str | None:
        if isinstance(problem, (ConvolutionProblem, InvolutionProblem)):
            return None
        return f"loops solves convolutions and involutions, not {type(problem).__name__}"

    def cost(self, problem: Any) -> float:
        slowdown = 3 if dtype_kind(problem.dtype) == "complex" else 1
        threads = max(1, min(get_num_threads(), prod(problem.result_shape[:-1])))
        return SECONDS_PER_CALL + int(problem.macs) * SECONDS_PER_MAC * slowdown / threads

    def plan(self, problem: Any) -> Plan:
        from ...kernel.conversion import plan_in_accumulator

        return plan_in_accumulator(problem, _plan)


def _plan(problem: Any) -> Plan:
    from .plan import LoopsPlan

    return LoopsPlan(problem)
