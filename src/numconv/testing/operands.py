"""Arrays for a problem: random, small and exact, or in memory watched on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.optional import dtypes_of
from ..core.protocol import Array

_GUARD = 67
_LARGEST = 2**20


def random_operands(problem: Any, seed: int = 0) -> list[Array]:
    """Return operands of `problem` and of its epilogue, normal or over the integers' range.

    Integers of more than 16 bits stay below 2**20, so that their sums fit an int64.
    """
    rng = np.random.default_rng(seed)
    given = [_random(rng, *each) for each in _operands(problem)]
    added = [
        _random(rng, shape, problem.result_dtype)
        for shape in problem.epilogue.shapes(problem.result_shape)
    ]
    return given + added


def _operands(problem: Any) -> Iterator[tuple[tuple[int, ...], str]]:
    """Yield shape and dtype of each operand; most problems have one dtype for all."""
    return zip(problem.operand_shapes, dtypes_of(problem), strict=True)


def _random(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    kind = dtypes.kind(dtype)
    if kind == "integer":
        info = np.iinfo(dtype)
        low, high = max(int(info.min), -_LARGEST), min(int(info.max), _LARGEST)
        return rng.integers(low, high, shape, dtype, endpoint=True)
    values = rng.standard_normal(shape)
    if kind == "complex":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def small_operands(problem: Any, seed: int = 0) -> list[Array]:
    """Return operands that are small integers, whatever the dtype: their sums are exact."""
    rng = np.random.default_rng(seed)
    low = 0 if np.dtype(problem.dtype).kind == "u" else -4
    return [rng.integers(low, 5, shape).astype(dtype) for shape, dtype in _operands(problem)]


@dataclass(frozen=True)
class Guarded:
    """An array inside a larger one, which shows whether anything beside it was written."""

    around: Array
    array: Array
    before: bytes

    def touched(self) -> bool:
        """Return whether the memory around the array has changed."""
        return self._surroundings(self.around) != self.before

    @staticmethod
    def _surroundings(around: Array) -> bytes:
        return around[:_GUARD].tobytes() + around[-_GUARD:].tobytes()


def guarded(array: Array, offset: int = 0) -> Guarded:
    """Return a copy of `array` amid not-a-numbers, or amid the integers' least value.

    An odd number of elements lies before it, plus `offset`: its address is aligned to one
    element and no more.
    """
    start = _GUARD + offset
    around = np.full(array.size + start + _GUARD, fill_value(array.dtype), array.dtype)
    inside = around[start : start + array.size].reshape(array.shape)
    inside[...] = array
    return Guarded(around, inside, Guarded._surroundings(around))


def fill_value(dtype: Any) -> Any:
    """Return a value of `dtype` that a law's result does not hold, or, of few bits, rarely."""
    return fill_values(dtype)[0]


def fill_values(dtype: Any) -> tuple[Any, ...]:
    """Return values of which no place of a law's result holds one after the other."""
    if np.dtype(dtype).kind not in "iu":
        return (np.nan,)
    info = np.iinfo(dtype)
    return (info.min, info.max)
