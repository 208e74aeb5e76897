"""The laws, kept by the kernels that a GPU would get, as the interpreter of PTX runs them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from numconv.testing import Law, NotApplicable, laws_of, named_problems

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from interpreted import Interpreted
from numconv_cuda.convolution.depthwise import Depthwise
from numconv_cuda.convolution.direct import Direct
from numconv_cuda.involution.algorithm import Involution
from numconv_cuda.involution.block import InvolutionBlock
from numconv_cuda.loops.algorithm import Loops

DEVICE = Interpreted()
ALGORITHMS: list[Any] = [
    each(lambda: DEVICE) for each in (Depthwise, Direct, Involution, InvolutionBlock, Loops)
]
ON_EVERY_CASE = "within_bound"
"""The other laws are checked on each so many-th case that an algorithm accepts."""
EACH = 16


def _checks() -> list[Any]:
    found = []
    for algorithm in ALGORITHMS:
        accepted = [
            each
            for each in named_problems()
            if _offered(algorithm, each.problem) and algorithm.refusal(each.problem) is None
        ]
        for number, each in enumerate(accepted):
            for law in laws_of(each.problem):
                if law.name == ON_EVERY_CASE or number % EACH == 0:
                    name = f"{algorithm.name}-{each.case}-{law.name}"
                    found.append(pytest.param(law, each.problem, algorithm, id=name))
    return found


def _offered(algorithm: Any, problem: Any) -> bool:
    from numconv_cuda.backend import ALGORITHMS

    return any(type(each) is type(algorithm) for each in ALGORITHMS[type(problem)])


@pytest.mark.parametrize(("law", "problem", "algorithm"), _checks())
def test_law(law: Law, problem: Any, algorithm: Any) -> None:
    # A variation of the problem that the algorithm refuses is another algorithm's to keep.
    with suppress(NotApplicable):
        law.check(problem, algorithm)


def test_every_algorithm_of_the_backend_is_checked() -> None:
    from numconv_cuda.backend import ALGORITHMS as OFFERED

    offered = {type(each) for algorithms in OFFERED.values() for each in algorithms}
    assert offered == {type(each) for each in ALGORITHMS}
