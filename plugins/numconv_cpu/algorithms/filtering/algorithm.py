"""`bands`: filters of every rank, size and mode, summed in float64 as their definition says."""

from __future__ import annotations

from math import prod
from typing import Any

from numconv.plugin import FilterProblem, Plan, get_num_threads

# Of one core of a 2021 server.
MACS = 4e9
BYTES = 3e9
CALL = 5e-6


class Bands:
    """Every filter: in bands of lines that are converted to float64 in cache."""

    name = "bands"
    last_resort = False

    def refusal(self, problem: Any) -> str | None:
        if isinstance(problem, FilterProblem):
            return None
        return f"solves filters, not {type(problem).__name__}"

    def cost(self, problem: FilterProblem) -> float:
        threads = min(get_num_threads(), 1 + problem.macs // 60_000)
        moved = 8 * prod(problem.result_shape) + problem.min_bytes
        return CALL + (problem.macs / MACS + moved / BYTES) / threads

    def plan(self, problem: FilterProblem) -> Plan:
        from .plan import FilterPlan

        return FilterPlan(problem)
