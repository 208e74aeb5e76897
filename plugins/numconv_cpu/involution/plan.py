"""The plan of an involution: strips, scratch, and what the compiled call is told."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ..convolution import layout
from ..convolution.lowering import lower
from ..convolution.plan import result_numbers
from ..launch import start, worker
from ..simd.machine import machine
from ..threads import run
from ..workspace import workspace
from .kernel import involute

# The planes of a strip take about half of a second-level cache of 512 KiB.
PLANE_BYTES = 256 * 1024
# Where a single row is longer than that, the channels are divided instead, beyond this.
MOST_PLANE_BYTES = 4 * 2**20
# Threads that finish at different times wait for at most a part of this many of their tasks.
TASKS_PER_THREAD = 3
CACHE_LINE = 64
# A vector of kernels then serves four channels, and eight sums hide the latency of the FMAs; any
# processor has registers for that. Fewer channels wait for the kernels to come from memory.
TILE_ROWS = 4

NUMBERS = (
    *layout.PLANES,
    *layout.RESULT,
    "rows",  # of the register tile
    "lanes",
    "groups",
    "group_channels",
    "taps",
    "positions",  # of a channel of the result
    "kernels",  # elements of all kernels
    "strip",  # result rows of a task
    "strips",
    "parts",  # into which the channels of a group are divided
    "tasks",
    "at_offsets",
    "at_sums",
    "sums_pitch",
    "at_taps",
    "margin",  # elements after the planes that are read
    "scratch",  # elements of a worker
)


@dataclass(frozen=True)
class Cut:
    """How a problem is cut into tasks: rows of a strip, and parts of a group's channels."""

    strip: int
    strips: int
    parts: int


def cut(
    rows: int, reach: int, others: int, channels: int, row_bytes: int, most_parts: int, threads: int
) -> Cut:
    """Choose strips whose planes fit the cache and that are enough to keep all threads busy.

    Parameters
    ----------
    rows : int
        Of one result plane.
    reach : int
        Rows of the planes that a strip reads beyond its own; neighbouring strips copy them both.
    others : int
        Tasks there are besides, for images, groups and depth.
    channels : int
        Of one group.
    row_bytes : int
        Of one row of the planes of one channel.
    most_parts, threads : int
    """
    fitting = PLANE_BYTES // (row_bytes * channels) - reach
    strips = -(-rows // max(fitting, min(reach, rows), 1))
    wanted = TASKS_PER_THREAD * threads
    if threads > 1 and others * strips < wanted:
        # Shorter strips copy more; as many rows of results as are copied twice is the limit.
        shortest = max(reach, 1)
        strips = max(strips, min(-(-wanted // others), max(rows // shortest, 1)))
    strip = -(-rows // strips)
    strips = -(-rows // strip)
    parts = -(-row_bytes * channels * (strip + reach) // MOST_PLANE_BYTES)
    if threads > 1:
        parts = max(parts, -(-threads // (others * strips)))
    return Cut(strip, strips, max(min(parts, most_parts), 1))


class InvolutionPlan:
    """An involution of float32, float64 or int64, ready to be called."""

    def __init__(self, problem: InvolutionProblem) -> None:
        itemsize = np.dtype(problem.dtype).itemsize
        lanes = machine().lanes(itemsize)
        group_channels = problem.channels // problem.groups
        rows = TILE_ROWS if group_channels >= TILE_ROWS else 1
        whole = lower(_channelwise(problem), strip=(1, 1))
        threads = get_num_threads()
        depth, height, width = (1, 1, *problem.output_shape)[-3:]
        self._cut = cut(
            rows=height,
            reach=whole.lines - 1,
            others=max(problem.batch, 1) * problem.groups * depth,
            channels=group_channels,
            row_bytes=whole.channel // whole.lines * itemsize,
            most_parts=group_channels // rows,
            threads=threads,
        )
        lowering = lower(_channelwise(problem), strip=(1, self._cut.strip))
        tables = layout.Tables()
        channels = -(-group_channels // self._cut.parts)
        margin = lowering.shared + 2 * lanes
        sums_pitch = max(width, lanes)
        sizes = (channels * lowering.channel + margin, channels * sums_pitch, problem.terms * lanes)
        starts = _aligned_starts(sizes, CACHE_LINE // itemsize)
        numbers = {
            **layout.planes(lowering, tables, problem.channels, strip=self._cut.strip),
            **result_numbers(problem.result_shape, problem.epilogue),
            "stride_z": 1,
            "stride_y": 1,
            "stride_x": 1,
            "rows": rows,
            "lanes": lanes,
            "groups": problem.groups,
            "group_channels": group_channels,
            "taps": problem.terms,
            "positions": prod(problem.output_shape),
            "kernels": prod(problem.kernels_shape),
            "strip": self._cut.strip,
            "strips": self._cut.strips,
            "parts": self._cut.parts,
            "tasks": problem.batch * problem.groups * depth * self._cut.strips * self._cut.parts,
            "at_offsets": tables.add(lowering.parts[0].offsets),
            "at_sums": starts[1],
            "sums_pitch": sums_pitch,
            "at_taps": starts[2],
            "margin": margin,
            "scratch": starts[3],
        }
        geometry = layout.record(problem.dtype, rows, NUMBERS, numbers)
        self._geometry = geometry.view(np.int64)
        self._tables = tables.array()
        self._workers = threads
        self._worker = worker(involute, problem.dtype, geometry.dtype, geometry.dtype)
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._size = threads * starts[3]
        self._tasks = numbers["tasks"]
        self._tile = (rows, 2 * lanes)
        self._work = problem.macs + problem.min_bytes
        self.workspace_bytes = self._size * itemsize

    def __call__(self, *arrays: Array, out: Array) -> None:
        """Solve the problem for x, kernels, bias and residual."""
        if self._empty:
            return
        x, kernels, *rest = (array.reshape(-1) for array in arrays)
        run(
            start,
            self._worker,
            1,
            self._workers,
            x,
            kernels,
            rest[0] if self._epilogue.bias else x,
            rest[-1] if self._epilogue.residual else x,
            out.reshape(-1),
            workspace(self._dtype, self._size),
            self._tables,
            self._geometry,
            self._geometry,
            work=self._work,
        )

    def prepare(self, weight: Array) -> Array:
        """Return the kernels as they are: each is read once."""
        return weight

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        rows, positions = self._tile
        return (
            f"tile {rows} channels x {positions} positions, {self._tasks} tasks of "
            f"{self._cut.strip} result rows"
            + (f" and 1/{self._cut.parts} of a group" if self._cut.parts > 1 else "")
        )


def _channelwise(problem: InvolutionProblem) -> ConvolutionProblem:
    """Return the depthwise convolution that reads x where the involution does."""
    return ConvolutionProblem(
        batch=problem.batch,
        in_channels=problem.channels,
        out_channels=problem.channels,
        input_shape=problem.input_shape,
        kernel_shape=problem.kernel_shape,
        stride=problem.stride,
        padding=problem.padding,
        dilation=problem.dilation,
        groups=problem.channels,
        padding_mode=problem.padding_mode,
        dtype=problem.dtype,
    )


def _aligned_starts(sizes: tuple[int, ...], alignment: int) -> list[int]:
    """Return where things of these sizes begin, one after the other, and where all end."""
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + -(-size // alignment) * alignment)
    return starts
