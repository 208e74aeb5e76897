"""`loops`: the algorithm that solves whatever no other algorithm of the backend does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.protocol import Plan
from numconv.core.tables import Axis, Indices, five_axes, readers, sources, three_axes

from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

SECONDS_PER_MAC = 2e-12
SECONDS_PER_CALL = 10e-6
# A mark for launches that depend on no flag.
ALWAYS = 1


class Loops:
    """Every problem, every dtype, by the definition; a thread for each result."""

    name = "loops"
    last_resort = True

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: Any) -> str | None:
        if isinstance(problem, (ConvolutionProblem, InvolutionProblem)):
            return None
        return f"loops solves convolutions and involutions, not {type(problem).__name__}"

    def cost(self, problem: Any) -> float:
        return SECONDS_PER_CALL + int(problem.macs) * SECONDS_PER_MAC

    def plan(self, problem: Any) -> Plan:
        return LoopsPlan(problem, self._device())


class LoopsPlan(DevicePlan):
    """Index tables for one problem, and the numbers that the kernel reads."""

    def __init__(self, problem: Any, device: Device) -> None:
        from . import kernels

        super().__init__(problem, device)
        self._total = prod(problem.result_shape)
        gradient = problem.direction == "input_gradient"
        involution = isinstance(problem, InvolutionProblem)
        make = kernels.involution if involution else kernels.forward
        make = kernels.input_gradient if gradient else make
        self._kernel = kernels.kernel(make, problem.epilogue.activation)
        self._threads = kernels.THREADS
        axes = three_axes(problem)
        tables = _tables(axes, problem.padding_mode, gradient)
        self._tables = np.concatenate(tables)
        firsts = np.cumsum([0, *(table.size for table in tables)])[:-1]
        self._numbers = self._count(problem, tuple(axis.kernel for axis in axes), firsts)

    def _count(
        self, problem: Any, kernel_shape: tuple[int, ...], firsts: NDArray[Any]
    ) -> tuple[np.int64, ...]:
        from . import kernels as k

        epilogue = problem.epilogue
        given, result = five_axes(problem.operand_shapes[0]), five_axes(problem.result_shape)
        g = np.zeros(k.NUMBERS, np.int64)
        g[k.TOTAL], g[k.GROUPS] = self._total, problem.groups
        g[k.GIVEN_CHANNELS : k.GIVEN_X + 1] = given[1:]
        g[k.RESULT_CHANNELS : k.RESULT_X + 1] = result[1:]
        g[k.KERNEL_Z : k.KERNEL_X + 1] = kernel_shape
        g[k.TABLE_Z : k.TABLE_Z + len(firsts)] = firsts
        g[k.HAS_BIAS], g[k.HAS_RESIDUAL] = epilogue.bias, epilogue.residual
        g[k.SHUFFLE] = epilogue.shuffle
        return tuple(g)

    def bind(self, device: Device) -> Any:
        most = 32 * device.processors
        blocks = max(1, min(-(-self._total // self._threads), most))
        launch = device.launcher(self._kernel, self._dtype, (blocks,), (self._threads,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        launch(out.stream, *self.pointers(arrays, out), tables.data, *self._numbers)

    def describe(self) -> str:
        return f"plain loops, a thread for each of {self._total} results"


def _tables(axes: Sequence[Axis], mode: str, gradient: bool) -> list[Indices]:
    """Return the sources of each axis; of a gradient where its readers begin, and who they are."""
    if not gradient:
        return [sources(axis, mode).ravel() for axis in axes]
    begins, outputs, taps = zip(*(readers(axis, mode) for axis in axes), strict=True)
    return [*begins, *outputs, *taps]
