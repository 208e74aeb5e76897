"""The plan of an involution: how it is cut into tasks, and what the compiled call is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.core.problems import InvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.axes import LoweredAxis
from ...kernel.records import (
    AXES,
    RESULT,
    Tables,
    axes_numbers,
    in_turn,
    plane_offsets,
    record,
    result_numbers,
)
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import run
from ...runtime.workspace import Workspace
from ...simd.machine import machine
from .blocking import InvolutionBlocking, Planes, axes_of, choose, run_table, spatial
from .kernel import involute

# The planes of a strip take about half of a second-level cache of 512 KiB.
PLANE_BYTES = 256 * 1024
# Threads that finish at different times wait for at most a part of this many of their tasks.
TASKS_PER_THREAD = 3
CACHE_LINE = 64

NUMBERS = (
    *AXES,
    *RESULT,
    "channels",
    "layers",  # extents of the planes
    "lines",
    "pitch",
    "channel_pitch",
    "zeros",  # whether the borders of rows are
    "at_runs",  # which samples of a row are `step` apart
    "positions",  # of a channel of the result
    "finish",  # whether there is any epilogue
    "at_plane_offsets",  # where each channel is stored
    "rows",  # of a block
    "columns",  # its channels
    "lanes",
    "width_stored",  # lanes that are results
    "apart",
    "block_height",  # of all blocks that stand between each other
    "block_width",
    "next_result",  # from one of those blocks to the next
    "next_sample",
    "next_row_result",  # from one row of a block to the next
    "next_row_sample",
    "ahead",  # so far away are the kernels of a later block
    "runs",
    "at_runs_of_taps",
    "groups",
    "group_channels",
    "taps",
    "kernels",  # elements of all kernels
    "strips",
    "pieces",
    "parts",  # into which the channels of a group are divided
    "tasks",
    "margin",  # elements after the planes that are read
    "at_kept",  # kernels of a block, line by line
    "at_copies",  # those at the very end
    "at_sums",
    "scratch",  # elements of a worker
)


@dataclass(frozen=True)
class Partition:
    """How a result plane is cut: strips of rows, pieces of columns, parts of a group's channels."""

    strips: int
    pieces: int
    parts: int


