"""The plans of `depthwise`: how channels are cut into slabs, and what the compiled call is told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import (
    Arguments,
    AxesArguments,
    OwnRoom,
    ResultArguments,
    axes_arguments,
    result_arguments,
)
from ...kernel.lowering import Lowering, Table, lower
from ...kernel.worker_plan import WorkerPlan
from ...simd.machine import machine
from ...simd.tile import tile_field
from ..loops.algorithm import Loops
from .blocking import TASKS_PER_WORKER, Blocking, choose_blocking
from .phases import sweep_phases
from .sweep import TILE_ROWS, sweep
from .tap_runs import tap_runs


@dataclass(frozen=True, kw_only=True)
class SlabArguments(Arguments):
    """Slabs, and the blocks of results that they serve."""

    axes: AxesArguments
    result: ResultArguments
    layers: int  # extents of a slab
    lines: int
    columns: int
    pitch: int
    zeros: bool  # whether nothing but zeros stands around the array
    length: int  # of a row, all blocks together
    at_runs: Table
    groups: int
    result_channels: int  # in a group
    taps: int
    tasks: int
    blocks: int  # of one channel
    blocks_y: int
    block_z: int  # results of a task (of each phase)
    block_y: int
    lanes: int
    layer: int  # elements of a slab from one z to the next
    row_step: int  # from one row of a register tile to the next
    own_slabs: OwnRoom
    own_scratch: OwnRoom
    own_sample_table: OwnRoom  # see `slab.find_samples`


@dataclass(frozen=True, kw_only=True)
class SweepArguments(Arguments):
    """What `sweep` is told besides."""

    slabs: SlabArguments
    grain: int  # tasks taken at a time
    slabs_at_once: int  # filled before the first is read
    slab: int
    blocks_x: int
    block_x: int
    folded: bool  # whether the rows of a tile are pieces of one row
    row_sets: int  # sets of rows of results; those of one set share samples
    line: int  # elements of a slab from one row of results to the next
    result_step: int  # from one row of a tile to the next, in the result
    at_tap_runs: Table
    tap_runs: int
    direct_store: bool  # whether register tiles are stored to the result, not to the scratch first


@dataclass(frozen=True, kw_only=True)
class PhaseArguments(Arguments):
    """What `sweep_phases` is told besides."""

    slabs: SlabArguments
    parts: int
    phase_pitch: int  # from one phase of a row to the next
    row_pitch: int  # from one row of results, all its phases, to the next
    stride: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class PartArguments(Arguments):
    """The results with the same remainders of the strides along z and y."""

    count_z: int
    count_y: int
    start_z: int
    start_y: int
    at_phases: Table  # of each phase along x: where in here its tap runs begin, and how many


class DepthwisePlan(WorkerPlan):
    """A convolution with one given channel in each group."""

    def __init__(self, problem: ConvolutionProblem, messages: int = 0) -> None:
        super().__init__(problem, messages=messages)
        self._lowering = lower(problem)
        self._itemsize = np.dtype(problem.dtype).itemsize
        self._lanes = machine().lanes(self._itemsize)

    def _cut(self, distance: int | None = None) -> tuple[Blocking, tuple[int, int, int]]:
        """Return how a channel is cut up, and into how many blocks along each axis."""
        axes, channels = self._lowering.axes, self.problem.batch * self.problem.groups
        wanted = -(-TASKS_PER_WORKER * self.workers // max(channels, 1))
        blocking = choose_blocking(axes, self._itemsize, self._lanes, wanted, distance)
        z, y, x = (-(-a.count // n) for a, n in zip(axes, blocking.block, strict=True))
        return blocking, (z, y, x)

    def _slabs(
        self,
        blocking: Blocking,
        blocks: int,
        blocks_y: int,
        slabs: int,
        scratch: int,
        row_step: int,
    ) -> SlabArguments:
        """Return what both workers are told.

        Parameters
        ----------
        blocking : Blocking
        blocks, blocks_y : int
            Of a channel, all together and along y.
        slabs, scratch : int
            Elements of a worker.
        row_step : int
        """
        problem, (_, y, x) = self.problem, self._lowering.axes
        zeros = problem.direction != "forward" or problem.padding_mode == "zeros"
        layers, lines, columns = blocking.extent
        samples = y.phases * lines + (0 if zeros else x.phases * columns)
        return SlabArguments(
            axes=axes_arguments(self._lowering.axes),
            result=result_arguments(problem),
            layers=layers,
            lines=lines,
            columns=columns,
            pitch=blocking.pitch,
            zeros=zeros,
            length=x.length,
            at_runs=x.lines.runs(x.length),
            groups=problem.groups,
            result_channels=self._lowering.result_channels,
            taps=prod(problem.kernel_shape),
            tasks=problem.batch * problem.groups * blocks,
            blocks=blocks,
            blocks_y=blocks_y,
            block_z=blocking.block[0],
            block_y=blocking.block[1],
            lanes=self._lanes,
            layer=blocking.steps.positions[0],
            row_step=row_step,
            own_slabs=OwnRoom(slabs),
            own_scratch=OwnRoom(scratch),
            own_sample_table=OwnRoom(-(-samples * 8 // self._itemsize)),
        )


class SlabPlan(DepthwisePlan):
    """A forward convolution."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem)
        axes, lanes, epilogue = self._lowering.axes, self._lanes, problem.epilogue
        self._blocking, (blocks_z, blocks_y, blocks_x) = b, _ = self._cut()
        blocks = blocks_z * blocks_y * blocks_x
        self._tasks = problem.batch * problem.groups * blocks
        line = b.steps.positions[1]
        taps = [axis.parts[0].taps for axis in axes]
        kernel = [len(each) for each in taps]
        table = tap_runs(taps, kernel, b.steps, 2 if b.folded else 1, b.distance)
        arguments = SweepArguments(
            slabs=self._slabs(
                b,
                blocks,
                blocks_y,
                slabs=b.slabs_at_once * b.slab + b.margin,
                scratch=TILE_ROWS * lanes,
                row_step=lanes if b.folded else b.distance * line,
            ),
            grain=_grain(self._tasks, b, self.workers),
            slabs_at_once=b.slabs_at_once if blocks == 1 else 1,
            slab=b.slab,
            blocks_x=blocks_x,
            block_x=b.block[2],
            folded=b.folded,
            row_sets=b.block[1] if b.folded else b.distance,
            line=line,
            result_step=lanes if b.folded else b.distance * axes[2].count,
            at_tap_runs=table,
            tap_runs=len(table),
            direct_store=epilogue.activation in (None, "relu") and not epilogue.residual,
        )
        self.compile(sweep, arguments, tile_field(problem.dtype, TILE_ROWS, 1))

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        z, y, x = self._blocking.block
        return (
            f"tile {TILE_ROWS} rows x 1 vector, {self._tasks} blocks of up to "
            f"{z} x {y} x {x} results, on {self.workers} threads"
        )


