"""Choice by measurement: each candidate is timed once, and the fastest is remembered on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import plugins
from .choice import Accepted, Choice, choose, competitors
from .machine import processor, versions
from .optional import Moving, Placed, Tunable, memory_name
from .places import HOST, keeper
from .protocol import Array, Memory, Plan, Problem
from .store import Store
from .threads import get_num_threads, num_threads_held

BUDGET_SECONDS = 10.0
_LEAST_TURNS, _MOST_TURNS = 7, 40
_LEAST_SECONDS = 0.1
# One interruption by another process takes tens of milliseconds, many times what a call does: so
# a single time says that an algorithm is hopeless only where it is longer than that.
_HOPELESS = 4.0
_INTERRUPTION_SECONDS = 0.1
# Of a device, so many calls are timed together as take so long.
_BATCH_SECONDS, _MOST_CALLS = 2e-3, 100
# What is remembered of a problem takes hundreds of bytes.
_MOST_BYTES = 2**20
# What a file raises that holds something else.
_NONSENSE = (ValueError, LookupError, TypeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Tuning:
    """What tuning chose for a problem.

    Attributes
    ----------
    choice : Choice
    estimated : str
        Who would be chosen without tuning, as ``BACKEND/ALGORITHM``.
    seconds : dict of str to float
        The least time of a call of each candidate that was measured, now or before, by
        ``BACKEND/ALGORITHM``; empty where there was nothing to choose.
    unmeasured : tuple of str
        Those for which the budget did not suffice.
    remembered : bool
        Whether nothing was measured now.
    """

    choice: Choice
    estimated: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    unmeasured: tuple[str, ...] = ()
    remembered: bool = False


def tuned(
    problem: Problem,
    backend: str = "auto",
    algorithm: str = "auto",
    budget: float | None = None,
    memory: Memory = HOST,
) -> Choice:
    """Return the fastest algorithm for `problem`, measured here or remembered.

    The candidates are the algorithms of the backend; with ``auto``, those of all that are ready
    on the device, but for backends that are there for comparison (of a negative priority). They
    are timed on random operands, by priority and in the order of their estimated cost: where the
    budget suffices for one alone, that is the one which would be chosen without tuning.

    Parameters
    ----------
    problem : Problem
    backend, algorithm : str
        As for `numconv.core.choice.choose`.
    budget : float, optional
        Seconds after which no further candidate is timed, by default `BUDGET_SECONDS`.
    memory : Memory
        Where the operands of calls will lie; one with the members of `protocol.Tunable`, if that
        is not the processor's.

    Raises
    ------
    ArgumentError, BackendError, RefusedError
        As `numconv.core.choice.choose`.
    """
    if algorithm != "auto":
        return choose(problem, backend, algorithm, memory.device)
    return tune(problem, backend, budget, complete=False, memory=memory).choice


@num_threads_held
def tune(
    problem: Problem,
    backend: str = "auto",
    budget: float | None = None,
    *,
    complete: bool = True,
    memory: Memory = HOST,
) -> Tuning:
    """Do as `tuned`, and say all about it.

    Parameters
    ----------
    complete : bool
        Whether candidates are measured again if an earlier budget did not suffice for all of
        them.
    memory : Memory
        As for `tuned`; by default that of the device of the backend which is chosen.
    """
    first = choose(problem, backend, device=memory.device)
    if memory.device != memory_name(first.backend):
        memory = _memory(first.backend)
    accepted = competitors(problem, backend, memory.device)
    if len(accepted) < 2:
        return Tuning(first, first.name)
    names = [candidate.name for candidate in accepted]
    store, key = _store(), _key(problem, accepted, memory)
    best, seconds = _read(store, key, names)
    remembered = best in names and (not complete or set(names) <= set(seconds))
    if not remembered:
        seconds = _measure(problem, accepted, memory, BUDGET_SECONDS if budget is None else budget)
        best = min(seconds, key=seconds.__getitem__)
        if len(seconds) > 1 or not complete:
            entry = {"algorithm": best, "seconds": seconds, "problem": str(problem)}
            store.keep(key, json.dumps(entry).encode())
    how = "when measured before" if remembered else f"of {len(seconds)} measured"
    winner = accepted[names.index(best)]
    chosen = Choice(winner.backend, winner.algorithm, f"the fastest {how}")
    unmeasured = tuple(name for name in names if name not in seconds)
    return Tuning(chosen, first.name, seconds, unmeasured, remembered)


def _memory(backend: Any) -> Memory:
    """Return the memory in which a backend likes its operands best."""
    there = keeper(backend)
    if not isinstance(there, Moving) or not isinstance(there, Placed):
        return HOST
    return there.memory(there.put(np.zeros(1, np.float32)))


def _measure(
    problem: Problem, candidates: Sequence[Accepted], memory: Memory, budget: float
) -> dict[str, float]:
    """Return the least time of each candidate.

    They take turns, so that what else the machine does disturbs all of them alike.
    """
    bench = _Bench(problem, memory)
    plans: dict[str, Plan] = {}
    seconds: dict[str, float] = {}
    deadline = time.perf_counter() + budget
    for candidate in candidates:
        if seconds and time.perf_counter() > deadline:
            break
        plan = plans[candidate.name] = candidate.algorithm.plan(problem)
        bench.time(plan)
        seconds[candidate.name] = bench.time(plan)
    spent = 0.0
    for turn in range(_MOST_TURNS):
        enough = turn >= _LEAST_TURNS and spent >= _LEAST_SECONDS
        if enough or time.perf_counter() > deadline:
            break
        for name in _contenders(seconds, turn < _LEAST_TURNS):
            calls = bench.calls(seconds[name])
            taken = bench.time(plans[name], calls)
            seconds[name] = min(seconds[name], taken)
            spent += taken * calls
    return seconds


class _Bench:
    """Random operands and room for a result, where a problem is solved."""

    def __init__(self, problem: Problem, memory: Any) -> None:
        operands = _random_operands(problem)
        host = memory is HOST
        self._operands = operands if host else [memory.put(each) for each in operands]
        self._out = memory.new_output(problem.result_shape, np.dtype(problem.result_dtype))()
        self._finish = None if host else memory.finish

    def calls(self, seconds: float) -> int:
        """Return how many calls to time at once, one of which takes so long.

        A device is waited for at their end alone: it is no slower for a call than for many.
        """
        if self._finish is None:
            return 1
        return max(1, min(_MOST_CALLS, int(_BATCH_SECONDS / max(seconds, 1e-9))))

    def time(self, plan: Plan, calls: int = 1) -> float:
        """Return the seconds of a call."""
        start = time.perf_counter()
        for _ in range(calls):
            plan(*self._operands, out=self._out)
        if self._finish is not None:
            self._finish()
        return (time.perf_counter() - start) / calls


def _contenders(seconds: Mapping[str, float], early: bool) -> list[str]:
    """Return those that could still turn out to be the fastest."""
    limit = _HOPELESS * min(seconds.values())
    limit = max(limit, _INTERRUPTION_SECONDS) if early else limit
    return [name for name, taken in seconds.items() if taken <= limit]


def _random_operands(problem: Problem) -> list[Array]:
    generator = np.random.default_rng(0)
    made = [
        generator.integers(0, 5, shape).astype(problem.dtype) for shape in problem.operand_shapes
    ]
    for shape in problem.epilogue.shapes(problem.result_shape):
        made.append(generator.integers(0, 5, shape).astype(problem.result_dtype))
    return made


def folder() -> Path | None:
    """Return where choices are remembered, None if nothing can be kept; it may not exist yet."""
    return _store().place()


def _store() -> Store:
    store = Store("tuned")
    store.warn()
    return store


def _key(problem: Problem, candidates: Sequence[Accepted], memory: Memory) -> str:
    """Key by problem, processor or device, thread count and versions of the code that computes."""
    key = (
        repr(problem),
        sorted((each.name, *plugins.origin(each.backend)) for each in candidates),
        platform.machine(),
        _device(memory),
        get_num_threads(),
        versions(("numconv-kernels", "numba", "numba-cuda")),
    )
    return f"{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.json"


def _device(memory: Memory) -> str:
    if memory is HOST:
        return processor()
    return memory.name if isinstance(memory, Tunable) else memory.device


def _read(store: Store, key: str, names: Sequence[str]) -> tuple[str, dict[str, float]]:
    """Return the fastest candidate and the times that are remembered; empty if none are."""
    for content in store.found(key, _MOST_BYTES):
        with contextlib.suppress(*_NONSENSE):
            entry = json.loads(content)
            best, measured = entry["algorithm"], entry["seconds"]
            seconds = {name: float(measured[name]) for name in names if name in measured}
            sensible = all(math.isfinite(each) and each >= 0 for each in seconds.values())
            if best in seconds and sensible:
                return best, seconds
    return "", {}
