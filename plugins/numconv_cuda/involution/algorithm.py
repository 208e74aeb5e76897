"""`involution`: each sample read once for a few rows, each kernel once for a few channels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from numconv.core import dtypes
from numconv.core.problems import InvolutionProblem
from numconv.core.protocol import Plan

from .. import columns
from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

BYTES = 3e12
SECONDS_PER_CALL = 8e-6
LARGEST = 2**31 - 1
# More would be more kernels as well, which fill the registers.
ROWS = columns.ROWS[1:]


class Involution:
    """Floats; any stride, dilation, padding mode and number of groups, in one to three axes."""

    name = "involution"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: InvolutionProblem) -> str | None:
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        own = problem.kernels_shape[2:]
        if prod(own) > LARGEST:
            return f"counts the kernels of a group in 32 bits, not {own}"
        return columns.refusal(problem)

    def cost(self, problem: InvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES

    def plan(self, problem: InvolutionProblem) -> Plan:
        return InvolutionPlan(problem, self._device())


class InvolutionPlan(DevicePlan):
    """The tables of the axes, and the column of a thread."""

    def __init__(self, problem: InvolutionProblem, device: Device) -> None:
        from .kernel import kernel

        super().__init__(problem, device)
        self._column = columns.column(problem, ROWS)
        self._kernel = kernel(self._column, problem.epilogue.activation)
        self._grid = columns.grid(problem, self._column)
        plane = prod(problem.output_shape)
        self._tables, self._numbers = columns.tables(problem, self._column, plane)
        self._numbers[columns.WEIGHT_GROUP] = prod(problem.kernels_shape[2:])

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (columns.THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        return columns.describe(self._column, self._grid)
