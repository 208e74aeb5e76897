"""Which dtypes are computed, what they accumulate in and what they give back."""

from __future__ import annotations

from typing import get_args

import numpy as np

from .signatures import Complex, Float, Integer

FLOATS: tuple[str, ...] = get_args(Float)
COMPLEXES: tuple[str, ...] = get_args(Complex)
INTEGERS: tuple[str, ...] = get_args(Integer)
DTYPES = FLOATS + COMPLEXES + INTEGERS

_KINDS = {
    **dict.fromkeys(FLOATS, "float"),
    **dict.fromkeys(COMPLEXES, "complex"),
    **dict.fromkeys(INTEGERS, "integer"),
}


def kind(dtype: str) -> str:
    """Return ``"float"``, ``"complex"`` or ``"integer"``."""
    return _KINDS[dtype]


def accumulator(dtype: str) -> str:
    """Return the dtype in which sums of products of `dtype` are kept."""
    if dtype == "float16":
        return "float32"
    return "int64" if dtype in INTEGERS else dtype


def result(dtype: str) -> str:
    """Return the dtype of a result: the operands', but int64 for every integer.

    As for `numpy.sum`, a sum of small integers is not a small integer.
    """
    return "int64" if dtype in INTEGERS else dtype


def epsilon(dtype: str) -> float:
    """Return the rounding unit of the dtype's accumulator; 0 for integers."""
    wide = accumulator(dtype)
    return 0.0 if wide == "int64" else float(np.finfo(wide).eps)


def widest(dtype: str) -> str:
    """Return the dtype in which results of `dtype` are added up and compared."""
    return {"integer": "int64", "complex": "complex128"}.get(kind(dtype), "float64")
