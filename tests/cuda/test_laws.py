"""The laws, kept by the kernels that a GPU would get, as the interpreter of PTX runs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from numconv.core.problems import ConvolutionProblem
from numconv.testing import Law, NotApplicable, laws_of, named_problems

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.backend import algorithms

DEVICE = Interpreted()
ALGORITHMS = algorithms(lambda: DEVICE)
ON_EVERY_CASE = "within_bound"
"""The other laws are checked on each so many-th case that an algorithm accepts."""
EACH = 32
OF_PLANS = ("threads", "at_once")
"""Calls of several Python threads meet in plans, which are alike, not in kernels: once will do."""
GRADIENTS = ("depthwise_3x3", "depthwise_5x5_stride_2", "multiplier_3", "grouped_volume")
"""Cases whose input gradients are cases for `depthwise`, which has few transposed ones."""


OF_THE_HOST = ("workspace", "memory")
"""They count what Python allocates, which here is the interpreter itself."""


def _checks() -> list[Any]:
    found = []
    for kind, offered in ALGORITHMS.items():
        problems = [each for each in named_problems() if type(each.problem) is kind]
        for algorithm in offered:
            accepted = [each for each in problems if algorithm.refusal(each.problem) is None]
            for number, each in enumerate(accepted):
                for law in laws_of(each.problem):
                    if law.name in OF_THE_HOST:
                        continue
                    step = EACH if law.cases is None else len(accepted)
                    if law.name == ON_EVERY_CASE or (
                        number % step == 0 and (law.name not in OF_PLANS or algorithm.last_resort)
                    ):
                        name = f"{algorithm.name}-{each.case}-{law.name}"
                        found.append(pytest.param(law, each.problem, algorithm, id=name))
    return found + list(_gradients())


def _gradients() -> Iterator[Any]:
    depthwise = ALGORITHMS[ConvolutionProblem][0]
    for each in named_problems():
        if each.case in GRADIENTS:
            problem = replace(each.problem, direction="input_gradient")
            for law in laws_of(problem):
                if law.name in (ON_EVERY_CASE, "non_finite"):
                    name = f"depthwise-{each.case}-gradient-{law.name}"
                    yield pytest.param(law, problem, depthwise, id=name)


@pytest.mark.parametrize(("law", "problem", "algorithm"), _checks())
def test_law(law: Law, problem: Any, algorithm: Any) -> None:
    # A variation of the problem that the algorithm refuses is another algorithm's to keep.
    with suppress(NotApplicable):
        law.check(problem, algorithm)
