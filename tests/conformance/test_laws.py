"""Every law, on every registered algorithm, on every named case that it accepts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from numconv.core import plugins
from numconv.core.problems import (
    GeneratedInvolutionProblem,
)
from numconv.testing import (
    LAWS,
    LAWS_OF_BACKENDS,
    Auto,
    Law,
    NotApplicable,
    named_problems,
    solvers,
)
from numconv.testing.catalogue import problem_types, variants_of

PROBLEMS = named_problems()


@pytest.fixture
def parallel_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the CPU backend use its threads however small the problem is."""
    threads = pytest.importorskip("numconv_cpu.runtime.threads", reason="Numba is not installed")
    monkeypatch.setattr(threads, "SERIAL_WORK", 0)


def _checks() -> Iterator[Any]:
    accepted: dict[str, list[Any]] = {}
    for each in sorted(PROBLEMS, key=lambda each: each.problem.macs):
        for solver, algorithm in solvers(each.problem):
            accepted.setdefault(solver, []).append((each, algorithm))
    for backend in _backends():
        for each, algorithm in variants_of(backend):
            accepted.setdefault(f"{backend.name}-{algorithm.name}", []).append((each, algorithm))
    for solver, own in accepted.items():
        for law in LAWS:
            spoken_of = [(each, algorithm) for each, algorithm in own if law.applies(each.problem)]
            for each, algorithm in law.among(spoken_of):
                name = f"{solver}-{each.case}-{law.name}"
                yield pytest.param(law, each.problem, algorithm, id=name)


def _checks_of_backends() -> Iterator[Any]:
    for backend in _backends():
        auto = Auto(backend)
        for each in PROBLEMS:
            for law in LAWS_OF_BACKENDS:
                if auto.refusal(each.problem) is None:
                    name = f"{backend.name}-auto-{each.case}-{law.name}"
                    yield pytest.param(law, each.problem, auto, id=name)


def _backends() -> list[Any]:
    """Return those that can be used here, but for those that are there for comparison."""
    return [
        each
        for each in plugins.backends().values()
        if each.priority >= 0 and plugins.status(each).state != "unavailable"
    ]


CHECKS = [*_checks(), *_checks_of_backends()]


@pytest.mark.parametrize(("law", "problem", "algorithm"), CHECKS)
def test_law(law: Law, problem: Any, algorithm: Any, request: pytest.FixtureRequest) -> None:
    if law.name in ("threads", "address", "at_once"):
        request.getfixturevalue("parallel_at_once")
    # A variation of the problem that the algorithm refuses is another algorithm's to keep.
    with suppress(NotApplicable):
        law.check(problem, algorithm)


# What operators solve in steps, which are cases as well, where no backend solves it at once.
SEVERAL_STEPS = (GeneratedInvolutionProblem,)


@pytest.mark.parametrize(
    "each",
    [each for each in PROBLEMS if not isinstance(each.problem, SEVERAL_STEPS)],
    ids=lambda each: f"{each.operator}-{each.case}",
)
def test_cpu_solves_every_case(each: Any) -> None:
    assert any(solver.startswith("cpu-") for solver, _ in solvers(each.problem))


def test_variants_are_accepted_and_told_apart() -> None:
    for backend in _backends():
        names = []
        for each, algorithm in variants_of(backend):
            assert algorithm.refusal(each.problem) is None
            names.append((algorithm.name, each.case))
        assert len(set(names)) == len(names)


def test_every_algorithm_accepts_a_case() -> None:
    accepted = {solver for each in PROBLEMS for solver, _ in solvers(each.problem)}
    for backend in _backends():
        kinds = problem_types().values()
        samples = {type(each.problem): each.problem for each in PROBLEMS}
        offered = {
            f"{backend.name}-{algorithm.name}"
            for kind in kinds
            for algorithm in backend.algorithms(samples[kind])
        }
        assert offered
        assert offered <= accepted
