"""The fourth stage, of several threads: a plan is shared among those who call it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter
from typing import Any

import numpy as np

from ...core.protocol import Algorithm, Array
from ..checks import hold, same_bits
from ..interleaving import interleaved
from ..operands import fill_value, random_operands
from .law import Law, has_outputs

CALLERS = 4
MOST_ROUNDS = 32
SECONDS = 0.01
"""After which no further round is begun; there are two at least."""

_PATIENCE = 60.0


def at_once(problem: Any, algorithm: Algorithm) -> float:
    """One plan gives each of four threads that call it at once the bits of a call alone."""
    plan = algorithm.plan(problem)
    given = [random_operands(problem, 20 + caller) for caller in range(CALLERS)]
    alone = [_solved(plan, problem, operands) for operands in given]
    wrong = made = 0
    # Kernels run at the same time, but Python's lines in turns: those are taken one by one.
    for one, other in interleaved(
        lambda: _solved(plan, problem, given[0]), lambda: _solved(plan, problem, given[1])
    ):
        wrong += not (same_bits(one, alone[0]) and same_bits(other, alone[1]))
        made += 1
    hold(not wrong, f"{wrong} of {made} calls are wrong if another one is made meanwhile")
    wrong, made = _in_threads(plan, problem, given, alone)
    hold(not wrong, f"{wrong} of {made} results differ from those of calls one after the other")
    return 0.0


def _in_threads(
    plan: Any, problem: Any, given: list[list[Array]], alone: list[Array]
) -> tuple[int, int]:
    """Return how many results are wrong, and how many there are, of threads that call at once."""
    together, deadline = Barrier(CALLERS, timeout=_PATIENCE), perf_counter() + SECONDS

    def call(caller: int) -> list[bool]:
        wrong: list[bool] = []
        try:
            together.wait()
            while len(wrong) < 2 or (len(wrong) < MOST_ROUNDS and perf_counter() < deadline):
                got = _solved(plan, problem, given[caller])
                wrong.append(not same_bits(got, alone[caller]))
        except BaseException:
            together.abort()
            raise
        return wrong

    with ThreadPoolExecutor(CALLERS) as pool:
        found = [each for wrong in pool.map(call, range(CALLERS)) for each in wrong]
    return sum(found), len(found)


def _solved(plan: Any, problem: Any, operands: list[Array]) -> Array:
    out = np.full(problem.result_shape, fill_value(problem.result_dtype), problem.result_dtype)
    plan(*operands, out=out)
    return out


LAWS = (Law("at_once", "invariances", at_once, has_outputs, cases=12),)
