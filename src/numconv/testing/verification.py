"""Which checks verify a backend, and what comes of one of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..core import plugins
from ..core.errors import ArgumentError, BackendError
from ..core.protocol import Algorithm, Backend
from .catalogue import LEVELS, NamedProblem, problems_of
from .checks import LawBroken, NotApplicable
from .encoding import from_text, to_text
from .large import LAWS_THAT_SIZE_COULD_BREAK, takes_seconds
from .laws import LAWS, STAGES, Law
from .shrinking import shrink

State = Literal["kept", "not_applicable", "broken", "crashed"]


@dataclass(frozen=True)
class Request:
    """What is to be verified; None leaves a choice open.

    `problem` is the text of a single problem, in place of those of `level`.
    """

    backend: str
    algorithm: str | None = None
    op: str | None = None
    laws: tuple[str, ...] = ()
    level: str = "quick"
    problem: str | None = None


@dataclass(frozen=True)
class Check:
    """One law, one algorithm, one problem."""

    law: Law
    algorithm: Algorithm
    named: NamedProblem

    @property
    def name(self) -> str:
        return f"{self.algorithm.name}-{self.named.case}-{self.law.name}"


@dataclass(frozen=True)
class Refusal:
    """A problem that an algorithm does not take, and why."""

    algorithm: str
    operator: str
    case: str
    reason: str


@dataclass(frozen=True)
class Result:
    """What came of a check; `fraction` is the largest error as a fraction of the bound."""

    state: State
    message: str
    fraction: float
    seconds: float


@dataclass(frozen=True)
class Checks:
    """Everything that verifies a backend, in the order in which it makes sense."""

    checks: tuple[Check, ...]
    refusals: tuple[Refusal, ...]
    algorithms: tuple[str, ...]


def checks_of(request: Request) -> Checks:
    """Return the checks that a request comes to: by algorithm, then by stage, then by size.

    Raises
    ------
    ArgumentError
        If the request names a backend, an algorithm, an operator, a law or a level that there
        is not.
    BackendError
        If the backend cannot be used here, or the operator is not a problem of its own.
    """
    backend, laws, problems = _backend(request.backend), _laws(request.laws), _problems(request)
    offered: dict[str, list[tuple[NamedProblem, Algorithm]]] = {}
    for named in problems:
        for algorithm in backend.algorithms(named.problem):
            offered.setdefault(algorithm.name, []).append((named, algorithm))
    if request.algorithm is not None and request.algorithm not in offered:
        known = ", ".join(map(repr, offered)) or "none for these problems"
        raise ArgumentError("algorithm", request.algorithm, f"one of {known}")
    names = [n for n in offered if request.algorithm in (None, n)]
    found: list[Check] = []
    refusals: list[Refusal] = []
    for name in names:
        accepted = []
        for named, algorithm in offered[name]:
            refusal = algorithm.refusal(named.problem)
            if refusal is None:
                accepted.append((named, algorithm))
            else:
                refusals.append(Refusal(name, named.operator, named.case, refusal))
        accepted.sort(key=lambda pair: (pair[0].large, pair[0].problem.macs))
        found += [
            Check(law, algorithm, named)
            for law in laws
            for named, algorithm in accepted
            if law.applies(named.problem) and not _left_out(law, named, algorithm)
        ]
    return Checks(tuple(found), tuple(refusals), tuple(names))


def _backend(name: str) -> Backend:
    backend = plugins.backend(name)
    status = plugins.status(backend)
    if status.state == "unavailable":
        raise BackendError(f"backend {name!r} is unavailable: {status.reason}; {status.remedy}")
    return backend


def _laws(wanted: Sequence[str]) -> list[Law]:
    known = [law.name for law in LAWS]
    for name in wanted:
        if name not in (*known, *STAGES):
            raise ArgumentError("law", name, "one of " + ", ".join((*known, *STAGES)))
    return [law for law in LAWS if not wanted or law.name in wanted or law.stage in wanted]


def _problems(request: Request) -> list[NamedProblem]:
    if request.problem is not None:
        return [NamedProblem(request.op or "problem", "given", from_text(request.problem))]
    if request.op is None:
        return problems_of(request.level)
    operator = plugins.operator(request.op)
    found = [each for each in problems_of(request.level) if each.operator == request.op]
    if not found and request.level != LEVELS[-1]:
        found = [each for each in problems_of(LEVELS[-1]) if each.operator == request.op]
    if not found:
        raise BackendError(f"operator {operator.name!r} has no problem of its own to verify")
    return found


def _left_out(law: Law, named: NamedProblem, algorithm: Algorithm) -> bool:
    if not named.large:
        return False
    last = bool(getattr(algorithm, "last_resort", False))
    unspoken = law.name not in LAWS_THAT_SIZE_COULD_BREAK
    return unspoken or takes_seconds(law.name, named.problem, last)


def run(check: Check) -> Result:
    """Make a check. An exception of the algorithm breaks the law as a wrong value does."""
    begin = time.perf_counter()
    state: State = "kept"
    message, fraction = "", 0.0
    try:
        fraction = check.law.check(check.named.problem, check.algorithm)
    except NotApplicable as error:
        state, message = "not_applicable", str(error)
    except LawBroken as error:
        state, message = "broken", str(error)
    except Exception as error:
        state, message = "broken", f"raised {plugins.describe(error)}"
    return Result(state, message, fraction, time.perf_counter() - begin)


def shrunk(check: Check) -> Check:
    """Return the smallest check found that is broken as this one is."""

    def fails(problem: Any) -> bool:
        if not check.law.applies(problem) or check.algorithm.refusal(problem) is not None:
            return False
        tried = NamedProblem(check.named.operator, check.named.case, problem)
        return run(Check(check.law, check.algorithm, tried)).state == "broken"

    smallest = shrink(check.named.problem, fails)
    return Check(
        check.law,
        check.algorithm,
        NamedProblem(check.named.operator, check.named.case, smallest, check.named.large),
    )


def command(backend: str, algorithm: str, law: str, problem: Any) -> str:
    """Return the command line that makes one check again."""
    import shlex

    words = ["numconv", "verify", "--backend", backend, "--algorithm", algorithm]
    return shlex.join([*words, "--law", law, "--problem", to_text(problem)])
