"""The plan of `depthwise`: strips of one channel are packed, multiplied and stored in one go."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ..launch import start, worker
from ..simd.machine import machine
from ..threads import run
from ..workspace import workspace
from . import layout
from .lowering import Lowering, lower
from .sweep import sweep

# The planes of a strip stay in the second-level cache, its sums in the first.
PLANE_BYTES = 96 * 1024
SUM_BYTES = 8 * 1024
READS = 512
TASKS_PER_WORKER = 4
TASK_MACS = 20_000

SWEEP = (
    "batch",
    "groups",
    "result_channels",
    "tasks",
    "grain",
    "strips",
    "strip",
    "reads",
    "at_offsets",
    "position_block",
    "at_planes",
    "at_sums",
    "memory",  # per worker
    "margin",
)
SWEEP_DTYPE_PART = ("count_x", "count_y", "count_z", "start_z", "start_y", "start_x")


class StripPlan:
    """A forward convolution with one input channel in each group."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        itemsize = np.dtype(problem.dtype).itemsize
        strip = _strip(problem, lower(problem, (1, 1)), self._workers)
        lowering = lower(problem, (1, strip))
        lanes = machine().lanes(itemsize)
        span = machine().vectors(1) * lanes
        (part,) = lowering.parts
        tables = layout.Tables()
        count_z, count_y, count_x = part.counts
        strips = -(-count_y // strip)
        tasks = problem.batch * problem.groups * count_z * strips
        positions = (strip - 1) * lowering.pitch + count_x
        block = min(-(-positions // span), max(SUM_BYTES // itemsize // span, 1)) * span
        planes = lowering.channel + lowering.shared + span
        memory = -(-(planes + block + span) // 16) * 16
        per_task = prod(part.counts[1:]) * part.offsets.size // strips
        self._size = memory * self._workers
        self._strips = tasks
        self._positions = block
        identity = np.arange(READS, dtype=np.int64)
        numbers = {
            **layout.planes(lowering, tables, problem.in_channels, strip),
            **layout.result_numbers(problem.result_shape, problem.epilogue),
            "stride_z": 1,
            "stride_y": 1,
            "stride_x": 1,
            "rows": 1,
            "lanes": lanes,
            "span": span,
            "narrow": 0,
            "block": READS,
            "panel": 0,
            "at_panel": tables.add(identity),
            "scratch_pitch": block + span,
            "batch": problem.batch,
            "groups": problem.groups,
            "result_channels": lowering.result_channels,
            "tasks": tasks,
            "grain": max(min(TASK_MACS // max(per_task, 1), tasks // (8 * self._workers)), 1),
            "strips": strips,
            "strip": strip,
            "reads": part.offsets.size,
            "at_offsets": tables.add(part.offsets),
            "position_block": block,
            "at_planes": 0,
            "at_sums": planes,
            "memory": memory,
            "margin": lowering.shared + span,
            "count_z": count_z,
            "count_y": count_y,
            "count_x": count_x,
            "start_z": 0,
            "start_y": 0,
            "start_x": 0,
        }
        names = (*layout.PLANES, *layout.PRODUCT, *layout.RESULT, *SWEEP, *SWEEP_DTYPE_PART)
        geometry = layout.record(problem.dtype, 1, names, numbers)
        self._geometry = geometry.view(np.int64)
        self._strip = strip
        self._span = span
        self._tables = tables.array()
        self._worker = worker(sweep, problem.dtype, geometry.dtype, geometry.dtype)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._size * np.dtype(self._dtype).itemsize

    def __call__(self, x: Array, weight: Array, *rest: Array, out: Array) -> None:
        """Solve the problem for x, weight, bias and residual."""
        if self._empty:
            return
        memory: NDArray[Any] = workspace(self._dtype, self._size)
        x, weight = x.reshape(-1), weight.reshape(-1)
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1].reshape(-1) if self._epilogue.residual else x
        arrays = (x, weight, bias, residual, out.reshape(-1), memory, self._tables)
        records = (self._geometry, self._geometry)
        run(start, self._worker, 1, self._workers, *arrays, *records, work=self._work)

    def prepare(self, weight: Array) -> Array:
        """Return the weight: it is read in its own order."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        return (
            f"tile 1 channel x {self._span} positions, "
            f"{self._strips} strips of {self._strip} rows, "
            f"blocks of {self._positions} positions, on {self._workers} threads"
        )


def _strip(problem: ConvolutionProblem, lowering: Lowering, workers: int) -> int:
    """Return how many rows of results a strip has.

    Its planes should fit the cache and yet be much higher than the rows that neighbouring strips
    both read, and there should be enough strips for all workers.
    """
    (part,) = lowering.parts
    rows, reach = part.counts[1], lowering.axes[1].reach
    slots = lowering.axes[0].slots * lowering.layers * lowering.axes[1].slots
    row_bytes = slots * lowering.axes[2].slots * lowering.pitch * np.dtype(problem.dtype).itemsize
    fitting = max(PLANE_BYTES // row_bytes - reach, 2 * reach, 4)
    others = max(problem.batch, 1) * problem.groups * part.counts[0]
    wanted = -(-TASKS_PER_WORKER * workers // others) if workers > 1 else 1
    shared = max(-(-rows // wanted), min(4 * reach, rows), 1)
    strips = -(-rows // min(fitting, shared, rows))
    return -(-rows // strips)
