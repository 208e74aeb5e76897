"""The third stage: a computation and its gradient are adjoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...core import dtypes
from ...core.bound import bound
from ...core.problems import ConvolutionProblem, Epilogue
from ...core.protocol import Algorithm
from ..catalogue import naive_reference
from ..checks import hold, solve
from ..operands import random_operands
from .law import Law, is_convolution


def adjoint(problem: ConvolutionProblem, algorithm: Algorithm) -> float:
    """``<A x, y> = <x, A' y>``, A' being the naive reference of the other direction."""
    problem = replace(problem, epilogue=Epilogue())
    forward = problem.direction == "forward"
    twin: Any = replace(problem, direction="input_gradient" if forward else "forward")
    naive = naive_reference(problem)
    x, weight = random_operands(problem, 4)
    y = random_operands(twin, 5)[0]
    ax, aty = solve(problem, algorithm, [x, weight]), naive(twin, y, weight)
    wide = dtypes.widest(problem.dtype)
    left, right = (ax.astype(wide) * y.astype(wide)).sum(), (x.astype(wide) * aty).sum()
    if dtypes.kind(problem.dtype) == "integer":
        hold(left == right, f"<Ax, y> = {left}, <x, A'y> = {right}")
        return 0.0
    allowed = (bound(problem, naive, x, weight) * abs(y)).sum()
    allowed += (bound(twin, naive, y, weight) * abs(x)).sum()
    off = abs(left - right)
    hold(off <= allowed, f"<Ax, y> = {left}, <x, A'y> = {right}, allowed {allowed:.3g}")
    return float(off / allowed)


LAWS = (Law("adjoint", "gradients", adjoint, is_convolution),)
