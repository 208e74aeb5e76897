"""Which checks verify a backend, and what comes of one of them."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..core import plugins
from ..core.errors import ArgumentError, BackendError
from ..core.optional import is_last_resort, variants
from ..core.protocol import Algorithm, Backend
from .catalogue import LEVELS, NamedProblem, problems_of, variants_of
from .checks import LawBroken, NotApplicable
from .encoding import from_text, to_text
from .large import LAWS_THAT_SIZE_COULD_BREAK, takes_seconds
from .laws import LAWS, LAWS_OF_BACKENDS, STAGES, Auto, Law
from .shrinking import shrink

RAISED = "raised "
"""How the message of a check begins in which an algorithm raised."""

_OWN = Path(__file__).resolve().parents[1]

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

    Last come those of the backend as a whole, as of an algorithm called ``auto``.

    Raises
    ------
    ArgumentError
        If the request names a backend, an algorithm, an operator, a law or a level that there
        is not.
    BackendError
        If the backend cannot be used here, or the operator is not a problem of its own.
    """
    with warnings.catch_warnings():
        # The law `quiet` hears them; here they would be errors in one place and nothing in others.
        warnings.simplefilter("ignore")
        return _checks_of(request)


def _checks_of(request: Request) -> Checks:
    backend, problems = _backend(request.backend), _problems(request)
    of_algorithms = _laws(request.laws, LAWS)
    of_backend = _laws(request.laws, LAWS_OF_BACKENDS)
    offered: dict[str, list[tuple[NamedProblem, Algorithm]]] = {}
    for named in problems:
        for algorithm in backend.algorithms(named.problem):
            offered.setdefault(algorithm.name, []).append((named, algorithm))
    for named, algorithm in _variants(request, backend, problems):
        offered.setdefault(algorithm.name, []).append((named, algorithm))
    if request.algorithm not in (None, Auto.name, *offered):
        known = ", ".join(map(repr, offered)) or "none for these problems"
        raise ArgumentError("algorithm", request.algorithm, f"one of {known}")
    names = [n for n in offered if request.algorithm in (None, n)] if of_algorithms else []
    found: list[Check] = []
    refusals: list[Refusal] = []
    for name in names:
        accepted: list[tuple[NamedProblem, Algorithm]] = []
        for named, algorithm in offered[name]:
            refusal = algorithm.refusal(named.problem)
            if refusal is None:
                accepted.append((named, algorithm))
            else:
                refusals.append(Refusal(name, named.operator, named.case, refusal))
        found += _of(of_algorithms, accepted)
    if request.algorithm in (None, Auto.name):
        auto = Auto(backend)
        accepted = [(named, auto) for named in problems if auto.refusal(named.problem) is None]
        of_all = list(_of(of_backend, accepted))
        names += [Auto.name] * bool(of_all)
        found += of_all
    return Checks(tuple(found), tuple(refusals), tuple(names))


def _variants(
    request: Request, backend: Backend, problems: list[NamedProblem]
) -> Iterator[tuple[NamedProblem, Algorithm]]:
    """Yield what algorithms bring themselves; their forms take a problem that is given, too."""
    if request.problem is not None:
        for named in problems:
            for algorithm in backend.algorithms(named.problem):
                forms = {form.name: form for form, _ in variants(algorithm)}
                yield from ((named, forms[name]) for name in forms.keys() - {algorithm.name})
    elif request.level == LEVELS[-1]:
        for named, form in variants_of(backend):
            if request.op in (None, named.operator):
                yield named, form


def _of(laws: Sequence[Law], accepted: Iterable[tuple[NamedProblem, Algorithm]]) -> Iterator[Check]:
    """Yield the checks of an algorithm, given the problems that it accepts."""
    by_size = sorted(accepted, key=lambda pair: (pair[0].large, pair[0].problem.macs))
    for law in laws:
        spoken_of = [
            Check(law, algorithm, named)
            for named, algorithm in by_size
            if law.applies(named.problem) and not _left_out(law, named, algorithm)
        ]
        yield from law.among(spoken_of)


def _backend(name: str) -> Backend:
    backend = plugins.backend(name)
    status = plugins.status(backend)
    if status.state == "unavailable":
        raise BackendError(f"backend {name!r} is unavailable: {status.reason}; {status.remedy}")
    return backend


def _laws(wanted: Sequence[str], laws: Sequence[Law]) -> list[Law]:
    """Return those of `laws` that are wanted by their names or their stages' names."""
    known = [law.name for law in (*LAWS, *LAWS_OF_BACKENDS)]
    for name in wanted:
        if name not in (*known, *STAGES):
            raise ArgumentError("law", name, "one of " + ", ".join((*known, *STAGES)))
    return [law for law in laws if not wanted or law.name in wanted or law.stage in wanted]


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
    last = is_last_resort(algorithm)
    unspoken = law.name not in LAWS_THAT_SIZE_COULD_BREAK
    return unspoken or takes_seconds(law.name, named.problem, last)


def run(check: Check) -> Result:
    """Make a check. An exception of the algorithm breaks the law as a wrong value does."""
    begin = time.perf_counter()
    state: State = "kept"
    message, fraction = "", 0.0
    try:
        with warnings.catch_warnings():
            # As in `checks_of`: what `verify` keeps, pytest keeps, whose warnings may be errors.
            warnings.simplefilter("ignore")
            fraction = check.law.check(check.named.problem, check.algorithm)
    except NotApplicable as error:
        state, message = "not_applicable", str(error)
    except LawBroken as error:
        state, message = "broken", str(error)
    except Exception as error:
        state, message = "broken", f"{RAISED}{plugins.describe(error)}{_where(error)}"
    return Result(state, message, fraction, time.perf_counter() - begin)


def _where(error: BaseException) -> str:
    """Return the file and the line of a plugin's that raised, if it was not one of numconv's."""
    frames = traceback.extract_tb(error.__traceback__)
    others = [each for each in frames if _OWN not in Path(each.filename).parents]
    return f" ({Path(others[-1].filename).name}, line {others[-1].lineno})" if others else ""


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
