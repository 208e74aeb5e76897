"""`involution`: each sample read once for a few rows, each kernel once for a few channels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core import dtypes
from numconv.core.geometry import source_index
from numconv.core.problems import InvolutionProblem
from numconv.core.protocol import Plan
from numconv.core.tables import Axis, five_axes, padded_size, three_axes

from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

BYTES = 3e12
SECONDS_PER_CALL = 8e-6
LARGEST = 2**31 - 1
# Rows that share their samples, and channels that share their kernels: what a thread may have.
ROWS = 4
CHANNELS = (1, 2, 4)
# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535


class Involution:
    """Floats; any stride, dilation, padding mode and number of groups, in one to three axes."""

    name = "involution"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: InvolutionProblem) -> str | None:
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.batch * problem.groups > MOST_BLOCKS:
            layers = problem.batch * problem.groups
            return f"takes images times groups up to {MOST_BLOCKS}, not {layers}"
        if problem.channels // problem.groups > MOST_BLOCKS:
            return f"takes up to {MOST_BLOCKS} channels in a group"
        if max(padded_size(axis) for axis in three_axes(problem)) > LARGEST // 4:
            return f"takes axes of up to {LARGEST // 4} samples, padding included"
        return None

    def cost(self, problem: InvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES

    def plan(self, problem: InvolutionProblem) -> Plan:
        return InvolutionPlan(problem, self._device())


class InvolutionPlan(DevicePlan):
    """The tables of the padded axes, and the shape of what a thread has."""

    def __init__(self, problem: InvolutionProblem, device: Device) -> None:
        from . import kernel as k

        super().__init__(device)
        self._dtype, self._epilogue = problem.dtype, problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        axes = three_axes(problem)
        in_group = problem.channels // problem.groups
        y = axes[1]
        shares = y.outputs >= ROWS and _steps(y, ROWS)[0].size < ROWS * y.kernel
        own = max(count for count in CHANNELS if count <= in_group)
        self._column = k.Column(ROWS if shares else 1, own)
        self._kernel = k.kernel(self._column, problem.epilogue.activation)
        self._threads = k.THREADS
        row_blocks = -(-y.outputs // self._column.rows)
        chunks = -(-in_group // self._column.channels)
        places = axes[0].outputs * row_blocks * axes[2].outputs
        layers = problem.batch * problem.groups
        self._grid = (-(-places // k.THREADS), chunks, layers)
        self._tables, self._numbers = _tables(problem, axes, self._column.rows, row_blocks)

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (self._threads,))
        return launch, device.upload(self._tables), device.upload(self._numbers)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables, numbers = bound
        x, kernels, *rest = arrays
        bias = rest[0] if self._epilogue.bias else out
        residual = rest[-1] if self._epilogue.residual else out
        launch(out.stream, *(a.data for a in (x, kernels, bias, residual, out, tables, numbers)))

    def describe(self) -> str:
        column = self._column
        return (
            f"columns of {column.rows} rows x {column.channels} channels a thread, "
            f"{self._grid[0]} x {self._grid[1]} x {self._grid[2]} blocks of {self._threads}"
        )


def _tables(
    problem: InvolutionProblem, axes: tuple[Axis, ...], rows: int, row_blocks: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return where the places of each axis come from, which taps meet, and the numbers."""
    from . import kernel as k

    y = axes[1]
    sources = [_sources(axis, problem.padding_mode) for axis in axes]
    last = (row_blocks * rows - 1) * y.stride + (y.kernel - 1) * y.dilation + 1
    sources[1] = np.concatenate([sources[1], np.full(last - sources[1].size, -1)])
    offsets, taps = _steps(y, rows)
    pieces = [*sources, offsets, taps]
    firsts = np.cumsum([0, *(piece.size for piece in pieces)])
    g = np.zeros(k.NUMBERS, np.int32)
    g[k.BATCH], g[k.GROUPS], g[k.CHANNELS] = problem.batch, problem.groups, problem.channels
    g[k.GIVEN_Z : k.GIVEN_X + 1] = five_axes(problem.operand_shapes[0])[2:]
    g[k.RESULT_Z : k.RESULT_X + 1] = [axis.outputs for axis in axes]
    g[k.KERNEL_Z : k.KERNEL_X + 1] = [axis.kernel for axis in axes]
    g[k.STRIDE_Z : k.STRIDE_X + 1] = [axis.stride for axis in axes]
    g[k.DILATION_Z : k.DILATION_X + 1] = [axis.dilation for axis in axes]
    g[k.ROW_BLOCKS], g[k.STEPS] = row_blocks, offsets.size
    epilogue = problem.epilogue
    g[k.HAS_BIAS], g[k.HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[k.SHUFFLE] = epilogue.shuffle
    g[k.SOURCE_Z : k.TAPS + 1] = firsts[:5]
    return np.concatenate(pieces).astype(np.int32), g


def _sources(axis: Axis, mode: str) -> NDArray[np.int64]:
    """Return the sample that stands at each place of the padded axis; -1 is a zero."""
    length = padded_size(axis)
    return source_index(axis.size, axis.lo, max(length - axis.lo - axis.size, 0), mode)[:length]


def _steps(axis: Axis, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which samples some neighbouring results see, and with which tap each; -1: with none.

    Returns
    -------
    offsets : (steps,)
        From the first sample that the first of them sees, ascending.
    taps : (steps * rows,)
    """
    row, tap = np.meshgrid(np.arange(rows), np.arange(axis.kernel), indexing="ij")
    seen = row * axis.stride + tap * axis.dilation
    offsets, step = np.unique(seen, return_inverse=True)
    taps = np.full((offsets.size, rows), -1)
    taps[step.reshape(seen.shape), row] = tap
    return offsets, taps.ravel()
