"""The last stage, of ``accuracy="strict"``: every output is a sum of its own products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...core import dtypes
from ...core.bound import bound
from ...core.optional import has_field
from ...core.protocol import Algorithm, Array
from ..catalogue import naive_reference
from ..checks import accept, against_reference, hold, solve, within
from ..operands import random_operands
from .law import Law, bare, is_selecting

# Values uneven by so much that errors of one output's size would be too large for another; by more,
# an algorithm might notice and hand over.
_MOST_POWER = {"float16": 3}
_OTHERWISE = 6


def accuracy(problem: Any, algorithm: Algorithm) -> float:
    """Under ``strict`` no sample is rounded or cut, nor does one harm outputs of others."""
    strict = bare(replace(problem, accuracy="strict"))
    accept(algorithm, strict, "accuracy='strict'")
    naive, operands = naive_reference(strict), random_operands(strict, 18)
    rest = map(np.zeros_like, operands[2:])  # what is added would be a sample more
    moved = [operands[0], np.ascontiguousarray(strict.deltas()), *rest]
    expected, got = naive(strict, *moved), solve(strict, algorithm, moved)
    # Where no two samples meet, an output is one sample, times 1, and sums of zeros.
    met = naive(strict, np.ones_like(moved[0]), *moved[1:])
    off = int(((got != expected) & (np.abs(met) <= 1)).sum())
    hold(not off, f"{off} of {got.size} samples are changed by a weight of ones and zeros")
    allowed = bound(strict, naive, *moved)
    fraction = within(got, expected, allowed, "a weight of ones and zeros")
    uneven = [_uneven(each, seed) for seed, each in enumerate(operands)]
    return max(fraction, against_reference(strict, algorithm, uneven, "uneven values"))


def _uneven(values: Array, seed: int) -> Array:
    """Return the values times powers of 2 that have nothing to do with those of neighbours."""
    most = _MOST_POWER.get(values.dtype.name, _OTHERWISE)
    powers = np.random.default_rng(seed).integers(-most, most, values.shape, endpoint=True)
    return (values * np.exp2(powers)).astype(values.dtype)


def _has_accuracy(problem: Any) -> bool:
    floating = dtypes.kind(problem.dtype) != "integer"
    return floating and has_field(problem, "accuracy") and is_selecting(problem)


LAWS = (Law("accuracy", "hostile", accuracy, _has_accuracy),)
