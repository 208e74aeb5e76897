"""`direct`: convolutions and their input gradients as matrix products that are never laid out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from math import prod
from typing import Any

import numpy as np

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan
from numconv.core.tables import five_axes, padded_size, three_axes

from .. import status
from ..array import DeviceArray
from ..device import Device
from ..loops.algorithm import LoopsPlan
from ..plan import DevicePlan
from .lowering import Lowering, lower

# Multiply-adds a second that a GPU of an H200's kind makes of this kernel, estimated.
MACS = 15e12
SECONDS_PER_CALL = 8e-6
LEAST_ROWS = 32
LARGEST = 2**31 - 1
# Of a grid along its third axis.
MOST_LAYERS = 65_535
# So many calls of one plan may be under way at once.
FLAGS = 1024


class Direct:
    """Zero padding, floats; any stride, dilation and number of groups, forward and backward."""

    name = "direct"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if status.simulated():
            return "has instructions that Numba's simulator does not know"
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.padding_mode != "zeros" and any(lo > 0 or hi > 0 for lo, hi in problem.padding):
            return f"pads with zeros, not with padding_mode={problem.padding_mode!r}"
        if prod(problem.operand_shapes[0][1:]) > LARGEST:
            return f"counts the samples of an image in 32 bits, not {problem.operand_shapes[0][1:]}"
        if max(padded_size(axis) for axis in three_axes(problem)) > LARGEST:
            return f"counts the places of an axis in 32 bits, padding {problem.padding} included"
        if prod(problem.weight_shape) > LARGEST:
            return f"counts weights in 32 bits, not {problem.weight_shape}"
        if _layers(problem) > MOST_LAYERS:
            return f"takes groups times parts up to {MOST_LAYERS}, not {_layers(problem)}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        channels = problem.result_shape[1] // problem.groups
        # Rows of a tile that no channel has are computed in vain.
        vain = -(-channels // LEAST_ROWS) * LEAST_ROWS / channels
        width = 2 if problem.dtype == "float64" else 1
        return SECONDS_PER_CALL + width * vain * problem.macs / MACS

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return DirectPlan(problem, self._device())


class DirectPlan(DevicePlan):
    """The tables of reads, the numbers of the parts, and the tile."""

    def __init__(self, problem: ConvolutionProblem, device: Device) -> None:
        from . import product

        super().__init__(problem, device)
        lowering = lower(problem)
        self._numbers = _numbers(problem, lowering)
        self._reads = np.concatenate([part.reads for part in lowering.parts])
        self._sources = np.concatenate([part.sources for part in lowering.parts])
        most = max(prod(axis.count for axis in part.axes) for part in lowering.parts)
        self._positions = problem.batch * most
        self._channels = lowering.result_channels
        self._layers = len(lowering.parts) * problem.groups
        self._tile = product.choose(
            self._channels, self._positions, self._layers, self._dtype, device.processors
        )
        self._kernel = product.kernel(self._tile, problem.epilogue.activation)
        self._exact = None
        if problem.direction == "input_gradient":
            self._exact = LoopsPlan(problem, device)
        self._calls = count(1)

    def bind(self, device: Device) -> Any:
        tile = self._tile
        across, down = -(-self._positions // tile.columns), -(-self._channels // tile.rows)
        grid = (across, down, self._layers)
        launch = device.launcher(self._kernel, self._dtype, grid, (tile.threads,))
        tables = [device.upload(each) for each in (self._reads, self._sources, self._numbers)]
        flags = device.upload(np.zeros(FLAGS if self._exact else 1, np.int64))
        exact = self._exact.bind(device) if self._exact else None
        return launch, tables, flags, exact

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables, flags, exact = bound
        mark = next(self._calls)
        flag = flags.data if exact is None else flags.element(mark % FLAGS)
        given = (*self.pointers(arrays, out), *(each.data for each in tables))
        launch(out.stream, *given, flag, mark)
        if self._exact is not None:
            self._exact.launch(exact, arrays, out, (flag, mark))

    def describe(self) -> str:
        tile = self._tile
        return (
            f"tiles of {tile.rows} channels x {tile.columns} positions, "
            f"{tile.threads} threads each, {self._layers} layers of {self._channels} x "
            f"{self._positions}"
        )


def _layers(problem: ConvolutionProblem) -> int:
    """Return groups times parts: what the third axis of the grid counts."""
    if problem.direction == "forward":
        return problem.groups
    return problem.groups * prod(min(axis.stride, axis.size) for axis in three_axes(problem))


def _numbers(problem: ConvolutionProblem, lowering: Lowering) -> np.ndarray[Any, Any]:
    from . import product as k

    epilogue = problem.epilogue
    given, result = five_axes(problem.operand_shapes[0]), five_axes(problem.result_shape)
    g = np.zeros(k.NUMBERS + k.PART_NUMBERS * len(lowering.parts), np.int32)
    g[k.GROUPS], g[k.BATCH] = problem.groups, problem.batch
    g[k.GIVEN_CHANNELS : k.GIVEN_X + 1] = given[1:]
    g[k.RESULT_CHANNELS : k.RESULT_X + 1] = result[1:]
    g[k.IN_STEP_Z : k.IN_STEP_X + 1] = lowering.in_steps
    g[k.OUT_STEP_Z : k.OUT_STEP_X + 1] = lowering.out_steps
    g[k.WEIGHT_GROUP], g[k.WEIGHT_ROW] = lowering.group_stride, lowering.row_stride
    g[k.HAS_BIAS], g[k.HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[k.SHUFFLE] = epilogue.shuffle
    g[k.WATCHES] = problem.direction == "input_gradient"
    at = 0
    for index, part in enumerate(lowering.parts):
        p = g[k.NUMBERS + index * k.PART_NUMBERS :]
        counts = [axis.count for axis in part.axes]
        p[k.COUNT_Z : k.COUNT_X + 1] = counts
        p[k.START_Z : k.START_X + 1] = [axis.start for axis in part.axes]
        p[k.BASE_Z : k.BASE_X + 1] = [axis.base for axis in part.axes]
        p[k.PART_READS], p[k.AT_READS] = len(part.sources), at
        at += len(part.sources)
    return g
