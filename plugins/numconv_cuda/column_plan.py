"""What is made once for a problem whose kernel walks down columns."""

from __future__ import annotations

from typing import Any

from . import columns
from .array import DeviceArray
from .columns import Column
from .device import Device
from .plan import DevicePlan


class ColumnPlan(DevicePlan):
    """The tables of the axes, and the column of a thread.

    Parameters
    ----------
    problem : problem
    device : Device
    column : Column
    kernel : Kernel
        Made for such columns.
    weight_steps : (int, int, int)
        Elements of the weight from one group to the next, from one given channel, and from one
        result channel.
    tap_step : int
        Elements of the weight from one tap to the next.
    """

    def __init__(
        self,
        problem: Any,
        device: Device,
        column: Column,
        kernel: Any,
        weight_steps: tuple[int, int, int],
        tap_step: int = 1,
    ) -> None:
        super().__init__(problem, device)
        self._column, self._kernel = column, kernel
        self._grid, self._block = columns.grid(problem, column)
        self._tables, numbers = columns.tables(problem, column, tap_step)
        numbers[columns.WEIGHT_GROUP : columns.WEIGHT_RESULT + 1] = weight_steps
        self._numbers = tuple(numbers)

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, self._block)
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        column, grid, block = self._column, self._grid, self._block
        return (
            f"columns of {column.rows} rows x {column.channels} channels a thread, {column.taps} "
            f"taps at once, {grid[0]} x {grid[1]} x {grid[2]} blocks of {block[0]} x {block[1]}"
        )
