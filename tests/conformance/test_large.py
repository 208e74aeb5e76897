"""Problems of many tiles, blocks and odd tails: those laws that size could break."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from numconv.core.protocol import Algorithm
from numconv.testing import LAWS, Law, solvers
from numconv.testing.large import LARGE, LAWS_THAT_SIZE_COULD_BREAK, takes_seconds

SEVERAL = [law for law in LAWS if law.name in LAWS_THAT_SIZE_COULD_BREAK]


def _checks() -> Iterator[Any]:
    accepted: dict[str, list[Any]] = {}
    for name, problem in LARGE.items():
        for solver, algorithm in solvers(problem):
            if not solver.startswith("reference-"):
                accepted.setdefault(solver, []).append((name, problem, algorithm))
    for solver, own in accepted.items():
        for law in SEVERAL:
            quick = [each for each in own if not takes_seconds(law.name, *_size(*each))]
            for name, problem, algorithm in law.among(quick):
                yield pytest.param(law, problem, algorithm, id=f"{solver}-{name}-{law.name}")


def _size(_: str, problem: Any, algorithm: Algorithm) -> tuple[Any, bool]:
    return problem, algorithm.last_resort


CHECKS = list(_checks())


@pytest.mark.parametrize(("law", "problem", "algorithm"), CHECKS)
def test_law(law: Law, problem: Any, algorithm: Algorithm) -> None:
    law.check(problem, algorithm)
