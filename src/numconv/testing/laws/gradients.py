"""The third stage: a computation and its gradient are adjoint."""

from __future__ import annotations

from typing import Any

from ...core import dtypes
from ...core.bound import bound
from ...core.optional import linear_in
from ...core.protocol import Algorithm
from ..catalogue import naive_reference
from ..checks import NotApplicable, hold, solve
from ..operands import random_operands
from .law import Law, bare, is_transposable


def adjoint(problem: Any, algorithm: Algorithm) -> float:
    """``<A x, y> = <x, A' y>``, A' being the naive reference of the adjoint problem."""
    problem = bare(problem)
    twins = {which: problem.adjoint(which) for which in linear_in(problem)}
    known = [_adjoint_in(which, problem, twin, algorithm) for which, twin in twins.items() if twin]
    if not known:
        raise NotApplicable("an adjoint: no problem describes it")
    return max(known)


def _adjoint_in(which: int, problem: Any, twin: Any, algorithm: Algorithm) -> float:
    naive, naive_twin = naive_reference(problem), naive_reference(twin)
    operands = random_operands(problem, 4)
    given = list(operands)
    x, y = operands[which], random_operands(twin, 5)[which]
    given[which] = y
    ax, aty = solve(problem, algorithm, operands), naive_twin(twin, *given)
    wide = dtypes.widest(problem.dtype)
    left, right = (ax.astype(wide) * y.astype(wide)).sum(), (x.astype(wide) * aty).sum()
    sides = f"in operand {which} <Ax, y> = {left}, <x, A'y> = {right}"
    if dtypes.kind(problem.dtype) == "integer":
        hold(left == right, sides)
        return 0.0
    allowed = (bound(problem, naive, *operands) * abs(y)).sum()
    allowed += (bound(twin, naive_twin, *given) * abs(x)).sum()
    off = abs(left - right)
    hold(off <= allowed, f"{sides}, allowed {allowed:.3g}")
    return float(off / allowed)


LAWS = (Law("adjoint", "gradients", adjoint, is_transposable),)
