"""`involution`: each sample read once for a few rows, each kernel once for a few channels."""

from __future__ import annotations

from collections.abc import Callable
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
# Channels that share their kernels, of which a thread may have so many.
CHANNELS = (1, 2, 4)


class Involution:
    """Floats; any stride, dilation, padding mode and number of groups, in one to three axes."""

    name = "involution"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: InvolutionProblem) -> str | None:
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.batch * problem.groups > columns.MOST_BLOCKS:
            layers = problem.batch * problem.groups
            return f"takes images times groups up to {columns.MOST_BLOCKS}, not {layers}"
        if problem.channels // problem.groups > columns.MOST_BLOCKS:
            return f"takes up to {columns.MOST_BLOCKS} channels in a group"
        return columns.refusal(problem)

    def cost(self, problem: InvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES

    def plan(self, problem: InvolutionProblem) -> Plan:
        return InvolutionPlan(problem, self._device())


def channels(dtype: str) -> tuple[int, ...]:
    """Return how many channels a thread may have. Of float64, fewer fit its registers."""
    return CHANNELS[:-1] if dtype == "float64" else CHANNELS


class InvolutionPlan(DevicePlan):
    """The tables of the padded axes, and the shape of what a thread has."""

    def __init__(self, problem: InvolutionProblem, device: Device) -> None:
        from . import kernel as k

        super().__init__(problem, device)
        in_group = problem.channels // problem.groups
        own = max(count for count in channels(problem.dtype) if count <= in_group)
        self._column = k.Column(columns.rows_of(problem), own)
        self._kernel = k.kernel(self._column, problem.epilogue.activation)
        chunks = -(-in_group // self._column.channels)
        layers = problem.batch * problem.groups
        self._grid = (columns.blocks_of(problem, self._column.rows), chunks, layers)
        self._tables, self._numbers = columns.tables(problem, self._column.rows)

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (columns.THREADS,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        column = self._column
        return (
            f"columns of {column.rows} rows x {column.channels} channels a thread, "
            f"{self._grid[0]} x {self._grid[1]} x {self._grid[2]} blocks of {columns.THREADS}"
        )
