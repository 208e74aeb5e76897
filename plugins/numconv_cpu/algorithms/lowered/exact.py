"""For algorithms that hand over to `direct` or `transposed` what they are not fit for."""

from __future__ import annotations

from numconv.plugin import ConvolutionProblem, Plan, get_num_threads, remembering

from .direct import Direct
from .transposed import Transposed


def plan_exact(problem: ConvolutionProblem) -> Plan:
    """Return a plan of `direct` or `transposed`, whichever takes the problem."""
    return _plan(problem, get_num_threads())


# Those who hand over a problem do so again with the next call, but often never with the first.
@remembering(16)
def _plan(problem: ConvolutionProblem, threads: int) -> Plan:
    algorithm = Direct() if problem.direction == "forward" else Transposed()
    return algorithm.plan(problem)
