"""The algorithm `rows`: which problems it accepts, what they cost, and a plan for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numconv.plugin import Algorithm, Array, Plan, get_num_threads, tap_source

from .problem import UnsharedProblem

# Of one core of a 2021 server.
CALL_SECONDS = 5e-6
MAC_SECONDS = 1e-9

MACS_PER_THREAD = 100_000  # fewer take less time than a thread takes to start


class Rows(Algorithm):
    """The definition, one row of one channel after the other."""

    name = "rows"

    def refusal(self, problem: Any) -> str | None:
        """Return why `problem` is not solved here, in words its owner can act on, or None."""
        if not isinstance(problem, UnsharedProblem):
            return f"solves locally connected layers, not {type(problem).__name__}"
        if problem.direction != "forward":
            return f"computes forward, not {problem.direction}"
        if problem.dtype not in ("float32", "float64"):
            return f"computes float32 and float64, not {problem.dtype}"
        return None

    def cost(self, problem: UnsharedProblem) -> float:
        """Return the seconds that one image takes on one thread, estimated.

        Which algorithm is taken must depend on neither the batch nor the threads.
        """
        return CALL_SECONDS + MAC_SECONDS * problem.macs / max(problem.batch, 1)

    def plan(self, problem: UnsharedProblem) -> Plan:
        return RowsPlan(problem)


class RowsPlan(Plan):
    """One problem, with everything worked out that does not depend on the arrays' values."""

    workspace_bytes = 0  # what a call allocates besides its operands and its result

    def __init__(self, problem: UnsharedProblem) -> None:
        from .kernel import add_products  # only here: Numba takes a third of a second to import

        self._add_products, self._problem = add_products, problem
        lows = [low for low, _ in problem.padding]
        sizes = (problem.input_shape, problem.output_shape, problem.kernel_shape, problem.stride)
        # One table for each axis knows stride and padding; the dilation is 1.
        axes = zip(*sizes, lows, strict=True)
        self._rows, self._columns = (tap_source(*axis, 1, "zeros") for axis in axes)

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Solve the problem for x, weight and maybe an offset: write every element of `out`.

        One thread computes a line whole, so their number changes no bits; they are Python's.
        """
        x, weight, *offset = arrays
        out[...] = offset[0] if offset else 0
        lines = out[..., 0].size
        parts = min(get_num_threads(), 1 + self._problem.macs // MACS_PER_THREAD)
        ends = [lines * part // parts for part in range(parts + 1)]

        def compute(first: int, last: int) -> None:
            self._add_products(x, weight, self._rows, self._columns, first, last, out)

        if parts == 1:
            return compute(0, lines)
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(compute, ends, ends[1:]))

    def describe(self) -> str:
        return f"rows of the result, each by one thread, summed in {self._problem.dtype}"
