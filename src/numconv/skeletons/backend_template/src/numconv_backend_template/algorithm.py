"""The algorithm `plain`: which problems it accepts, what they cost, and a plan for each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numconv.plugin import (
    Algorithm,
    Array,
    ConvolutionProblem,
    Epilogue,
    Plan,
    get_num_threads,
    tap_source,
)

MACS_PER_THREAD = 100_000  # fewer take less time than a thread takes to start


class Plain(Algorithm):
    """The definition of a convolution, as one loop nest."""

    name = "plain"

    def refusal(self, problem: Any) -> str | None:
        """Return why `problem` is not solved here, in words its owner can act on, or None."""
        if not isinstance(problem, ConvolutionProblem):
            return f"solves convolutions, not {type(problem).__name__}"
        if problem.direction != "forward" or problem.axes != 2:
            return f"computes forward in 2 axes, not {problem.direction} in {problem.axes}"
        if problem.dtype not in ("float32", "float64"):
            return f"computes float32 and float64, not {problem.dtype}"
        if problem.epilogue != Epilogue(bias=problem.epilogue.bias):
            return "adds a bias and no more: no residual, activation or channel shuffle"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        """Return the seconds of a call, estimated: ``algorithm="auto"`` takes the least.

        They are those of one image on one thread. Which algorithm is taken must depend on neither.
        """
        return 5e-6 + 1.4e-9 * problem.macs / max(problem.batch, 1)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return PlainPlan(problem)


class PlainPlan(Plan):
    """One problem, with everything worked out that does not depend on the arrays' values."""

    # What a call allocates besides its operands and its result: where that depends on the problem,
    # `__init__` sets it.
    workspace_bytes = 0

    def __init__(self, problem: ConvolutionProblem) -> None:
        from .kernel import convolve  # only here: Numba takes a third of a second to import

        self._convolve, self._problem = convolve, problem
        p, lows = problem, [low for low, _ in problem.padding]
        sizes = (p.input_shape, p.output_shape, p.kernel_shape, p.stride, lows, p.dilation)
        # One table for each axis knows stride, dilation, padding and its mode.
        axes = zip(*sizes, [p.padding_mode] * 2, strict=True)
        self._rows, self._columns = (tap_source(*axis) for axis in axes)
        self._no_bias = np.zeros(problem.out_channels, problem.dtype)

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Solve the problem for x, weight and maybe a bias: write every element of `out`.

        One thread computes a line whole, so their number changes no bits; they are Python's.
        """
        x, weight, bias = arrays if len(arrays) == 3 else (*arrays, self._no_bias)
        lines = out[..., 0].size
        parts = min(get_num_threads(), 1 + self._problem.macs // MACS_PER_THREAD)
        ends = [lines * part // parts for part in range(parts + 1)]

        def compute(first: int, last: int) -> None:
            self._convolve(x, weight, bias, self._rows, self._columns, first, last, out)

        if parts == 1:
            return compute(0, lines)
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(compute, ends, ends[1:]))

    def describe(self) -> str:
        return "rows of the result, each computed by one thread, summed in float64"
