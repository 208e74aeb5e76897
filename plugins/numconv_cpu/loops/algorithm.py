"""`loops`: the algorithm that solves whatever no other algorithm of the backend does."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.tables import Axis, five_axes, three_axes
from numconv.core.threads import get_num_threads

SECONDS_PER_MAC = 1.5e-9
SECONDS_PER_CALL = 5e-6


class Loops:
    """Every problem, every dtype, by the definition; threads over the rows of the result."""

    name = "loops"
    last_resort = True

    def refusal(self, problem: Any) -> str | None:
        if isinstance(problem, (ConvolutionProblem, InvolutionProblem)):
            return None
        return f"loops solves convolutions and involutions, not a {type(problem).__name__}"

    def cost(self, problem: Any) -> float:
        slowdown = 3 if dtypes.kind(problem.dtype) == "complex" else 1
        threads = max(1, min(get_num_threads(), prod(problem.result_shape[:-1])))
        return SECONDS_PER_CALL + int(problem.macs) * SECONDS_PER_MAC * slowdown / threads

    def plan(self, problem: Any) -> Plan:
        from ..convert import plan_in_accumulator

        return plan_in_accumulator(problem, LoopsPlan)


class LoopsPlan:
    """Three axes for one problem whose dtype has kernels of its own."""

    workspace_bytes = 0

    def __init__(self, problem: Any) -> None:
        from ..activate import CODES
        from ..lines import FAR, Copies, Lines, Readers
        from ..threads import run
        from . import kernels

        epilogue = problem.epilogue
        axes = three_axes(problem)
        gradient = problem.direction == "input_gradient"
        mode = problem.padding_mode

        def lines(axis: Axis) -> Lines:
            first = axis.dilation * np.arange(axis.kernel) - axis.lo
            return Lines(first, axis.stride, axis.size, FAR, mode)

        self._axes = tuple(lines(axis).numbers() for axis in axes)
        if gradient:
            outer = zip(axes[:2], (*((0, 0),) * 3, *problem.padding)[-3:-1], strict=True)
            backwards = (
                table.numbers()
                for axis, (_, hi) in outer
                for table in (
                    Copies(axis.size, axis.lo, hi, mode),
                    Readers(axis.outputs, axis.kernel, axis.stride, axis.dilation),
                )
            )
            self._axes = (*backwards, self._axes[2])
        self._epilogue = epilogue
        self._activation = CODES[epilogue.activation]
        self._groups = problem.groups
        self._shapes = tuple(map(five_axes, problem.operand_shapes))
        kernel = kernels.input_gradient if gradient else kernels.forward
        if isinstance(problem, InvolutionProblem):
            taps = problem.kernel_shape
            kernels_shape = five_axes(problem.operand_shapes[1], 2 + len(taps))
            self._shapes = (self._shapes[0], (*kernels_shape[:2], prod(taps), *kernels_shape[-3:]))
            kernel = kernels.involution
        self._result_shape = five_axes(problem.result_shape)
        self._no_bias = np.empty(0, problem.dtype)
        self._no_residual = np.empty((0,) * 5, problem.dtype)
        self._run = partial(run, kernel, work=4 * problem.macs)
        self._rows = prod(self._result_shape[:-1])

    def __call__(self, *arrays: Any, out: Array) -> None:
        first, second, *rest = arrays
        bias = rest.pop(0) if self._epilogue.bias else self._no_bias
        residual = rest.pop(0) if self._epilogue.residual else self._no_residual
        if self._epilogue.residual:
            residual = residual.reshape(self._result_shape)
        if out.size == 0:
            return
        self._run(
            first.reshape(self._shapes[0]),
            second.reshape(self._shapes[1]),
            (bias, residual, self._epilogue.shuffle, self._activation),
            out.reshape(self._result_shape),
            self._axes,
            self._groups,
        )

    def prepare(self, weight: Array) -> Array:
        return weight

    def describe(self) -> str:
        return f"plain loops, {self._rows} rows of {self._result_shape[-1]} outputs"
