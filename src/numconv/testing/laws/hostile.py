"""The last stage: values and sizes that nobody hopes for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...core import dtypes
from ...core.bound import bound
from ...core.errors import ArgumentError
from ...core.optional import has_field, linear_in
from ...core.protocol import Algorithm, Array
from ..catalogue import naive_reference
from ..checks import NotApplicable, accept, against_reference, hold, solve, within
from ..operands import random_operands
from .law import Law, bare, has_non_finite, has_outputs, is_linear

HUGE_STRIDE = 2**33 + 1


def non_finite(problem: Any, algorithm: Algorithm) -> float:
    """A NaN or an infinity reaches exactly the outputs whose receptive field holds it."""
    naive, clean = naive_reference(problem), random_operands(problem, 7)
    allowed = bound(problem, naive, *clean)
    fractions = []
    for which in range(len(problem.operand_shapes)):
        for value, share in ((np.nan, 0.0), (np.inf, 0.99), (np.nan, 0.53)):
            operands = list(clean)
            operands[which] = clean[which].copy()
            operands[which].flat[int(share * operands[which].size)] = value
            with np.errstate(invalid="ignore"):
                expected = naive(problem, *operands)
            got = solve(problem, algorithm, operands)
            fractions.append(within(got, expected, allowed, f"{value} in operand {which}"))
            infinite = np.isinf(expected)
            if dtypes.kind(problem.dtype) == "float":
                same = np.array_equal(got[infinite], expected[infinite])
                hold(same, f"infinity in operand {which} came out otherwise")
    return max(fractions)


def denormals(problem: Any, algorithm: Algorithm) -> float:
    """Values too small to be normal count as what they are, not as zeros."""
    problem, linear = bare(problem), linear_in(problem)
    limits: Any = np.finfo(problem.dtype)
    # The products of the two are normal numbers again, so that a lost factor is seen.
    small = float(limits.tiny) / 8
    large = min(1e3 / float(limits.tiny) ** 0.5, float(limits.max) / 64)
    fractions = []
    for which, other in zip(linear, (*linear[1:], linear[0]), strict=True):
        operands = random_operands(problem, 13)
        operands[which] = _scaled(operands[which], small)
        operands[other] = _scaled(operands[other], large)
        fractions.append(
            against_reference(problem, algorithm, operands, f"denormals in operand {which}")
        )
    return max(fractions)


def wide_range(problem: Any, algorithm: Algorithm) -> float:
    """One huge sample harms only the outputs that it takes part in."""
    problem = bare(problem)
    operands = random_operands(problem, 14)
    first = operands[linear_in(problem)[0]]
    first.flat[first.size // 2] = 1e3 if problem.dtype == "float16" else 1e16
    return against_reference(problem, algorithm, operands, "1e16 beside 1")


def _scaled(array: Array, factor: float) -> Array:
    return np.asarray((array * np.result_type(array, "f8").type(factor)).astype(array.dtype))


def huge_stride(problem: Any, algorithm: Algorithm) -> float:
    """Strides beyond 32 bits leave one output an axis, and the right one."""
    try:
        varied = replace(problem, stride=(HUGE_STRIDE,) * len(problem.stride))
    except ArgumentError as error:
        raise NotApplicable(str(error)) from None
    accept(algorithm, varied, f"a stride of {HUGE_STRIDE}")
    return against_reference(varied, algorithm, random_operands(varied, 15), "huge stride")


def _is_float_linear(problem: Any) -> bool:
    return is_linear(problem) and has_non_finite(problem)


def _is_float_bilinear(problem: Any) -> bool:
    return _is_float_linear(problem) and len(linear_in(problem)) > 1


def _is_strided(problem: Any) -> bool:
    per_axis = has_field(problem, "stride") and isinstance(problem.stride, tuple)
    return has_outputs(problem) and per_axis


LAWS = (
    Law("non_finite", "hostile", non_finite, has_non_finite),
    Law("denormals", "hostile", denormals, _is_float_bilinear),
    Law("wide_range", "hostile", wide_range, _is_float_linear),
    Law("huge_stride", "hostile", huge_stride, _is_strided),
)
