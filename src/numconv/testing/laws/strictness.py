"""The last stage, of ``accuracy="strict"``: every output is a sum of its own products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...core import dtypes
from ...core.bound import bound
from ...core.problems import Epilogue
from ...core.protocol import Algorithm, Array
from ..catalogue import naive_reference
from ..checks import accept, against_reference, hold, solve, within
from ..identity import moved_by_deltas
from ..operands import random_operands
from .law import Law, has_field, has_taps

# Values uneven by so much that errors of one output's size would be too large for another; by more,
# an algorithm might notice and hand over.
_MOST_POWER = {"float16": 3}
_OTHERWISE = 6


def accuracy(problem: Any, algorithm: Algorithm) -> float:
    """Under ``strict`` no sample is rounded or cut, nor does one harm outputs of others."""
    strict = replace(problem, accuracy="strict", epilogue=Epilogue())
    accept(algorithm, strict, "accuracy='strict'")
    x, weight = random_operands(strict, 18)
    deltas, expected = moved_by_deltas(strict, x)
    got = solve(strict, algorithm, [x, np.ascontiguousarray(deltas)])
    if getattr(strict, "direction", "forward") == "forward":
        # Each output is one sample, times 1, and sums of zeros.
        off = int((got != expected).sum())
        hold(not off, f"{off} of {got.size} samples are changed by a weight of ones and zeros")
    allowed = bound(strict, naive_reference(strict), x, deltas)
    fraction = within(got, expected, allowed, "a weight of ones and zeros")
    uneven = [_uneven(each, seed) for seed, each in enumerate((x, weight))]
    return max(fraction, against_reference(strict, algorithm, uneven, "uneven values"))


def _uneven(values: Array, seed: int) -> Array:
    """Return the values times powers of 2 that have nothing to do with those of neighbours."""
    most = _MOST_POWER.get(values.dtype.name, _OTHERWISE)
    powers = np.random.default_rng(seed).integers(-most, most, values.shape, endpoint=True)
    return (values * np.exp2(powers)).astype(values.dtype)


def _has_accuracy(problem: Any) -> bool:
    floating = dtypes.kind(problem.dtype) != "integer"
    return floating and has_field(problem, "accuracy") and has_taps(problem)


LAWS = (Law("accuracy", "hostile", accuracy, _has_accuracy),)
