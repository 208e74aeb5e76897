"""What the laws are made of: solving a problem, and comparing what came with what was due."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.bound import bound
from ..core.protocol import Algorithm, Array
from .catalogue import naive_reference
from .operands import fill_value


class LawBroken(AssertionError):  # noqa: N818
    """An algorithm breaks a law; the message says where and by how much."""


class NotApplicable(Exception):  # noqa: N818
    """The law needs a variation of the problem that the algorithm refuses; says which and why."""


def hold(kept: object, message: str) -> None:
    """Raise `LawBroken` with `message` unless `kept` is true."""
    if not kept:
        raise LawBroken(message)


def accept(algorithm: Algorithm, varied: Any, what: str) -> None:
    """Raise `NotApplicable` if `algorithm` refuses the problem `varied`."""
    refusal = algorithm.refusal(varied)
    if refusal is not None:
        raise NotApplicable(f"{what}: {refusal}")


def solve(problem: Any, algorithm: Algorithm, operands: list[Array]) -> Array:
    """Return what `algorithm` makes of `operands`, written over a filled output."""
    out = np.full(problem.result_shape, fill_value(problem.result_dtype), problem.result_dtype)
    algorithm.plan(problem)(*operands, out=out)
    return out


def within(got: Array, expected: Array, allowed: Array, what: str) -> float:
    """Return the largest difference as a fraction of what is `allowed` there.

    Raises
    ------
    LawBroken
        If it is above 1, the dtypes differ, or one is finite where the other is not. Integers
        must be equal.
    """
    hold(got.dtype == expected.dtype, f"{what}: dtype {got.dtype}, expected {expected.dtype}")
    hold(got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}")
    if got.size == 0:
        return 0.0
    finite = np.isfinite(expected)
    stray = np.argwhere(finite != np.isfinite(got))
    if len(stray):
        place = tuple(stray[0].tolist())
        raise LawBroken(
            f"{what}: {len(stray)} of {got.size} outputs are finite where they should not be or "
            f"the reverse, first at {place}: got {got[place]}, expected {expected[place]}"
        )
    fraction = _fractions(got, expected, allowed, finite)
    place = tuple(int(i) for i in np.unravel_index(fraction.argmax(), fraction.shape))
    hold(
        fraction[place] <= 1,
        f"{what}: {int((fraction > 1).sum())} of {got.size} outputs are off, most at {place}: "
        f"got {got[place]}, expected {expected[place]} within {allowed[place]:.3g}",
    )
    return float(fraction[place])


def _fractions(got: Array, expected: Array, allowed: Array, finite: Array) -> Array:
    if got.dtype.kind in "iu":
        return np.where(got == expected, 0.0, np.inf)
    difference = np.abs(np.where(finite, got, 0) - np.where(finite, expected, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = np.where(difference == 0, 0.0, difference / np.where(finite, allowed, 1))
    return np.asarray(fraction)


def against_reference(
    problem: Any, algorithm: Algorithm, operands: list[Array], what: str
) -> float:
    """Return how far `algorithm` is from the naive reference, as a fraction of the error bound."""
    naive = naive_reference(problem)
    expected = naive(problem, *operands)
    got = solve(problem, algorithm, operands)
    return within(got, expected, bound(problem, naive, *operands), what)


def same_bits(one: Array, other: Array) -> bool:
    """Return whether two arrays agree in dtype, shape and every bit."""
    alike = one.dtype == other.dtype and one.shape == other.shape
    return alike and one.tobytes() == other.tobytes()
