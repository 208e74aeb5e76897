"""Operands in the type in which sums are kept."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numba import cuda

from numconv.core import dtypes
from numconv.core.protocol import Plan

from .array import DeviceArray
from .compile import Integer, Kernel, Sums, Values
from .device import Device
from .plan import DevicePlan

THREADS = 256


def _make(_: Any) -> Callable[..., None]:
    def kernel(values: Values, widened: Sums, total: Integer) -> None:
        index = cuda.grid(1)
        if index < total:
            widened[index] = values[index]

    return kernel


KERNEL = Kernel("widen", _make, THREADS)


def widen(device: Any, target: DeviceArray, source: DeviceArray) -> None:
    """Copy between contiguous arrays, to the type in which sums of the source are kept."""
    assert target.dtype == dtypes.accumulator(source.dtype.name)
    grid = (-(-source.size // THREADS),)
    launch = device.launcher(KERNEL, source.dtype.name, grid, (THREADS,))
    launch(target.stream, source.data, target.data, source.size)


class WidenedPlan(DevicePlan):
    """A plan for wide operands that is given narrow ones, and whose result is wide.

    Parameters
    ----------
    problem : problem
        Of the narrow operands, without an epilogue.
    device : Device
    inner : Plan
        For the same problem in the type in which its sums are kept.
    """

    def __init__(self, problem: Any, device: Device, inner: Plan) -> None:
        super().__init__(problem, device)
        self._inner, self._wide = inner, np.dtype(dtypes.accumulator(problem.dtype))
        self._totals = [prod(shape) for shape in problem.operand_shapes]
        self.workspace_bytes = sum(self._totals) * self._wide.itemsize + inner.workspace_bytes

    def bind(self, device: Device) -> Any:
        grids = [(-(-total // THREADS),) for total in self._totals]
        return [device.launcher(KERNEL, self._dtype, grid, (THREADS,)) for grid in grids]

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        widened = []
        for run, total, array in zip(bound, self._totals, arrays, strict=True):
            wide = out.device.empty(array.shape, self._wide, out.stream)
            run(out.stream, array.data, wide.data, total)
            widened.append(wide)
        self._inner(*widened, out=out)

    def describe(self) -> str:
        return f"operands as {self._wide}; {self._inner.describe()}"
