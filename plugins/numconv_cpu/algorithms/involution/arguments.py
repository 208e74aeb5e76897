"""The arguments of the worker of `involution`, and how they follow from the problem."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.plugin import InvolutionProblem

from ...kernel.arguments import (
    Arguments,
    AxesArguments,
    OwnRoom,
    ResultArguments,
    axes_arguments,
    plane_offsets,
    result_arguments,
)
from ...kernel.lowering import Table
from .blocking import InvolutionBlocking, Partition, Planes, run_table, spatial

CACHE_LINE = 64


@dataclass(frozen=True, kw_only=True)
class PlanesArguments(Arguments):
    """The planes, and how x is packed into them."""

    axes: AxesArguments
    channels: int
    layers: int  # extents of the planes
    lines: int
    pitch: int
    channel_pitch: int
    zeros: bool  # whether the borders of rows are
    at_runs: Table  # which samples of a row are `step` apart


@dataclass(frozen=True, kw_only=True)
class BlockArguments(Arguments):
    """Blocks of results, and the taps that their rows share."""

    rows: int  # of a block
    columns: int  # its channels
    lanes: int
    width_stored: int  # lanes that are results
    apart: int  # blocks that stand between each other
    block_height: int  # of all of those
    block_width: int
    next_result: int  # from one of them to the next
    next_sample: int
    next_row_result: int  # from one row of a block to the next
    next_row_sample: int
    ahead: int  # so far away are the kernels of a later block
    runs: int
    at_runs_of_taps: Table


@dataclass(frozen=True, kw_only=True)
class InvolutionArguments(Arguments):
    """All arguments; a task is a strip of a plane, for a part of a group's channels.

    A strip that is too long is cut into pieces.
    """

    planes: PlanesArguments
    result: ResultArguments
    block: BlockArguments
    partition: Partition
    positions: int  # of a channel of the result
    finish: bool  # whether there is any epilogue
    at_plane_offsets: Table  # where each channel is stored
    groups: int
    group_channels: int
    taps: int
    kernels: int  # elements of all kernels
    tasks: int
    margin: int  # elements after the planes that are read
    own_planes: OwnRoom  # (channels, channel_pitch), and the margin
    own_kept: OwnRoom  # kernels of a block, line by line: (taps of the lines, tile rows, lanes)
    own_copies: OwnRoom  # those at the very end: (taps, rows, lanes)
    own_sums: OwnRoom  # (tile rows, columns, lanes)


def arguments_of(
    problem: InvolutionProblem, blocking: InvolutionBlocking, partition: Partition, planes: Planes
) -> InvolutionArguments:
    """Return the arguments of the worker."""
    epilogue, (tile_rows, channels, lanes) = problem.epilogue, blocking.tile
    planes_arguments = _planes(problem, planes)
    group_channels = problem.channels // problem.groups
    most_channels = -(-group_channels // partition.parts)
    others = problem.batch * problem.groups * spatial(problem.output_shape)[0]
    margin = blocking.span[1] + 4 * lanes
    reads = sum((run.lines + blocking.rows - 1) * len(run.taps) for run in blocking.runs)
    return InvolutionArguments(
        planes=planes_arguments,
        result=result_arguments(problem),
        block=_block(problem, blocking, planes),
        partition=partition,
        positions=prod(problem.output_shape),
        finish=epilogue.bias or epilogue.residual or epilogue.activation is not None,
        at_plane_offsets=plane_offsets(problem),
        groups=problem.groups,
        group_channels=group_channels,
        taps=problem.terms,
        kernels=prod(problem.kernels_shape),
        tasks=others * partition.strips * partition.pieces * partition.parts,
        margin=margin,
        own_planes=OwnRoom(most_channels * planes_arguments.channel_pitch + margin),
        own_kept=OwnRoom(reads * tile_rows * lanes if channels > 1 else 0),
        own_copies=OwnRoom(problem.terms * blocking.rows * lanes),
        own_sums=OwnRoom(tile_rows * channels * lanes),
    )


def _planes(problem: InvolutionProblem, planes: Planes) -> PlanesArguments:
    x = planes.axes[2]
    # An odd number of cache lines keeps the channels of a block out of each other's way.
    line = CACHE_LINE // np.dtype(problem.dtype).itemsize
    return PlanesArguments(
        axes=axes_arguments(planes.axes),
        channels=problem.channels,
        layers=planes.layers,
        lines=planes.lines,
        pitch=planes.pitch,
        channel_pitch=(-(-planes.size // line) | 1) * line,
        zeros=not x.lines.has_borders(x.length),
        at_runs=x.lines.runs(x.length),
    )


def _block(
    problem: InvolutionProblem, blocking: InvolutionBlocking, planes: Planes
) -> BlockArguments:
    width = spatial(problem.output_shape)[2]
    block_height, block_width = blocking.span
    next_result = blocking.lanes if blocking.along_x else width
    next_sample = blocking.lanes if blocking.along_x else planes.pitch
    return BlockArguments(
        rows=blocking.rows,
        columns=blocking.channels,
        lanes=blocking.lanes,
        width_stored=min(blocking.lanes, width),
        apart=blocking.apart,
        block_height=block_height,
        block_width=block_width,
        next_result=next_result,
        next_sample=next_sample,
        next_row_result=blocking.apart * next_result,
        next_row_sample=blocking.apart * next_sample,
        ahead=block_width if blocking.along_x else block_height * width,
        runs=len(blocking.runs),
        at_runs_of_taps=run_table(blocking, planes),
    )
