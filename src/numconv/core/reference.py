"""The backend `reference`: each problem by its operator's naive definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

from . import dtypes
from .protocol import Algorithm, Array, Backend, Operator, Plan, Problem, Status

_SECONDS_PER_MAC = 1e-8
# Bytes of a value that sums are kept in, real or complex, and how many copies there are at a time.
WIDEST = (16, 32)
COPIES = 4


def naive_reference(operators: Iterable[Operator], kind: type) -> Callable[..., Array] | None:
    """Return the naive reference that one of `operators` has for problems of this type."""
    found = (operator.naive[kind] for operator in operators if kind in operator.naive)
    return next(found, None)


class NaivePlan(Plan):
    """Calls the naive reference and copies what it gives."""

    def __init__(self, problem: Problem, compute: Callable[..., Array]) -> None:
        self._problem, self._compute = problem, compute

    @property
    def workspace_bytes(self) -> int:
        """An upper bound: copies of everything in a wider type, with its padding."""
        problem: Any = self._problem
        values = sum(map(prod, problem.operand_shapes)) + prod(problem.result_shape)
        sides = zip(
            getattr(problem, "input_shape", ()), getattr(problem, "padding", ()), strict=False
        )
        grown = prod(1 + (lo + max(hi, 0)) / max(size, 1) for size, (lo, hi) in sides)
        return int(COPIES * values * grown * WIDEST[dtypes.kind(problem.dtype) == "complex"])

    def __call__(self, *arrays: Any, out: Array) -> None:
        out[...] = self._compute(self._problem, *arrays)

    def describe(self) -> str:
        return "the definition, one tap at a time, summed in a wider type"


class Naive(Algorithm):
    """The definition itself, whatever it takes."""

    name = "naive"
    last_resort = True

    def __init__(self, compute: Callable[..., Array]) -> None:
        self._compute = compute

    def refusal(self, problem: Problem) -> str | None:
        return None

    def cost(self, problem: Problem) -> float:
        return 1e-3 + problem.macs * _SECONDS_PER_MAC

    def plan(self, problem: Problem) -> Plan:
        return NaivePlan(problem, self._compute)


class ReferenceBackend(Backend):
    """Solves every problem that an operator in `operators` defines, slowly."""

    name = "reference"
    device = "cpu"
    priority = 0

    def __init__(self, operators: Mapping[str, Operator]) -> None:
        self._operators = operators

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Problem) -> tuple[Algorithm, ...]:
        compute = naive_reference(self._operators.values(), type(problem))
        return () if compute is None else (Naive(compute),)
