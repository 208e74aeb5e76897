"""The second stage: the right numbers, alone and with an epilogue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...core import dtypes
from ...core.bound import bound
from ...core.optional import linear_in
from ...core.problems import Epilogue
from ...core.protocol import Algorithm
from ..catalogue import naive_reference
from ..checks import NotApplicable, against_reference, solve, within
from ..operands import random_operands, small_operands
from .law import Law, always, bare, has_epilogue, is_linear, is_selecting


def within_bound(problem: Any, algorithm: Algorithm) -> float:
    """Equal to the naive reference within the dtype's error bound, in the dtype it returns."""
    return against_reference(problem, algorithm, random_operands(problem), "against the reference")


def epilogue(problem: Any, algorithm: Algorithm) -> float:
    """Bias, residual, activation, channel shuffle: those not refused, alone and together."""
    activation = {"complex": None, "integer": "relu6"}.get(dtypes.kind(problem.dtype), "silu")
    channels = problem.result_shape[1]
    shuffle = next((g for g in range(2, channels) if channels % g == 0), 1)
    each = (
        Epilogue(bias=True),
        Epilogue(residual=True),
        Epilogue(activation=activation),
        Epilogue(shuffle=shuffle),
        Epilogue(True, True, activation),
        Epilogue(True, True, activation, shuffle),
    )
    fractions, refusals = [], []
    for chosen in dict.fromkeys(each):
        varied = replace(problem, epilogue=chosen)
        refusal = algorithm.refusal(varied)
        if refusal is None:
            parts = ", ".join(sorted(each.removeprefix("epilogue:") for each in chosen.features))
            what = f"with {parts}, against the reference"
            fractions.append(against_reference(varied, algorithm, random_operands(varied), what))
        else:
            refusals.append(refusal)
    if not fractions:
        raise NotApplicable(f"any epilogue: {refusals[0]}")
    return max(fractions)


def linear(problem: Any, algorithm: Algorithm) -> float:
    """``A(2a + 3b) = 2 A(a) + 3 A(b)``, in each operand in which the problem is linear."""
    problem = bare(problem)
    naive, wide = naive_reference(problem), dtypes.widest(problem.dtype)
    fractions = []
    for which in linear_in(problem):
        fixed = small_operands(problem, 2)
        one, other = list(fixed), list(fixed)
        one[which], other[which] = small_operands(problem, 3)[which], fixed[which]
        both = list(fixed)
        both[which] = (2 * one[which] + 3 * other[which]).astype(one[which].dtype)
        alone = [solve(problem, algorithm, each).astype(wide) for each in (one, other)]
        allowed = bound(problem, naive, *both)
        allowed += 2 * bound(problem, naive, *one) + 3 * bound(problem, naive, *other)
        together = solve(problem, algorithm, both).astype(wide)
        expected = 2 * alone[0] + 3 * alone[1]
        fractions.append(within(together, expected, allowed, f"linear in operand {which}"))
    return max(fractions)


def delta(problem: Any, algorithm: Algorithm) -> float:
    """A weight of zeros and few ones moves samples and changes none."""
    problem = bare(problem)
    given, _, *others = random_operands(problem, 6)
    moved = [given, np.ascontiguousarray(problem.deltas()), *others]
    return against_reference(problem, algorithm, moved, "delta weight")


LAWS = (
    Law("within_bound", "values", within_bound, always),
    Law("epilogue", "values", epilogue, has_epilogue),
    Law("linear", "values", linear, is_linear),
    Law("delta", "values", delta, is_selecting),
)
