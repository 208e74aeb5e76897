"""The plan of `depthwise` in the input gradient: what the compiled call is told, and the call."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.axes import LoweredAxis
from ...kernel.lowering import lower
from ...kernel.records import RESULT, Tables, record, result_numbers, whole_lines
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import run
from ...runtime.workspace import Workspace
from ...simd.machine import machine
from ...simd.tile import tile_field
from ..loops.algorithm import Loops
from .blocking import TASKS_PER_WORKER, Blocking, choose_blocking
from .numbers import SLAB, sample_table_size, slab_numbers
from .phases import sweep_phases
from .sweep import TILE_ROWS
from .tap_runs import tap_runs

# The first elements of the workspace carry messages.
MESSAGES = whole_lines(1)

NUMBERS = (
    *SLAB,
    *RESULT,
    "groups",
    "result_channels",  # in a group
    "taps",
    "parts",
    "tasks",
    "blocks",  # of one channel
    "blocks_y",
    "block_z",  # results of a task, of each phase
    "block_y",
    "messages",
    "memory",  # per worker
    "at_scratch",
    "lanes",
    "layer",  # elements of a slab from one z, and from one row of results, to the next
    "row_step",
    "phase_pitch",  # from one phase of a row to the next
    "row_pitch",  # from one row of results, all its phases, to the next
    "stride_z",
    "stride_y",
    "stride_x",
)
PART = ("count_z", "count_y", "start_z", "start_y", "at_phases")
PART_DTYPE = np.dtype([(name, np.int64) for name in PART])


class PhasePlan(OfThisProcess):
    """An input gradient with one given channel in each group, whose padding is of zeros.

    At the borders some taps have no sample to read. Here they read a zero, which is the same
    unless the weight is infinite or NaN; then plain loops do the work.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        lowering = lower(problem)
        axes, itemsize = lowering.axes, np.dtype(problem.dtype).itemsize
        lanes = machine().lanes(itemsize)
        channels = problem.batch * problem.groups
        wanted = -(-TASKS_PER_WORKER * self._workers // max(channels, 1))
        self._blocking = pieces = choose_blocking(axes, itemsize, lanes, wanted, distance=1)
        blocks = [-(-axes[i].count // pieces.block[i]) for i in (0, 1)]
        tables = Tables()
        parts = _parts(axes, (1,) * (3 - problem.axes) + problem.kernel_shape, pieces, tables)
        # Of a longer stride, no more phases than there are results.
        phases = min(axes[2].stride, axes[2].result)
        phase_pitch = -(-axes[2].count // lanes) * lanes
        row_pitch = phases * phase_pitch + -(-axes[2].result // lanes) * lanes
        slab = whole_lines(pieces.slab + pieces.margin)
        numbers = {
            **slab_numbers(axes, pieces, tables),
            **result_numbers(problem),
            "zeros": 1,
            "groups": problem.groups,
            "result_channels": lowering.result_channels,
            "taps": prod(problem.kernel_shape),
            "parts": parts.size,
            "tasks": channels * prod(blocks),
            "blocks": prod(blocks),
            "blocks_y": blocks[1],
            "block_z": pieces.block[0],
            "block_y": pieces.block[1],
            "messages": MESSAGES,
            "at_sample_table": slab + whole_lines(TILE_ROWS * row_pitch),
            "at_scratch": slab,
            "lanes": lanes,
            "layer": pieces.steps.positions[0],
            "row_step": pieces.steps.positions[1],
            "phase_pitch": phase_pitch,
            "row_pitch": row_pitch,
            "stride_z": axes[0].stride,
            "stride_y": axes[1].stride,
            "stride_x": phases,
        }
        numbers["memory"] = numbers["at_sample_table"] + sample_table_size(
            axes, pieces, True, itemsize
        )
        self._workspace = Workspace(problem.dtype, MESSAGES + self._workers * numbers["memory"])
        geometry = record(NUMBERS, numbers, tile_field(problem.dtype, TILE_ROWS, 1))
        self._geometry = geometry.view(np.int64)
        self._tables = tables.array()
        self._parts = parts.view(np.int64)
        self._tasks = numbers["tasks"]
        self._worker = worker(sweep_phases, problem.dtype, geometry.dtype, PART_DTYPE)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, y: Array, weight: Array, *rest: Array, out: Array) -> None:
        """Solve the problem for y, weight, bias and residual."""
        if self._empty:
            return
        memory = self._workspace.take()
        memory[0] = 0
        bias = rest[0] if self._problem.epilogue.bias else y
        residual = rest[-1] if self._problem.epilogue.residual else y
        operands = (y, weight, bias, residual, out, memory, self._tables)
        run(self._worker, 1, self._workers, *operands, self._parts, self._geometry, work=self._work)
        hand_over = memory[0]
        self._workspace.give(memory)
        if hand_over:
            Loops().plan(self._problem)(y, weight, *rest, out=out)

    def prepare(self, weight: Array) -> Array:
        """Return the weight: it is read in its own order."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        z, y, _ = self._blocking.block
        return (
            f"tile {TILE_ROWS} rows x 1 vector, {self._tasks} blocks of up to "
            f"{z} x {y} rows of each phase, on {self._workers} threads"
        )


def _parts(
    axes: tuple[LoweredAxis, LoweredAxis, LoweredAxis],
    kernel: tuple[int, ...],
    blocking: Blocking,
    tables: Tables,
) -> NDArray[Any]:
    """Return what is known of each phase along z and y, with the tap runs of its phases along x."""
    rows = list(product(axes[0].parts, axes[1].parts))
    parts = np.zeros(len(rows), PART_DTYPE)
    for part, (z, y) in zip(parts, rows, strict=True):
        part["count_z"], part["start_z"] = z.count, z.start
        part["count_y"], part["start_y"] = y.count, y.start
        phases = []
        for x in sorted(axes[2].parts, key=lambda each: each.start):
            table = tap_runs((z.taps, y.taps, x.taps), kernel, blocking.steps, 1, blocking.distance)
            phases += [tables.add(table), len(table)]
        part["at_phases"] = tables.add(np.array(phases, np.int64))
    return parts
