"""`depthwise`: groups of few channels, each sample read once for a few rows."""

from __future__ import annotations

from collections.abc import Callable
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


class Depthwise:
    """Up to 8 given channels in a group; any stride, dilation and padding mode, forward."""

    name = "depthwise"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        in_group = problem.in_channels // problem.groups
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.direction != "forward":
            return "computes the forward direction, not the input gradient"
        if in_group > MOST_CHANNELS:
            return f"takes up to {MOST_CHANNELS} given channels in each group, not {in_group}"
        if max(problem.batch, problem.out_channels) > columns.MOST_BLOCKS:
            given = (problem.batch, problem.out_channels)
            return f"takes up to {columns.MOST_BLOCKS} images and channels, not {given}"
        return columns.refusal(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        # A sample is read again for each result channel of its group, though mostly from a cache.
        return SECONDS_PER_CALL + problem.min_bytes / BYTES + problem.macs / MACS

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return DepthwisePlan(problem, self._device())


class DepthwisePlan(DevicePlan):
    """The tables of the padded axes, and the grid."""

    def __init__(self, problem: ConvolutionProblem, device: Device) -> None:
        from .depthwise_kernel import kernel

        super().__init__(problem, device)
        self._rows = columns.rows_of(problem)
        self._kernel = kernel(self._rows, problem.epilogue.activation)
        self._grid = (columns.blocks_of(problem, self._rows), problem.out_channels, problem.batch)
        self._tables, self._numbers = columns.tables(problem, self._rows)

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (columns.THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        return (
            f"columns of {self._rows} rows a thread, "
            f"{self._grid[0]} x {self._grid[1]} x {self._grid[2]} blocks of {columns.THREADS}"
        )
