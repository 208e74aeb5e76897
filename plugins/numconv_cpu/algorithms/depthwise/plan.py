"""The plan of `depthwise`: how channels are cut into slabs, and what the compiled call is told."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.lowering import lower
from ...kernel.records import RESULT, Tables, record, result_numbers, whole_lines
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import run
from ...runtime.workspace import Workspace
from ...simd.machine import machine
from ...simd.tile import tile_field
from .blocking import TASKS_PER_WORKER, Blocking, choose_blocking
from .numbers import SLAB, sample_table_size, slab_numbers
from .sweep import TILE_ROWS, sweep
from .tap_runs import tap_runs

TASKS = (
    "groups",
    "result_channels",
    "taps",
    "tasks",
    "grain",  # tasks taken at a time
    "slabs_at_once",  # filled before the first is read
    "blocks",  # of one channel
    "blocks_x",
    "blocks_y",
    "block_z",  # results of a task
    "block_y",
    "block_x",
    "memory",  # per worker
    "slab",
    "at_scratch",
)
TILES = (
    "lanes",
    "folded",  # whether the rows of a tile are pieces of one row
    "row_sets",  # sets of rows of results; those of one set share samples
    "layer",  # elements of a slab from one z, and from one row of results, to the next
    "line",
    "row_step",  # from one row of a tile to the next, in the slab and in the result
    "result_step",
    "at_tap_runs",
    "tap_runs",
    "direct_store",  # whether register tiles are stored to the result, and not to the scratch first
)


class SlabPlan(OfThisProcess):
    """A forward convolution with one input channel in each group."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        lowering = lower(problem)
        axes = lowering.axes
        lanes = machine().lanes(np.dtype(problem.dtype).itemsize)
        channels = problem.batch * problem.groups
        wanted = -(-TASKS_PER_WORKER * self._workers // max(channels, 1))
        pieces = choose_blocking(axes, np.dtype(problem.dtype).itemsize, lanes, wanted)
        blocks = tuple(
            -(-axis.count // size) for axis, size in zip(axes, pieces.block, strict=True)
        )
        tasks = channels * prod(blocks)
        tables = Tables()
        slabs = pieces.slabs_at_once * pieces.slab + pieces.margin
        at_sample_table, zeros = (
            whole_lines(slabs + TILE_ROWS * lanes),
            problem.padding_mode == "zeros",
        )
        itemsize = np.dtype(problem.dtype).itemsize
        memory = at_sample_table + sample_table_size(axes, pieces, zeros, itemsize)
        self._workspace = Workspace(self._dtype, memory * self._workers)
        self._block, self._tasks = pieces.block, tasks
        numbers = {
            **slab_numbers(axes, pieces, tables),
            **result_numbers(problem),
            "zeros": int(zeros),
            "at_sample_table": at_sample_table,
            "groups": problem.groups,
            "result_channels": lowering.result_channels,
            "taps": prod(problem.kernel_shape),
            "tasks": tasks,
            "grain": _grain(tasks, pieces, self._workers),
            "slabs_at_once": pieces.slabs_at_once if prod(blocks) == 1 else 1,
            "blocks": prod(blocks),
            "blocks_x": blocks[2],
            "blocks_y": blocks[1],
            "block_z": pieces.block[0],
            "block_y": pieces.block[1],
            "block_x": pieces.block[2],
            "memory": memory,
            "slab": pieces.slab,
            "at_scratch": slabs,
            "lanes": lanes,
            "folded": int(pieces.folded),
            "row_sets": pieces.block[1] if pieces.folded else pieces.distance,
            "layer": pieces.steps.positions[0],
            "line": pieces.steps.positions[1],
            "row_step": lanes if pieces.folded else pieces.distance * pieces.steps.positions[1],
            "result_step": lanes if pieces.folded else pieces.distance * axes[2].count,
        }
        taps = [axis.parts[0].taps for axis in axes]
        kernel = [len(each) for each in taps]
        along = 2 if pieces.folded else 1
        table = tap_runs(taps, kernel, pieces.steps, along, pieces.distance)
        numbers["at_tap_runs"], numbers["tap_runs"] = tables.add(table), len(table)
        direct_store = (
            problem.epilogue.activation in (None, "relu") and not problem.epilogue.residual
        )
        numbers["direct_store"] = int(direct_store)
        names = (*SLAB, *TASKS, *TILES, *RESULT)
        geometry = record(names, numbers, tile_field(problem.dtype, TILE_ROWS, 1))
        self._geometry = geometry.view(np.int64)
        self._tables = tables.array()
        self._worker = worker(sweep, problem.dtype, geometry.dtype, geometry.dtype)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, x: Array, weight: Array, *rest: Array, out: Array) -> None:
        """Solve the problem for x, weight, bias and residual."""
        if self._empty:
            return
        memory = self._workspace.take()
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1] if self._epilogue.residual else x
        told = self._geometry
        operands = (x, weight, bias, residual, out, memory, self._tables, told, told)
        run(self._worker, 1, self._workers, *operands, work=self._work)
        self._workspace.give(memory)

    def prepare(self, weight: Array) -> Array:
        """Return the weight: it is read in its own order."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        z, y, x = self._block
        return (
            f"tile {TILE_ROWS} rows x 1 vector, {self._tasks} blocks of up to "
            f"{z} x {y} x {x} results, on {self._workers} threads"
        )


def _grain(tasks: int, blocking: Blocking, workers: int) -> int:
    share = max(tasks // (8 * workers), 1)
    return max(
        share // blocking.slabs_at_once * blocking.slabs_at_once, min(share, blocking.slabs_at_once)
    )
