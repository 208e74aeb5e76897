"""`depthwise`: groups of few channels, each sample read once for a few rows."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from .. import columns
from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

# Bytes and multiply-adds a second that a GPU of an H200's kind makes of this kernel, estimated.
BYTES = 3e12
MACS = 6e12
SECONDS_PER_CALL = 8e-6
MOST_CHANNELS = 8
LARGEST = 2**31 - 1


class Depthwise:
    """Up to 8 given channels in a group; any stride, dilation and padding mode, both directions."""

    name = "depthwise"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        given = problem.operand_shapes[0][1] // problem.groups
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if given > MOST_CHANNELS:
            return f"takes up to {MOST_CHANNELS} given channels in each group, not {given}"
        if prod(problem.weight_shape) > LARGEST:
            return f"counts weights in 32 bits, not {problem.weight_shape}"
        return columns.refusal(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        # Groups with many result channels are read again, though mostly from a cache.
        return SECONDS_PER_CALL + problem.min_bytes / BYTES + problem.macs / MACS

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return DepthwisePlan(problem, self._device())


class DepthwisePlan(DevicePlan):
    """The tables of the axes, and the column of a thread."""

    def __init__(self, problem: ConvolutionProblem, device: Device) -> None:
        from .depthwise_kernel import kernel

        super().__init__(problem, device)
        self._column = columns.column(problem)
        self._kernel = kernel(self._column, problem.dtype, problem.epilogue.activation)
        self._grid = columns.grid(problem, self._column)
        self._tables, self._numbers = columns.tables(problem, self._column)
        taps = prod(problem.kernel_shape)
        filters = prod(problem.weight_shape[1:])
        forward = problem.direction == "forward"
        self._numbers[columns.WEIGHT_GIVEN] = taps if forward else filters
        self._numbers[columns.WEIGHT_RESULT] = filters if forward else taps
        self._numbers[columns.WEIGHT_GROUP] = prod(problem.weight_shape) // problem.groups

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (columns.THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        return columns.describe(self._column, self._grid)
