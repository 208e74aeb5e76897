"""What calls and plans take: as much as is said, and of many no more than of a few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from time import perf_counter
from typing import Any

import numpy as np

from ...core.memory import release_memory
from ...core.protocol import Algorithm, Array
from ..checks import hold
from ..measuring import collected_alone, held_bytes, resident_peak_of, traced_of
from ..operands import random_operands
from .law import Law, always, has_batch, has_outputs

# Objects of Python that any call makes (those of a pool of Python's threads are 6 KB for each), and
# what blocks of a pool of memory are larger than is asked for.
OBJECTS, ROUNDING = 32 * 1024, 1 / 8

RESIDENT = 8 * 2**20
"""How far the system's own count may be off: huge pages, and what each processor counts apart."""

TIMES, ROUNDS = 500, 5
LEAST_TIMES = 50
SECONDS = 0.1
GROWTH = 512
"""Bytes a call; one object is as much, and kilobytes are more."""


def workspace(problem: Any, algorithm: Algorithm) -> float:
    """A call takes no more memory than its plan says, and a plan keeps little."""
    other = _other_batch(problem, algorithm)
    operands = random_operands(other, 16)
    out = np.empty(other.result_shape, other.result_dtype)
    algorithm.plan(other)(*operands, out=out)  # the first call compiles
    # What was kept of it would not be counted.
    release_memory()
    made: list[Any] = []
    _, kept = traced_of(lambda: made.append(algorithm.plan(other)))
    plan = made[0]
    said = (1 + ROUNDING) * plan.workspace_bytes + OBJECTS
    tables = sum(each.nbytes for each in (*operands, out))
    hold(
        kept <= said + tables,
        f"a plan keeps {kept} bytes from call to call, more than its operands and its result "
        f"({tables}) and workspace_bytes ({plan.workspace_bytes}) together",
    )
    for name in ("a plan's first call", "a call"):
        taken, _ = traced_of(lambda: plan(*operands, out=out))
        hold(taken <= said, f"{name} takes {taken} bytes, its plan says {plan.workspace_bytes}")
        release_memory()
    taken = resident_peak_of(lambda: plan(*operands, out=out))
    hold(
        taken <= said + RESIDENT,
        f"a call takes {taken} bytes of the system's, its plan says {plan.workspace_bytes}",
    )
    return 0.0


def _other_batch(problem: Any, algorithm: Algorithm) -> Any:
    """Return the problem with a batch that no other law has, for which nothing is kept yet."""
    if not has_batch(problem):
        return problem
    other = replace(problem, batch=problem.batch + 4)
    return problem if algorithm.refusal(other) is not None else other


def growth(problem: Any, algorithm: Algorithm) -> float:
    """A thousand calls, and a thousand plans, leave no more memory taken than a few."""
    operands, plan = random_operands(problem, 19), algorithm.plan(problem)
    out = np.empty(problem.result_shape, problem.result_dtype)
    numbers = count()

    def call() -> None:
        plan(*_changed(operands, next(numbers)), out=out)

    def make() -> None:
        algorithm.plan(problem)(*operands, out=out)

    for name, once in (("call", call), ("plan", make)):
        with collected_alone():
            times, grown = _grown_by(once)
        hold(
            not _leaks(times, grown),
            f"{times} times a {name} leave {grown} bytes taken, after as many before",
        )
    return 0.0


def _changed(operands: list[Array], number: int) -> list[Array]:
    """Return new arrays of other values, so that what is kept of each is something new."""
    changed = [operand.copy() for operand in operands]
    for each in changed:
        if each.size:
            each.flat[number % each.size] = number % 100
    return changed


def _grown_by(once: Callable[[], None]) -> tuple[int, int]:
    """Return how often something was done, and by how much what is held grew meanwhile.

    Before that it is done as often, so that what is kept up to a limit has come to it. Where it
    has not, it will be done again: a leak goes on.
    """
    deadline, times = perf_counter() + SECONDS, 0
    while times < TIMES and (times < LEAST_TIMES or perf_counter() < deadline):
        once()
        times += 1
    grown = 0
    for _ in range(ROUNDS):
        before = held_bytes()
        for _ in range(times):
            once()
        grown = held_bytes() - before
        if not _leaks(times, grown):
            break
    return times, grown


def _leaks(times: int, grown: int) -> bool:
    return grown > GROWTH * times + OBJECTS


LAWS = (
    Law("workspace", "memory", workspace, always),
    Law("memory", "memory", growth, has_outputs, cases=3),
)
