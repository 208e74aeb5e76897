"""The laws, kept by the kernels that a GPU would get, as the interpreter of PTX runs them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from numconv.testing import Law, NotApplicable, laws_of, named_problems

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.backend import algorithms

DEVICE = Interpreted()
ALGORITHMS = algorithms(lambda: DEVICE)
ON_EVERY_CASE = "within_bound"
"""The other laws are checked on each so many-th case that an algorithm accepts."""
EACH = 16


def _checks() -> list[Any]:
    found = []
    for kind, offered in ALGORITHMS.items():
        problems = [each for each in named_problems() if type(each.problem) is kind]
        for algorithm in offered:
            accepted = [each for each in problems if algorithm.refusal(each.problem) is None]
            for number, each in enumerate(accepted):
                for law in laws_of(each.problem):
                    if law.name == ON_EVERY_CASE or number % EACH == 0:
                        name = f"{algorithm.name}-{each.case}-{law.name}"
                        found.append(pytest.param(law, each.problem, algorithm, id=name))
    return found


@pytest.mark.parametrize(("law", "problem", "algorithm"), _checks())
def test_law(law: Law, problem: Any, algorithm: Any) -> None:
    # A variation of the problem that the algorithm refuses is another algorithm's to keep.
    with suppress(NotApplicable):
        law.check(problem, algorithm)
