"""The choice of a backend and an algorithm for a problem, with the reasons."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from . import units
from .contract import BrokenBackendError
from .errors import (
    ArgumentError,
    BackendError,
    PerformanceWarning,
    PluginWarning,
    RefusedError,
    did_you_mean,
)
from .optional import is_last_resort, memory_name
from .protocol import Algorithm, Backend, Problem
from .threads import num_threads_held

Result = TypeVar("Result")

_warned: set[tuple[str, str]] = set()
_broken: dict[str, bool] = {}
"""What backends did that the protocol does not have, and whether that was said."""


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

    @property
    def name(self) -> str:
        """``BACKEND/ALGORITHM``."""
        return f"{self.backend.name}/{self.algorithm.name}"


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
        found.extend(_considered(each, problem))
    return found


def _considered(backend: Backend, problem: Problem) -> list[Candidate]:
    """Return the algorithms of a backend that can be used; what is broken refuses."""
    try:
        offered = backend.algorithms(problem)
    except BrokenBackendError as error:
        return [Candidate(backend.name, "", None, str(error))]
    found = []
    for algorithm in offered:
        try:
            refusal = algorithm.refusal(problem)
            seconds = algorithm.cost(problem) if refusal is None else None
        except BrokenBackendError as error:
            refusal, seconds = str(error), None
        found.append(Candidate(backend.name, algorithm.name, seconds, refusal))
    none = f"has no algorithm for {type(problem).__name__}"
    return found or [Candidate(backend.name, "", None, none)]


@num_threads_held
def choose(
    problem: Problem,
    backend: str = "auto",
    algorithm: str = "auto",
    device: str = "cpu",
    without: Collection[str] = (),
) -> Choice:
    """Choose who solves `problem` on arrays in the memory called `device`.

    ``auto`` takes the ready backend of the highest priority there that has a fast algorithm for
    the problem, and of its algorithms the one with the least estimated cost.
    Where several backends have that priority, the least cost of all their algorithms decides;
    where costs are equal, the backend that is first by name, and of its algorithms the first.

    A name never falls back. That of an algorithm alone means the algorithm of the backend that
    ``auto`` takes for this problem, and never another backend's of the same name: that needs the
    backend's name as well. Backends of negative priority are there for comparison: none is taken
    but by its own name. One that breaks the protocol is passed over with a warning, unless it was
    asked for by name; so are the backends that are named in `without`.

    Raises
    ------
    ArgumentError
        If there is no such backend, or the backend has no algorithm of that name.
    BackendError
        If the backend cannot be used here.
    RefusedError
        If the algorithm, or every algorithm of the backend, refuses the problem.
    """
    if algorithm != "auto":
        return _named(problem, backend, algorithm, device)
    refusals: list[str] = []
    slow: list[Accepted] = []
    for accepted in _accepted_by_priority(problem, backend, device, refusals, without):
        fast = _fast(accepted)
        if fast:
            return Choice(fast[0].backend, fast[0].algorithm, _reason(fast))
        slow += accepted
    if not slow:
        raise _refused(problem, backend, algorithm, refusals)
    why = "nothing faster accepts the problem"
    fell_back = backend == "auto" or bool(refusals)
    return Choice(slow[0].backend, slow[0].algorithm, why, fell_back)


def competitors(problem: Problem, backend: str, device: str) -> list[Accepted]:
    """Return whoever could solve `problem` in place of what `choose` takes, which is the first.

    Those are the fast algorithms that accept it of the backend, or with ``auto`` of each that
    ``auto`` might take: by priority, and then by estimated cost.
    """
    groups = _accepted_by_priority(problem, backend, device, [])
    accepted = [each for group in groups for each in group]
    return _fast(accepted) or accepted


@dataclass(frozen=True)
class Accepted:
    """An algorithm that accepts a problem, and its estimated seconds."""

    seconds: float
    backend: Backend
    algorithm: Algorithm

    @property
    def name(self) -> str:
        """``BACKEND/ALGORITHM``."""
        return f"{self.backend.name}/{self.algorithm.name}"


def _fast(accepted: Iterable[Accepted]) -> list[Accepted]:
    return [each for each in accepted if not is_last_resort(each.algorithm)]


def _accepted_by_priority(
    problem: Problem,
    backend: str,
    device: str,
    refusals: list[str],
    without: Collection[str] = (),
) -> Iterator[list[Accepted]]:
    """Yield for each priority who accepts `problem`, the least cost first; note who refuses."""
    usable = (each for each in _usable(backend, device) if each.name not in without)
    for _, equals in groupby(usable, key=lambda each: each.priority):
        accepted: list[Accepted] = []
        for each in equals:
            try:
                accepted += _accepted(each, problem, refusals)
            except BrokenBackendError as error:
                if backend != "auto":
                    raise
                _note_broken(error)
                refusals.append(str(error))
        yield sorted(accepted, key=lambda each: each.seconds)


def _accepted(backend: Backend, problem: Problem, refusals: list[str]) -> list[Accepted]:
    found: list[Accepted] = []
    for offered in backend.algorithms(problem):
        refusal = offered.refusal(problem)
        if refusal is None:
            found.append(Accepted(offered.cost(problem), backend, offered))
        else:
            refusals.append(f"{backend.name}/{offered.name}: {refusal}")
    return found


def _reason(fast: Sequence[Accepted]) -> str:
    if len(fast) == 1:
        return f"the only fast algorithm of {fast[0].backend.name} that accepts the problem"
    return f"least estimated time of {len(fast)}: {units.seconds(fast[0].seconds)}"


def _named(problem: Problem, backend: str, algorithm: str, device: str) -> Choice:
    """Return the algorithm of this name of the backend that is named, or would be chosen."""
    owner = _owner(problem, backend, algorithm, device)
    offered = owner.algorithms(problem)
    refusals: list[str] = []
    accepted: list[Algorithm] = []
    for each in offered:
        if each.name == algorithm:
            refusal = each.refusal(problem)
            if refusal is None:
                accepted.append(each)
            else:
                refusals.append(f"{owner.name}/{each.name}: {refusal}")
    if accepted:
        best = min(accepted, key=lambda each: each.cost(problem))
        return Choice(owner, best, "asked for by name")
    others = _others(problem, owner, algorithm, device) if backend == "auto" else ""
    if refusals:
        raise _refused(problem, backend, algorithm, refusals, others)
    known = list(dict.fromkeys(each.name for each in offered))
    expected = f"'auto' or one of backend {owner.name!r}: {', '.join(known)}"
    raise ArgumentError("algorithm", algorithm, expected + did_you_mean(algorithm, known) + others)


def _owner(problem: Problem, backend: str, algorithm: str, device: str) -> Backend:
    """Return the backend that is named, or that would be chosen if no algorithm were."""
    if backend == "auto":
        with suppress(RefusedError):
            return choose(problem, device=device).backend
    for each in _usable(backend, device):
        if _offered(each, problem) or backend != "auto":
            return each
    raise _refused(problem, backend, algorithm, [])


def _others(problem: Problem, owner: Backend, algorithm: str, device: str) -> str:
    """Return which other backends have an algorithm of this name, as the end of a sentence."""
    from . import plugins

    having = [
        f"backend={each.name!r}"
        for each in _backends("auto", device)
        if each is not owner
        and plugins.status(each).state != "unavailable"
        and any(offered.name == algorithm for offered in _offered(each, problem))
    ]
    return f"; {' or '.join(having)} has one of this name" if having else ""


def _refused(
    problem: Problem, backend: str, algorithm: str, refusals: Sequence[str], others: str = ""
) -> RefusedError:
    from . import plugins

    none = f"no algorithm for {type(problem).__name__}{plugins.set_aside()}"
    detail = "; ".join(refusals) or none
    return RefusedError(f"backend={backend!r}, algorithm={algorithm!r}: {detail}{others}")


def offers(problem: Problem, backend: str, device: str) -> bool:
    """Return whether `choose` finds more than a last resort."""
    try:
        choice = choose(problem, backend, device=device)
    except (BackendError, RefusedError):
        return False
    return not is_last_resort(choice.algorithm)


def is_peer(backend: Backend) -> bool:
    """Return whether a backend is there for comparison, and asked for by its name alone."""
    return backend.priority < 0


def _usable(name: str, device: str) -> Iterator[Backend]:
    """Yield the backends that may be chosen, the highest priority first."""
    from . import plugins

    for each in sorted(_backends(name, device), key=lambda each: (-each.priority, each.name)):
        if name == "auto" and is_peer(each):
            continue
        status = plugins.status(each)
        if status.state != "unavailable":
            yield each
        elif name != "auto":
            remedy = f"; {status.remedy}" if status.remedy else ""
            raise BackendError(f"backend {name!r} is unavailable: {status.reason}{remedy}")


def _backends(name: str, device: str) -> list[Backend]:
    from . import plugins  # discovery is paid for by the first call, not by the import

    if name == "auto":
        return [each for each in plugins.backends().values() if memory_name(each) == device]
    return [plugins.backend(name, "'auto' or one of ")]


def _offered(backend: Backend, problem: Problem) -> Sequence[Algorithm]:
    """Return the backend's algorithms; none of one that breaks the protocol."""
    try:
        return backend.algorithms(problem)
    except BrokenBackendError:
        return ()


def forget_warnings() -> None:
    """Let everything that is said once be said again."""
    _warned.clear()
    _broken.clear()


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


def passing_over(backend: str, attempt: Callable[[Collection[str]], Result]) -> Result:
    """Return ``attempt(broken)``, `broken` being the backends that break the protocol in it.

    Each is warned of. One that was asked for by name is an error.
    """
    broken: set[str] = set()
    while True:
        try:
            result = attempt(broken)
        except BrokenBackendError as error:
            if backend != "auto" or error.backend in broken:
                raise
            _note_broken(error)
            broken.add(error.backend)
        else:
            _warn_of_broken()
            return result


def _note_broken(error: BrokenBackendError) -> None:
    """Let `_warn_of_broken` say it: who chooses may do so on a thread that no user began."""
    if str(error) not in _broken:
        _broken[str(error)] = False


def _warn_of_broken() -> None:
    """Say once of each backend how it breaks the protocol, and that another one computes."""
    for text, said in list(_broken.items()):
        _broken[text] = True
        if not said:
            message = f"{text}; another backend computes (said once)"
            warnings.warn(message, PluginWarning, stacklevel=callers_level())


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
