"""Integers: a sum is exact, or it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from .errors import RefusedError
from .protocol import Array, Problem

_LIMIT = np.iinfo(np.int64).max


def check_sums(problem: Problem, products: int, operands: Sequence[Array]) -> list[Array]:
    """Return `operands`, those of the epilogue as int64, if every sum provably fits one.

    The proof is ``products * max|first| * max|second| + sum of max|others| <= 2**63 - 1``, with
    the most `products` that an output sums, as `optional.most_products` gives them. Up to 16 bits
    the dtype alone proves it; otherwise the values are looked at.

    Raises
    ------
    RefusedError
        If a sum might not fit.
    """
    bits = 8 * np.dtype(problem.dtype).itemsize
    small = all(operand.dtype.itemsize <= 2 for operand in operands)
    if small and products < 2 ** (62 - 2 * bits):
        return _widened(problem, operands)
    factors = [_largest(operand) for operand in operands]
    count = len(problem.operand_shapes)
    most = products * prod(factors[:count]) + sum(factors[count:])
    if most > _LIMIT:
        sizes = " x ".join(map(str, factors[:count]))
        raise RefusedError(
            f"{products} products of {problem.dtype} values as large as {sizes} may not fit "
            "an int64; scale the values, or convert to float64"
        )
    return _widened(problem, operands)


def _widened(problem: Problem, operands: Sequence[Array]) -> list[Array]:
    count = len(problem.operand_shapes)
    return [*operands[:count], *(each.astype(np.int64, copy=False) for each in operands[count:])]


def _largest(operand: Array) -> int:
    return max(int(operand.max()), -int(operand.min())) if operand.size else 0
