"""Choice by measurement: each candidate is timed once, and the fastest is remembered on disk."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from .cache import cache_folder
from .choice import Choice, choose
from .protocol import Algorithm, Array, Backend, Problem
from .threads import get_num_threads

BUDGET_SECONDS = 10.0
_LEAST_SECONDS = 0.02
_MOST_CALLS = 20


def tuned(problem: Problem, backend: str = "auto", algorithm: str = "auto") -> Choice:
    """Return the fastest algorithm for `problem`, measured here or remembered.

    The candidates are those of the backend that would be chosen without tuning. They are timed
    on random operands, in the order of their estimated cost, for `BUDGET_SECONDS` in all.

    Raises
    ------
    ArgumentError, BackendError, RefusedError
        As `numconv.core.choice.choose`.
    """
    first = choose(problem, backend, algorithm)
    if algorithm != "auto":
        return first
    path = _path(problem, first.backend)
    remembered = _read(path)
    accepted = _accepted(problem, first.backend)
    for candidate in accepted:
        if candidate.name == remembered:
            return Choice(first.backend, candidate, "the fastest when measured before")
    if len(accepted) < 2:
        return first
    seconds = _measure(problem, accepted)
    best = min(seconds, key=seconds.__getitem__)
    _write(path, {"algorithm": best, "seconds": seconds, "problem": str(problem)})
    chosen = next(candidate for candidate in accepted if candidate.name == best)
    return Choice(first.backend, chosen, f"the fastest of {len(seconds)} measured")


def _accepted(problem: Problem, backend: Backend) -> list[Algorithm]:
    offered = backend.algorithms(problem)
    accepted = [each for each in offered if each.refusal(problem) is None]
    fast = [each for each in accepted if not getattr(each, "last_resort", False)]
    return sorted(fast or accepted, key=lambda each: each.cost(problem))


def _measure(problem: Problem, candidates: list[Algorithm]) -> dict[str, float]:
    operands = _random_operands(problem)
    out = np.empty(problem.result_shape, problem.result_dtype)
    seconds: dict[str, float] = {}
    deadline = time.perf_counter() + BUDGET_SECONDS
    for candidate in candidates:
        if seconds and time.perf_counter() > deadline:
            break
        plan = candidate.plan(problem)
        plan(*operands, out=out)
        times: list[float] = []
        while len(times) < _MOST_CALLS and sum(times) < _LEAST_SECONDS:
            start = time.perf_counter()
            plan(*operands, out=out)
            times.append(time.perf_counter() - start)
        seconds[candidate.name] = min(times)
    return seconds


def _random_operands(problem: Problem) -> list[Array]:
    generator = np.random.default_rng(0)
    made = [
        generator.integers(0, 5, shape).astype(problem.dtype) for shape in problem.operand_shapes
    ]
    for shape in problem.epilogue.shapes(problem.result_shape):
        made.append(generator.integers(0, 5, shape).astype(problem.result_dtype))
    return made


def _path(problem: Problem, backend: Backend) -> Path:
    """Key by problem, processor, thread count and the versions of the code that computes."""
    key = (
        repr(problem),
        backend.name,
        sorted(each.name for each in backend.algorithms(problem)),
        platform.machine(),
        platform.processor() or platform.node(),
        get_num_threads(),
        _version("numconv-kernels"),
        _version("numba"),
    )
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:24]
    return cache_folder() / "tuned" / f"{digest}.json"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())["algorithm"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, entry: dict[str, Any]) -> None:
    """Replace the file in one step; where the cache cannot be written, nothing is remembered."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump(entry, file)
        os.replace(file.name, path)
    except OSError:
        return
