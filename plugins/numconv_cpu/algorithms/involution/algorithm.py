"""`involution`: a kernel of its own for every position, in one pass over x and the kernels."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numconv.plugin import InvolutionProblem, Plan, accumulator, dtype_kind, get_num_threads

# Of one core of a 2021 server.
FLOAT32_MACS = 20e9
BYTES = 6e9
CALL = 5e-6


class Involution:
    """Involutions of every rank, stride, dilation, group and padding mode, of real numbers."""

    name = "involution"
    last_resort = False

    def refusal(self, problem: Any) -> str | None:
        if not isinstance(problem, InvolutionProblem):
            return f"solves involutions, not {type(problem).__name__}"
        if dtype_kind(problem.dtype) == "complex":
            return f"computes real numbers, not {problem.dtype}"
        return None

    def cost(self, problem: InvolutionProblem) -> float:
        wide = np.dtype(accumulator(problem.dtype)).itemsize
        moved = problem.min_bytes + 2 * wide * prod(problem.operand_shapes[0])
        threads = min(get_num_threads(), 1 + problem.macs // 60_000)
        return CALL + (problem.macs * wide / 4 / FLOAT32_MACS + moved / BYTES) / threads

    def plan(self, problem: InvolutionProblem) -> Plan:
        from ...kernel.conversion import plan_in_accumulator
        from .plan import InvolutionPlan

        return plan_in_accumulator(problem, InvolutionPlan)
