"""The choice of a backend and an algorithm for a problem, with the reasons."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from . import units
from .errors import ArgumentError, BackendError, PerformanceWarning, RefusedError, did_you_mean
from .protocol import Algorithm, Backend, Problem
from .threads import num_threads_held

_warned: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class Candidate:
    """An algorithm that was considered: its estimated seconds, or why it was refused."""

    backend: str
    algorithm: str
    seconds: float | None
    refusal: str | None


@dataclass(frozen=True)
class Choice:
    """The algorithm that solves a problem, and why this one.

    `fell_back` says that it is a last resort which nobody asked for.
    """

    backend: Backend
    algorithm: Algorithm
    reason: str
    fell_back: bool = False


@num_threads_held
def candidates(problem: Problem, backend: str = "auto", device: str = "cpu") -> list[Candidate]:
    """Return every algorithm of every backend, or of one, with its cost or its refusal."""
    from . import plugins

    found: list[Candidate] = []
    for each in _backends(backend, device):
        status = plugins.status(each)
        if status.state == "unavailable":
            found.append(Candidate(each.name, "", None, status.reason))
            continue
        offered = _offered(each, problem, backend != "auto")
        if not offered:
            kind = type(problem).__name__
            found.append(Candidate(each.name, "", None, f"has no algorithm for a {kind}"))
        for algorithm in offered:
            refusal = algorithm.refusal(problem)
            seconds = algorithm.cost(problem) if refusal is None else None
            found.append(Candidate(each.name, algorithm.name, seconds, refusal))
    return found


@num_threads_held
def choose(
    problem: Problem, backend: str = "auto", algorithm: str = "auto", device: str = "cpu"
) -> Choice:
    """Choose who solves `problem`.

    ``auto`` takes the ready backend of the highest priority on `device` that has a fast
    algorithm for the problem, and of its algorithms the one with the least estimated cost. A
    name never falls back. Backends of negative priority are there for comparison: none is taken
    but by its own name, whatever the name of the algorithm.

    Raises
    ------
    ArgumentError
        If no backend or algorithm has that name.
    BackendError
        If the backend cannot be used here.
    RefusedError
        If the algorithm, or every algorithm of the backend, refuses the problem.
    """
    from . import plugins

    refusals: list[str] = []
    last: Choice | None = None
    known: set[str] = set()
    peers: list[Backend] = []
    for each in _backends(backend, device):
        if backend == "auto" and is_peer(each):
            peers.append(each)
            continue
        status = plugins.status(each)
        if status.state == "unavailable":
            if backend != "auto":
                remedy = f"; {status.remedy}" if status.remedy else ""
                raise BackendError(f"backend {backend!r} is unavailable: {status.reason}{remedy}")
            continue
        accepted: list[tuple[float, int, Algorithm]] = []
        for rank, offered in enumerate(_offered(each, problem, backend != "auto")):
            known.add(offered.name)
            if algorithm not in ("auto", offered.name):
                continue
            refusal = offered.refusal(problem)
            if refusal is not None:
                refusals.append(f"{each.name}/{offered.name}: {refusal}")
            elif algorithm == "auto" and getattr(offered, "last_resort", False):
                last = Choice(each, offered, "nothing faster accepts the problem")
            else:
                accepted.append((offered.cost(problem), rank, offered))
        if accepted:
            seconds, _, best = min(accepted)
            if algorithm != "auto":
                reason = "asked for by name"
            elif len(accepted) == 1:
                reason = f"the only fast algorithm of {each.name} that accepts the problem"
            else:
                reason = f"least estimated time of {len(accepted)}: {units.seconds(seconds)}"
            return Choice(each, best, reason)
        if last is not None:
            break
    if last is not None:
        return replace(last, fell_back=backend == "auto" or bool(refusals))
    if known and algorithm not in ("auto", *known):
        expected = "'auto' or one of " + ", ".join(sorted(known)) + did_you_mean(algorithm, known)
        having = [each.name for each in peers if _has(each, problem, algorithm)]
        if having:
            expected += f"; it is of backend {having[0]!r}, to be asked for by that name as well"
        raise ArgumentError("algorithm", algorithm, expected)
    none = f"no algorithm for a {type(problem).__name__}{plugins.set_aside()}"
    detail = "; ".join(refusals) or none
    raise RefusedError(f"backend={backend!r}, algorithm={algorithm!r}: {detail}")


def offers(problem: Problem, backend: str, device: str) -> bool:
    """Return whether `choose` finds more than a last resort."""
    try:
        choice = choose(problem, backend, device=device)
    except (BackendError, RefusedError):
        return False
    return not getattr(choice.algorithm, "last_resort", False)


def is_peer(backend: Backend) -> bool:
    """Return whether a backend is there for comparison, and asked for by its name alone."""
    return backend.priority < 0


def _has(backend: Backend, problem: Problem, algorithm: str) -> bool:
    """Return whether a backend that can be used here has an algorithm of this name."""
    from . import plugins

    if plugins.status(backend).state == "unavailable":
        return False
    return any(each.name == algorithm for each in _offered(backend, problem, False))


def _backends(name: str, device: str) -> list[Backend]:
    from . import plugins  # discovery is paid for by the first call, not by the import

    if name == "auto":
        return [each for each in plugins.backends().values() if each.device == device]
    return [plugins.backend(name, "'auto' or one of ")]


def _offered(backend: Backend, problem: Problem, by_name: bool) -> Sequence[Algorithm]:
    """Return the backend's algorithms; a broken one is an error only where it was asked for."""
    from . import plugins

    offered = backend.algorithms(problem)
    broken = plugins.broken_algorithms(offered)
    if broken and by_name:
        raise BackendError(f"backend {backend.name!r}: " + "; ".join(broken.values()))
    return [each for rank, each in enumerate(offered) if rank not in broken]


def forget_warnings() -> None:
    """Let everything that is said once be said again."""
    _warned.clear()


def warn_of_last_resort(choice: Choice, problem: Problem) -> None:
    """Say that a call is slow, once for each kind of problem."""
    key = (choice.backend.name, type(problem).__name__)
    if key in _warned:
        return
    _warned.add(key)
    warnings.warn(
        f"no fast algorithm accepts this {type(problem).__name__} of {problem.dtype}; "
        f"{choice.backend.name}/{choice.algorithm.name} solves it, slowly "
        "(said once; numconv.explain gives the reasons)",
        PerformanceWarning,
        stacklevel=callers_level(),
    )


def callers_level() -> int:
    """Return the `stacklevel` at which the function that calls this would blame our caller."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(module: str) -> bool:
    """Return whether no user wrote a module: ours, a plugin of ours, or Numba, which calls us."""
    top = module.partition(".")[0]
    return top in ("numconv", "numba") or top.startswith("numconv_")