def choose_partition(
    problem: InvolutionProblem,
    blocking: InvolutionBlocking,
    axes: tuple[LoweredAxis, ...],
    threads: int,
) -> Partition:
    """Choose parts whose planes fit the cache and that are enough to keep all threads busy.

    Neighbouring strips copy the rows that both of them read, so none is made shorter than those
    for the sake of the threads, and pieces of rows stay longer still, for they copy more rows.
    """
    _, height, width = spatial(problem.output_shape)
    block_height, block_width = blocking.span
    reach_y, reach_x = axes[1].reach, axes[2].reach
    group_channels = problem.channels // problem.groups
    phases = prod(axis.phases for axis in axes) * (1 + axes[0].reach)
    column = phases * group_channels * np.dtype(problem.dtype).itemsize
    most_strips = max(height // max(block_height, reach_y), 1)
    most_pieces = max(width // max(block_width, 4 * reach_x), 1)

    lowest = column * (min(block_height, height) + reach_y) * (width + reach_x)
    pieces = min(-(-lowest // (2 * PLANE_BYTES)), most_pieces)
    line = column * (-(-width // pieces) + reach_x)
    strips = min(-(-height // max(PLANE_BYTES // line - reach_y, 1)), most_strips)

    others = max(problem.batch, 1) * problem.groups * spatial(problem.output_shape)[0]
    wanted = TASKS_PER_THREAD * threads if threads > 1 else 1
    strips = max(strips, min(-(-wanted // (others * pieces)), most_strips))
    pieces = max(pieces, min(-(-wanted // (others * strips)), most_pieces))
    parts = -(-threads // (others * strips * pieces))
    return Partition(strips, pieces, max(min(parts, group_channels // blocking.channels), 1))


def longest(length: int, parts: int, block: int) -> int:
    """Return the longest part of an axis, as `kernel.choose_partition` cuts it."""
    blocks = max(length // block, 1)
    edges = [part * blocks // parts * block for part in range(parts)]
    return max(np.diff([*edges, length]).tolist())


class InvolutionPlan(OfThisProcess):
    """An involution of float32, float64 or int64, ready to be called."""

    def __init__(self, problem: InvolutionProblem) -> None:
        threads = get_num_threads()
        axes = axes_of(problem)
        blocking = choose(problem, machine(), np.dtype(problem.dtype).itemsize)
        parts = choose_partition(problem, blocking, axes, threads)
        _, height, width = spatial(problem.output_shape)
        block_height, block_width = blocking.span
        planes = Planes(
            axes,
            lines=longest(height, parts.strips, block_height) + axes[1].reach,
            pitch=longest(width, parts.pieces, block_width) + axes[2].reach,
        )
        tables = Tables()
        numbers = {
            **_plane_numbers(problem, planes, tables),
            **_result_numbers(problem, tables),
            **_block_numbers(problem, blocking, planes),
            **_task_numbers(problem, parts),
            "at_runs_of_taps": tables.add(run_table(blocking, planes)),
        }
        numbers |= _memory_numbers(numbers, blocking)
        geometry = record(NUMBERS, numbers, ("tile", problem.dtype, blocking.tile))
        self._blocking = blocking
        self._partition = parts
        self._geometry = geometry.view(np.int64)
        self._tables = tables.array()
        self._workers = threads
        self._worker = worker(involute, problem.dtype, geometry.dtype, geometry.dtype)
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._workspace = Workspace(problem.dtype, threads * numbers["scratch"])
        self._tasks = numbers["tasks"]
        self._work = problem.macs + problem.min_bytes
        self.workspace_bytes = self._workspace.nbytes

    def __call__(self, *arrays: Array, out: Array) -> None:
        """Solve the problem for x, kernels, bias and residual."""
        if self._empty:
            return
        x, kernels, *rest = arrays
        memory = self._workspace.take()
        run(
            self._worker,
            1,
            self._workers,
            x,
            kernels,
            rest[0] if self._epilogue.bias else x,
            rest[-1] if self._epilogue.residual else x,
            out,
            memory,
            self._tables,
            self._geometry,
            self._geometry,
            self._work,
        )
        self._workspace.give(memory)

    def prepare(self, weight: Array) -> Array:
        """Return the kernels as they are: each is read once."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        blocking, parts = self._blocking, self._partition
        return (
            f"blocks of {blocking.rows} {'vectors' if blocking.along_x else 'rows'} x "
            f"{blocking.lanes} "
            f"positions x {blocking.channels} channels, {self._tasks} tasks: "
            f"{parts.strips} strips x {parts.pieces} pieces"
            + (f" and 1/{parts.parts} of a group" if parts.parts > 1 else "")
        )


def _plane_numbers(problem: InvolutionProblem, planes: Planes, tables: Tables) -> dict[str, int]:
    """Return what the filling of planes is told."""
    x = planes.axes[2]
    # An odd number of cache lines keeps the channels of a block out of each other's way.
    line = CACHE_LINE // np.dtype(problem.dtype).itemsize
    return {
        **axes_numbers(planes.axes, tables),
        "channels": problem.channels,
        "layers": planes.layers,
        "lines": planes.lines,
        "pitch": planes.pitch,
        "channel_pitch": (-(-planes.size // line) | 1) * line,
        "zeros": int(not x.lines.has_borders(x.length)),
        "at_runs": tables.add(x.lines.runs(x.length)),
    }


def _result_numbers(problem: InvolutionProblem, tables: Tables) -> dict[str, int]:
    """Return what the store of results is told."""
    epilogue = problem.epilogue
    return {
        **result_numbers(problem),
        "positions": prod(problem.output_shape),
        "finish": int(epilogue.bias or epilogue.residual or epilogue.activation is not None),
        "at_plane_offsets": tables.add(plane_offsets(problem)),
    }


def _block_numbers(
    problem: InvolutionProblem, blocking: InvolutionBlocking, planes: Planes
) -> dict[str, int]:
    """Return what the products are told."""
    width = spatial(problem.output_shape)[2]
    block_height, block_width = blocking.span
    next_result = blocking.lanes if blocking.along_x else width
    next_sample = blocking.lanes if blocking.along_x else planes.pitch
    return {
        "rows": blocking.rows,
        "columns": blocking.channels,
        "lanes": blocking.lanes,
        "width_stored": min(blocking.lanes, width),
        "apart": blocking.apart,
        "block_height": block_height,
        "block_width": block_width,
        "next_result": next_result,
        "next_sample": next_sample,
        "next_row_result": blocking.apart * next_result,
        "next_row_sample": blocking.apart * next_sample,
        "ahead": block_width if blocking.along_x else block_height * width,
        "runs": len(blocking.runs),
        "taps": problem.terms,
        "kernels": prod(problem.kernels_shape),
    }


def _task_numbers(problem: InvolutionProblem, parts: Partition) -> dict[str, int]:
    """Return how the work is divided."""
    others = problem.batch * problem.groups * spatial(problem.output_shape)[0]
    return {
        "groups": problem.groups,
        "group_channels": problem.channels // problem.groups,
        "strips": parts.strips,
        "pieces": parts.pieces,
        "parts": parts.parts,
        "tasks": others * parts.strips * parts.pieces * parts.parts,
    }


def _memory_numbers(numbers: dict[str, int], blocking: InvolutionBlocking) -> dict[str, int]:
    """Return where a worker keeps what."""
    tile_rows, channels, lanes = blocking.tile
    most_channels = -(-numbers["group_channels"] // numbers["parts"])
    margin = blocking.span[1] + 4 * lanes
    reads = sum((run.lines + blocking.rows - 1) * len(run.taps) for run in blocking.runs)
    sizes = {
        "at_planes": most_channels * numbers["channel_pitch"] + margin,
        "at_kept": reads * tile_rows * lanes if channels > 1 else 0,
        "at_copies": numbers["taps"] * blocking.rows * lanes,
        "at_sums": tile_rows * channels * lanes,
    }
    begins, scratch = in_turn(sizes)
    return {"margin": margin, "scratch": scratch, **begins}
