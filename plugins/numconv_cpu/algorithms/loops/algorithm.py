"""`loops`: the algorithm that solves whatever no other algorithm of the backend does."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.tables import Axis, five_axes, three_axes
from numconv.core.threads import get_num_threads

from ...runtime.process import OfThisProcess

SECONDS_PER_MAC = 1.5e-9
SECONDS_PER_CALL = 5e-6


class Loops:
    """Every problem, every dtype, by the definition; threads over the rows of the result."""

    name = "loops"
    last_resort = True

    def refusal(self, problem: Any) -> str | None:
        if isinstance(problem, (ConvolutionProblem, InvolutionProblem)):
            return None
        return f"loops solves convolutions and involutions, not {type(problem).__name__}"

    def cost(self, problem: Any) -> float:
        slowdown = 3 if dtypes.kind(problem.dtype) == "complex" else 1
        threads = max(1, min(get_num_threads(), prod(problem.result_shape[:-1])))
        return SECONDS_PER_CALL + int(problem.macs) * SECONDS_PER_MAC * slowdown / threads

    def plan(self, problem: Any) -> Plan:
        from ...kernel.conversion import plan_in_accumulator

        return plan_in_accumulator(problem, LoopsPlan)


class LoopsPlan(OfThisProcess):
    """Three axes for one problem whose dtype has kernels of its own."""

    workspace_bytes = 0

    def __init__(self, problem: Any) -> None:
        from ...kernel.padding import FAR, Copies, Lines, Readers
        from ...kernel.records import Tables, record, result_numbers
        from ...runtime.launch import worker
        from . import kernels

        axes = three_axes(problem)
        gradient = problem.direction == "input_gradient"
        mode = problem.padding_mode

        def lines(axis: Axis) -> Lines:
            first = axis.dilation * np.arange(axis.kernel) - axis.lo
            return Lines(first, axis.stride, axis.size, FAR, mode)

        found = [lines(axis).numbers() for axis in axes]
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
            found = [*backwards, found[2]]
        kernel = kernels.input_gradient if gradient else kernels.forward
        first, second = map(five_axes, problem.operand_shapes)
        if isinstance(problem, InvolutionProblem):
            taps = problem.kernel_shape
            shape = five_axes(problem.operand_shapes[1], 2 + len(taps))
            second = (*shape[:2], prod(taps), *shape[-3:])
            kernel = kernels.involution
        self._result_shape = five_axes(problem.result_shape)
        self._rows = prod(self._result_shape[:-1])
        shapes = zip(kernels.SHAPES, (*first, *second, 1)[:11] + self._result_shape, strict=True)
        numbers = {**dict.fromkeys(kernels.TABLES, 0), **dict(shapes), **result_numbers(problem)}
        tables = Tables()
        for i, table in enumerate(found):
            numbers |= {f"at{i}": tables.add(table), f"length{i}": len(table)}
        numbers |= {"groups": problem.groups, "rows": self._rows}
        geometry = record(kernels.NUMBERS, numbers)
        self._epilogue = problem.epilogue
        self._tables = tables.array()
        self._geometry = geometry.view(np.int64)
        record = geometry.dtype
        self._worker = worker(kernel, problem.dtype, record, record, arrays=True)
        self._workers = get_num_threads()
        self._work = 4 * problem.macs

    def __call__(self, *arrays: Array, out: Array) -> None:
        from ...runtime.threads import run

        if out.size == 0:
            return
        x, weight, *rest = arrays
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1] if self._epilogue.residual else x
        told = (self._tables, self._geometry, self._geometry)
        operands = (x, weight, bias, residual, out, x)
        run(self._worker, 1, self._workers, *operands, *told, work=self._work)

    def prepare(self, weight: Array) -> Array:
        return weight

    def describe(self) -> str:
        return f"plain loops, {self._rows} rows of {self._result_shape[-1]} outputs"
