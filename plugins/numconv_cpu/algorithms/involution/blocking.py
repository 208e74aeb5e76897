"""How an involution is laid over registers and cut into tasks.

Blocks of results, and runs of taps that share reads; strips, pieces and parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import spacing
from numconv.plugin import InvolutionProblem

from ...kernel.arguments import Arguments
from ...kernel.axes import LoweredAxis, forward_axis
from ...simd.machine import Machine

# Blocks of 4 rows by 4 channels: a vector of samples then serves nearly four FMAs, one of kernels
# four, and sixteen sums hide the latency. Unaligned vectors of samples are the dear ones (64 bytes
# always touch two cache lines), so processors with fewer registers give up channels last.
CHANNELS = 4
# Of groups with fewer channels each is computed alone, in taller blocks: nobody shares what it
# reads of the kernels, and eight rows hide the memory. Kernels are compiled for these two tiles
# and two lengths of vectors; smaller blocks leave a part of their tile unused.
MOST_ROWS = 8
# Blocks of rows far apart overlap at the end of the map; where that makes more than a quarter of
# the work, rows do without sharing.
MOST_OVERLAP = 1.25
# The planes of a strip take about half of a second-level cache of 512 KiB.
PLANE_BYTES = 256 * 1024
# Threads that finish at different times wait for at most a part of this many of their tasks.
TASKS_PER_THREAD = 3


@dataclass(frozen=True)
class Run:
    """Taps whose samples the rows of a block share.

    Parameters
    ----------
    lines : int
        Tap ``base + line * step + i`` reads for row 0 of a block what tap ``base + i`` reads for
        row `line`.
    base, step : int
    taps : tuple of (int, int, int)
        The taps of a line: which ones they are along z, y and x.
    """

    lines: int
    base: int
    step: int
    taps: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class InvolutionBlocking:
    """Blocks of results.

    Parameters
    ----------
    tile : tuple of (int, int, int)
        Rows, channels and lanes of a block in registers.
    rows : int
        Those of them that are used.
    along_x : bool
        Whether the rows of a block are vectors of one row of results, and not its neighbours.
    apart : int
        Distance of the rows of a block: in rows of results, or in vectors.
    runs : tuple of Run
        In the order in which they are summed.
    """

    tile: tuple[int, int, int]
    rows: int
    along_x: bool
    apart: int
    runs: tuple[Run, ...]

    @property
    def span(self) -> tuple[int, int]:
        """Rows and columns of results that blocks cover together, one for each of `apart`."""
        together, lanes = self.rows * self.apart, self.lanes
        return (1, together * lanes) if self.along_x else (together, lanes)

    @property
    def channels(self) -> int:
        return self.tile[1]

    @property
    def lanes(self) -> int:
        return self.tile[2]


def spatial(values: tuple[int, ...], missing: int = 1) -> tuple[int, int, int]:
    """Return three values, for z, y and x."""
    z, y, x = (missing,) * (3 - len(values)) + values
    return z, y, x


def axes_of(problem: InvolutionProblem) -> tuple[LoweredAxis, ...]:
    """Return the lowered axes z, y and x."""
    return tuple(
        forward_axis(size, kernel, stride, dilation, lo, outputs, problem.padding_mode)
        for size, kernel, stride, dilation, lo, outputs in zip(
            spatial(problem.input_shape),
            spatial(problem.kernel_shape),
            spatial(problem.stride),
            spatial(problem.dilation),
            spatial(tuple(lo for lo, _ in problem.padding), 0),
            spatial(problem.output_shape),
            strict=True,
        )
    )


def choose(problem: InvolutionProblem, machine: Machine, itemsize: int) -> InvolutionBlocking:
    """Choose the blocks for a problem. Neither batch nor threads have a say in it."""
    _, height, width = spatial(problem.output_shape)
    group_channels = problem.channels // problem.groups
    lanes = machine.lanes(itemsize)
    channels = CHANNELS if group_channels >= CHANNELS else 1
    most = min((16 if machine.registers >= 32 else 8) // channels, MOST_ROWS)
    along_x = height < min(most, CHANNELS) and width >= min(most, CHANNELS) * lanes
    if along_x:
        rows = min(most, width // lanes)
    else:
        rows = min(most, max(height, 1))
        if 2 * width <= lanes > 2:
            lanes //= 2
    stride, dilation = spatial(problem.stride), spatial(problem.dilation)
    axis = 2 if along_x else 1
    _, period, apart = spacing(stride[axis], dilation[axis])
    extent = height
    if along_x:
        vectors = lanes // gcd(lanes, apart)
        period, apart, extent = period * vectors, apart * vectors // lanes, width // lanes
    kernel = spatial(problem.kernel_shape)
    together = rows * apart
    if together > extent or -(-extent // together) * together > MOST_OVERLAP * (
        -(-extent // rows) * rows
    ):
        period, apart = kernel[axis], 1
    runs = _runs(kernel, period, along_x)
    return InvolutionBlocking((most, channels, lanes), rows, along_x, apart, runs)


def _runs(kernel: tuple[int, int, int], period: int, along_x: bool) -> tuple[Run, ...]:
    """Divide the taps into runs; taps that are `period` apart share samples."""
    layers, height, width = kernel
    runs = []
    for z in range(layers):
        if not along_x:
            for y in range(min(period, height)):
                taps = tuple((z, y, x) for x in range(width))
                lines = -(-(height - y) // period)
                runs.append(Run(lines, (z * height + y) * width, period * width, taps))
            continue
        for y in range(height):
            base, lines = (z * height + y) * width, -(-width // period)
            # All of the last line's taps are in a run of their own.
            full = width - (lines - 1) * period
            for first, last, count in ((0, full, lines), (full, min(period, width), lines - 1)):
                if last > first:
                    taps = tuple((z, y, x) for x in range(first, last))
                    runs.append(Run(count, base + first, period, taps))
    return tuple(runs)


@dataclass(frozen=True)
class Planes:
    """The planes of one channel, (phases z, z, phases y, phases x, y, x).

    Parameters
    ----------
    axes : tuple of LoweredAxis
    lines, pitch : int
        Extents along y and x.
    """

    axes: tuple[LoweredAxis, ...]
    lines: int
    pitch: int

    @property
    def layers(self) -> int:
        return 1 + self.axes[0].reach

    @property
    def size(self) -> int:
        z, y, x = self.axes
        return z.phases * self.layers * y.phases * x.phases * self.lines * self.pitch

    def offsets(self) -> NDArray[np.int64]:
        """Return where each tap reads for the first result, by z, y and x."""
        (_, z_phase, z), (_, y_phase, y), (_, x_phase, x) = (
            axis.parts[0].taps.T for axis in self.axes
        )
        phases = ((z_phase * self.layers + z) * self.axes[1].phases)[:, None] + y_phase
        planes = (phases * self.axes[2].phases)[:, :, None] + x_phase
        return (planes * self.lines + y[:, None]) * self.pitch + x


def run_table(blocking: InvolutionBlocking, planes: Planes) -> NDArray[np.int64]:
    """Return for each run: lines, taps of a line, base, step, and where its offsets stand.

    The offsets follow, counted from the beginning of the table.
    """
    heads, offsets, table = [], [], planes.offsets()
    place = 5 * len(blocking.runs)
    for run in blocking.runs:
        heads += [run.lines, len(run.taps), run.base, run.step, place]
        offsets += table[tuple(zip(*run.taps, strict=True))].tolist()
        place += len(run.taps)
    return np.array(heads + offsets, np.int64)


@dataclass(frozen=True, kw_only=True)
class Partition(Arguments):
    """How results are divided into tasks."""

    strips: int  # of the rows of a plane
    pieces: int  # of its columns
    parts: int  # of a group's channels


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
    parts = min(-(-threads // (others * strips * pieces)), group_channels // blocking.channels)
    return Partition(strips=strips, pieces=pieces, parts=max(parts, 1))


def longest(length: int, parts: int, block: int) -> int:
    """Return the longest part of an axis, as `kernel.part_of` cuts it."""
    blocks = max(length // block, 1)
    edges = [part * blocks // parts * block for part in range(parts)]
    return max(np.diff([*edges, length]).tolist())
