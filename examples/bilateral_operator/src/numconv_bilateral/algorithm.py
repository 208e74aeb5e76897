"""The algorithm `windows`: which problems it accepts, what they cost, and a plan for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import Any

import numpy as np

from numconv.plugin import Algorithm, Array, Plan, get_num_threads

from .problem import BilateralProblem

# Of one core of a 2021 server, for one neighbour of one pixel and for each of its channels. A
# thread is worth starting for what takes longer than its start.
NEIGHBOUR_SECONDS = 6e-9
CHANNEL_SECONDS = 3e-9
THREAD_SECONDS = 150e-6
CALL = 5e-6


def seconds(problem: BilateralProblem) -> float:
    """Return what one thread takes, estimated."""
    neighbours = problem.batch * prod(problem.input_shape) * problem.terms
    return neighbours * (NEIGHBOUR_SECONDS + CHANNEL_SECONDS * problem.channels)


def threads_for(problem: BilateralProblem) -> int:
    """Return how many threads pay, of those that numconv's user allows."""
    return min(get_num_threads(), 1 + int(seconds(problem) / THREAD_SECONDS))


class Windows(Algorithm):
    """The definition, one pixel and its window after the other."""

    name = "windows"

    def refusal(self, problem: Any) -> str | None:
        if not isinstance(problem, BilateralProblem):
            return f"solves bilateral filters, not a {type(problem).__name__}"
        if problem.dtype not in ("float32", "float64"):
            return f"computes float32 and float64, not {problem.dtype}"
        return None

    def cost(self, problem: BilateralProblem) -> float:
        return CALL + seconds(problem) / threads_for(problem)

    def plan(self, problem: BilateralProblem) -> Plan:
        return WindowsPlan(problem)


class WindowsPlan(Plan):
    """One problem, with the distances in its window worked out."""

    def __init__(self, problem: BilateralProblem) -> None:
        from .kernel import smooth  # only here: Numba takes a third of a second to import

        self._smooth, self._problem = smooth, problem
        offsets = (np.arange(size) - size // 2 for size in problem.kernel_shape)
        with np.errstate(over="ignore"):  # what is infinitely far weighs nothing
            rows, columns = ((offset / problem.sigma_space) ** 2 for offset in offsets)
        self._far = rows[:, None] + columns

    @property
    def workspace_bytes(self) -> int:
        """A sum for each channel and thread."""
        return 8 * self._problem.channels * threads_for(self._problem)

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Filter x into `out`. A row is computed whole by one thread: its bits stay the same."""
        (x,) = arrays
        rows, parts = out[:, 0, :, 0].size, threads_for(self._problem)
        ends = [rows * part // parts for part in range(parts + 1)]

        def compute(first: int, last: int) -> None:
            self._smooth(x, self._far, self._problem.sigma_range, first, last, out)

        if parts == 1:
            compute(0, rows)
        else:
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(compute, ends[:-1], ends[1:]))

    def describe(self) -> str:
        height, width = self._problem.kernel_shape
        return f"windows of {height}x{width} pixels, a row by one thread, summed in float64"
