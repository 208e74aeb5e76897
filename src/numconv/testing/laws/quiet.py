"""What a caller hears of it all: nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.protocol import Algorithm, Array
from ..checks import hold
from ..operands import guarded, random_operands
from .law import Law, always, has_non_finite


def quiet(problem: Any, algorithm: Algorithm) -> float:
    """No warning of Python's or NumPy's comes of refusal, cost, plan and call."""
    with warnings.catch_warnings(record=True) as heard, np.errstate(**_AS_NUMPY_BEGINS):
        warnings.simplefilter("always")
        algorithm.refusal(problem)
        algorithm.cost(problem)
        plan = algorithm.plan(problem)
        # No law has looked yet at what is written besides.
        out = guarded(np.empty(problem.result_shape, problem.result_dtype)).array
        for operands in _operands(problem):
            plan(*operands, out=out)
    if heard:
        first = heard[0]
        place = f"{first.filename}, line {first.lineno}"
        hold(False, f"{first.category.__name__}: {first.message} ({place})")
    return 0.0


_AS_NUMPY_BEGINS: Any = {"divide": "warn", "over": "warn", "invalid": "warn", "under": "ignore"}


def _operands(problem: Any) -> Iterator[list[Array]]:
    """Yield random operands; of floating point also the largest, and some that are not finite."""
    usual = random_operands(problem, 17)
    yield usual
    if not has_non_finite(problem):
        return
    largest = float(np.finfo(problem.dtype).max)
    yield [np.full_like(operand, largest) for operand in usual]
    for first, value in enumerate((np.nan, np.inf)):
        for operand in usual:
            operand.reshape(-1)[first::5] = value
    yield usual


LAWS = (Law("quiet", "shapes", quiet, always),)
