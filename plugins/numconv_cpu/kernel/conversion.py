"""Dtypes without kernels of their own: converted before a plan runs, and back after it.

float16 is stored in 16 bits and summed in float32, small integers are summed in int64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from numconv.plugin import Array, Plan, Preparing, accumulator


def plan_in_accumulator(problem: Any, plan: Callable[[Any], Plan]) -> Plan:
    """Return a plan for `problem`, made by `plan` for the dtype the problem accumulates in.

    `plan` therefore sees float32, float64, complex64, complex128 and int64 only.
    """
    wide = accumulator(problem.dtype)
    if wide == problem.dtype:
        return plan(problem)
    return ConvertedPlan(problem, plan(replace(problem, dtype=wide)))


class ConvertedPlan:
    """A plan for a wide dtype, called with arrays of a narrow one."""

    def __init__(self, problem: Any, wide_plan: Plan) -> None:
        self._narrow = np.dtype(problem.dtype)
        self._wide = np.dtype(accumulator(problem.dtype))
        self._result = np.dtype(problem.result_dtype)
        self._plan = wide_plan
        copies = sum(map(prod, problem.operand_shapes))
        if self._result != self._wide:
            results = prod(problem.result_shape)
            copies += results * (1 + problem.epilogue.residual)
        self.workspace_bytes = wide_plan.workspace_bytes + copies * self._wide.itemsize

    def __call__(self, *arrays: Any, out: Array) -> None:
        wide = [self._widen(array) for array in arrays]
        if self._result == self._wide:
            self._plan(*wide, out=out)
            return
        result = np.empty(out.shape, self._wide)
        self._plan(*wide, out=result)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            out[...] = result

    def _widen(self, array: Any) -> Any:
        # A prepared weight is wide already, and need not even be an array.
        if isinstance(array, np.ndarray) and array.dtype == self._narrow:
            return array.astype(self._wide)
        return array

    def prepare(self, weight: Array) -> Any:
        wide = self._widen(weight)
        return self._plan.prepare(wide) if isinstance(self._plan, Preparing) else wide

    def describe(self) -> str:
        return f"{self._narrow} through {self._wide}; {self._plan.describe()}"
