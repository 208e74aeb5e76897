"""Problems of many tiles, blocks and odd tails: those laws that size could break."""

from __future__ import annotations

from typing import Any

import pytest

from numconv.core.protocol import Algorithm
from numconv.testing import LAWS, Law, solvers
from numconv.testing.large import LARGE, LAWS_THAT_SIZE_COULD_BREAK, takes_seconds

SEVERAL = [law for law in LAWS if law.name in LAWS_THAT_SIZE_COULD_BREAK]
CHECKS = [
    pytest.param(law, problem, algorithm, id=f"{solver}-{name}-{law.name}")
    for name, problem in LARGE.items()
    for solver, algorithm in solvers(problem)
    if not solver.startswith("reference-")
    for law in SEVERAL
    if not takes_seconds(law.name, problem, algorithm.last_resort)
]


@pytest.mark.parametrize(("law", "problem", "algorithm"), CHECKS)
def test_law(law: Law, problem: Any, algorithm: Algorithm) -> None:
    law.check(problem, algorithm)