class PhasePlan(DepthwisePlan):
    """An input gradient whose padding is of zeros.

    At the borders some taps have no sample to read. Here they read a zero, which is the same
    unless the weight is infinite or NaN; then plain loops do the work.
    """

    exact = staticmethod(Loops().plan)

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, messages=1)
        (z, y, x), lanes = self._lowering.axes, self._lanes
        self._blocking, (blocks_z, blocks_y, _) = b, _ = self._cut(distance=1)
        self._tasks = problem.batch * problem.groups * blocks_z * blocks_y
        # Of a longer stride, no more phases than there are results.
        phases = min(x.stride, x.result)
        phase_pitch = -(-x.count // lanes) * lanes
        row_pitch = phases * phase_pitch + -(-x.result // lanes) * lanes
        parts = _parts(self._lowering, (1,) * (3 - problem.axes) + problem.kernel_shape, b)
        arguments = PhaseArguments(
            slabs=self._slabs(
                b,
                blocks_z * blocks_y,
                blocks_y,
                slabs=b.slab + b.margin,
                scratch=TILE_ROWS * row_pitch,
                row_step=b.steps.positions[1],
            ),
            parts=len(parts),
            phase_pitch=phase_pitch,
            row_pitch=row_pitch,
            stride=(z.stride, y.stride, phases),
        )
        tile = tile_field(problem.dtype, TILE_ROWS, 1)
        self.compile(sweep_phases, arguments, tile, parts=parts)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        z, y, _ = self._blocking.block
        return (
            f"tile {TILE_ROWS} rows x 1 vector, {self._tasks} blocks of up to "
            f"{z} x {y} rows of each phase, on {self.workers} threads"
        )


def _grain(tasks: int, blocking: Blocking, workers: int) -> int:
    share = max(tasks // (8 * workers), 1)
    return max(
        share // blocking.slabs_at_once * blocking.slabs_at_once, min(share, blocking.slabs_at_once)
    )


def _parts(lowering: Lowering, kernel: tuple[int, ...], blocking: Blocking) -> list[PartArguments]:
    """Return what is known of each phase along z and y, with the tap runs of its phases along x."""
    axes, parts = lowering.axes, []
    for z, y in product(axes[0].parts, axes[1].parts):
        phases = sorted(axes[2].parts, key=lambda each: each.start)
        runs = [
            tap_runs((z.taps, y.taps, x.taps), kernel, blocking.steps, 1, blocking.distance)
            for x in phases
        ]
        counts = np.array([len(each) for each in runs])
        begins = 2 * len(runs) + np.cumsum([0, *(each.size for each in runs[:-1])])
        table = np.concatenate((np.stack((begins, counts), 1).ravel(), *(r.ravel() for r in runs)))
        parts.append(
            PartArguments(
                count_z=z.count,
                count_y=y.count,
                start_z=z.start,
                start_y=y.start,
                at_phases=table,
            )
        )
    return parts
