"""The arguments of the kernels of `winograd`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import (
    Arguments,
    OwnRoom,
    ResultArguments,
    Room,
    plane_offsets,
    result_arguments,
)
from ...kernel.lowering import Table, weight_strides
from .evenness import uneven
from .geometry import Blocking, Tiling, WinogradGeometry

# Given channels, in vectors, of which a task transforms the weights at a time: 64 channels of 32
# results fill 300 KiB at most, less than the second level of a cache.
WEIGHT_BLOCKS = 4
# Given channels whose taps are read at a time where they follow each other: as many taps as fill
# vectors, whatever their number.
CHANNELS_TOGETHER = 16


@dataclass(frozen=True, kw_only=True)
class AxesArguments(Arguments):
    """The axes; see `axes`."""

    given_depth: int
    given_height: int
    given_width: int
    taps_z: int
    phases: tuple[int, int]
    parts: tuple[int, int]
    first: tuple[int, int]
    step: int  # samples between neighbours of a phase's row
    at: tuple[Table, Table, Table]  # what `padding.Lines` says of each axis
    at_runs: Table  # the positions of a row that are samples, as a range, of each phase
    at_seen: tuple[Table, Table]  # how many taps of each part and phase there are


@dataclass(frozen=True, kw_only=True)
class FilterArguments(Arguments):
    """Where the taps of the filters stand."""

    taps: int  # of the whole kernel
    filter_taps: int  # of a phase
    first_tap: int  # where there is one part with one phase: its first tap in the kernel,
    tap_step: int  # and how far the next is, or 0 where there are more
    at_taps: Table  # for each part and phase its filter's taps in the kernel, or -1
    row_stride: int  # of the weights, between result channels
    channel_stride: int
    group_stride: int
    channels_together: int  # given channels whose taps follow each other


@dataclass(frozen=True, kw_only=True)
class LimitArguments(Arguments):
    """Which weights and samples are even enough for the transforms."""

    least_weight: float  # absolute values, but for filters of zeros
    most_weight: float
    most_samples: float  # what the samples of a tile may add up to
    uneven: float  # how many times the sum over a result's window that may be


@dataclass(frozen=True, kw_only=True)
class ConvolutionArguments(Arguments):
    """What the arguments of all kinds of calls have in common."""

    result: ResultArguments
    axes: AxesArguments
    filters: FilterArguments
    limits: LimitArguments
    tiling: Tiling
    batch: int
    groups: int
    given_channels: int  # in a group
    result_channels: int
    columns: int  # result channels of a register tile
    phases: int  # along all axes, with the taps along z
    parts: int
    points: int
    at_active: Table  # for each point how many phases have weights there, and which
    tiles: int  # of all images
    at_plane_offsets: Table


@dataclass(frozen=True, kw_only=True)
class WinogradArguments(Arguments):
    """Tasks, and where they find and leave points."""

    convolution: ConvolutionArguments
    blocking: Blocking
    prepared: bool  # whether the weights come transformed
    blocks: int
    strips_per_task: int
    sample_tasks: int
    weight_tasks: int
    product_tasks: int
    padded_block: int  # tiles of a block, up to whole register tiles
    weight_blocks: int  # of given channels, whose weights a task transforms at a time
    sample_point: int  # elements from one point's transformed samples to the next's
    sample_block: int
    weight_point: int
    weight_strip: int
    product_point: int
    at_samples: Room
    at_weights: Room
    at_masks: Room
    own_samples: OwnRoom
    own_weights: OwnRoom
    own_products: OwnRoom
    own_patch: OwnRoom
    own_sums: OwnRoom
    own_results: OwnRoom
    own_bias: OwnRoom
    own_taps: OwnRoom
    own_extremes: OwnRoom


def convolution_arguments(
    problem: ConvolutionProblem, geometry: WinogradGeometry, tiling: Tiling, points: int
) -> ConvolutionArguments:
    """Return what the arguments of all kinds of calls have in common."""
    return ConvolutionArguments(
        result=result_arguments(problem),
        axes=_axes(problem, geometry, tiling),
        filters=_filters(problem, geometry),
        limits=_limits(problem, points),
        tiling=tiling,
        batch=geometry.batch,
        groups=geometry.groups,
        given_channels=geometry.given,
        result_channels=geometry.result,
        columns=tiling.columns,
        phases=geometry.phases,
        parts=geometry.parts,
        points=prod(tiling.points),
        at_active=_active(geometry, tiling),
        tiles=geometry.batch * tiling.image,
        at_plane_offsets=plane_offsets(problem, tiling.lanes),
    )


def call_arguments(
    convolution: ConvolutionArguments, blocking: Blocking, prepared: bool = False
) -> WinogradArguments:
    """Return the arguments of a call, be it with prepared weights."""
    c, tiling = convolution, convolution.tiling
    lanes, columns = tiling.lanes, c.columns
    # Prepared weights are laid out as shared ones.
    shared_weights = blocking.shared_weights or prepared
    blocks = -(-c.tiles // blocking.block) if c.tiles else 0
    per_task = 1 if blocking.shared_samples else tiling.strips
    padded_block = blocking.block + tiling.rows
    # One vector more than they need: powers of two would fall into few sets of a cache.
    sample_point = tiling.given_blocks * c.phases * lanes * padded_block + lanes
    sample_block = c.points * sample_point
    weight_blocks = tiling.given_blocks
    if not shared_weights:
        weight_blocks = min(max(WEIGHT_BLOCKS // c.phases, 1), tiling.given_blocks)
    weight_point = weight_blocks * c.phases * lanes * columns + lanes
    weight_strip = c.points * weight_point
    product_point = padded_block * columns + lanes
    shared_strips = 0 if prepared else c.groups * tiling.strips * shared_weights
    run = min(tiling.tiles[1], blocking.block)
    patch = tiling.points[0] * ((run - 1) * tiling.sides[1] + tiling.points[1])
    results = run * prod(tiling.sides) * c.axes.parts[1]
    return WinogradArguments(
        convolution=convolution,
        blocking=replace(blocking, shared_weights=shared_weights),
        prepared=prepared,
        blocks=blocks,
        strips_per_task=per_task,
        sample_tasks=blocking.shared_samples * c.groups * c.tiles // max(tiling.tiles[1], 1),
        weight_tasks=_weight_tasks(convolution) if shared_weights and not prepared else 0,
        product_tasks=c.groups * blocks * -(-tiling.strips // per_task),
        padded_block=padded_block,
        weight_blocks=weight_blocks,
        sample_point=sample_point,
        sample_block=sample_block,
        weight_point=weight_point,
        weight_strip=weight_strip,
        product_point=product_point,
        at_samples=Room(c.groups * blocks * blocking.shared_samples * sample_block),
        at_weights=Room(shared_strips * weight_strip),
        at_masks=Room(c.groups * c.tiles * c.parts * tiling.sides[0]),
        own_samples=OwnRoom(sample_block * (not blocking.shared_samples)),
        own_weights=OwnRoom(weight_strip * (not shared_weights)),
        own_products=OwnRoom(c.points * product_point),
        own_patch=OwnRoom((patch + lanes) * lanes),
        own_sums=OwnRoom(c.phases * patch + lanes),
        own_results=OwnRoom((results + lanes) * lanes),
        own_bias=OwnRoom(lanes),
        own_taps=OwnRoom((c.filters.taps * c.filters.channels_together + lanes) * lanes),
        own_extremes=OwnRoom(2 * columns),
    )


def packing_arguments(convolution: ConvolutionArguments, blocking: Blocking) -> WinogradArguments:
    """Return the arguments of a preparation: only weights are transformed."""
    call = call_arguments(convolution, replace(blocking, shared_weights=True))
    return replace(call, sample_tasks=0, product_tasks=0, at_samples=Room(0), at_masks=Room(0))


def _weight_tasks(convolution: ConvolutionArguments) -> int:
    """Return how many vectors of result channels there are, up to whole strips."""
    vectors = convolution.tiling.strips * convolution.tiling.vectors
    return convolution.groups * -(-vectors // convolution.parts)


def _axes(problem: ConvolutionProblem, geometry: WinogradGeometry, tiling: Tiling) -> AxesArguments:
    y, x = geometry.axes
    length = tiling.tiles[1] * tiling.sides[1] + x.taps - 1
    return AxesArguments(
        given_depth=(1, 1, *problem.operand_shapes[0][2:])[-3],
        given_height=y.given,
        given_width=x.given,
        taps_z=geometry.taps_z,
        phases=(y.phases, x.phases),
        parts=(y.parts, x.parts),
        first=(y.first, x.first),
        step=x.step,
        at=(geometry.lines.numbers(), y.lines.numbers(), x.lines.numbers()),
        at_runs=x.lines.runs(length),
        at_seen=((y.tap >= 0).sum(axis=2), (x.tap >= 0).sum(axis=2)),
    )


def _filters(problem: ConvolutionProblem, geometry: WinogradGeometry) -> FilterArguments:
    taps = _taps(problem, geometry)
    order = taps.ravel()
    whole = geometry.parts == geometry.phases == 1
    return FilterArguments(
        taps=prod(problem.kernel_shape),
        filter_taps=prod(axis.taps for axis in geometry.axes),
        first_tap=int(order[0]),
        tap_step=int(order[-1] - order[0]) // (order.size - 1) if whole else 0,
        at_taps=taps,
        channels_together=CHANNELS_TOGETHER if problem.direction == "forward" else 1,
        **weight_strides(problem),
    )


def _limits(problem: ConvolutionProblem, points: int) -> LimitArguments:
    kind = np.finfo(problem.dtype)
    # The transforms and the sums of products grow what they are given less than 2^17 times.
    most = float(kind.max) ** 0.5 / 1024
    return LimitArguments(
        least_weight=float(kind.tiny) / float(kind.eps),
        most_weight=most,
        most_samples=most,
        uneven=uneven(problem, points),
    )


def _taps(problem: ConvolutionProblem, geometry: WinogradGeometry) -> Table:
    """Return which tap of the kernel each one of a phase's filter is, by part and phase, or -1."""
    y, x = (axis.tap for axis in geometry.axes)
    z = np.arange(geometry.taps_z)[:, None, None, None, None]
    # Parts along y and x, phases along z, y and x, taps along y and x.
    y = y[:, None, None, :, None, :, None]
    x = x[None, :, None, None, :, None, :]
    height, width = (1, *problem.kernel_shape)[-2:]
    return np.where((y < 0) | (x < 0), -1, (z * height + y) * width + x)


def _active(geometry: WinogradGeometry, tiling: Tiling) -> Table:
    """Return, for each point, how many phases have weights there, and which."""
    table = np.zeros((prod(tiling.points), 1 + geometry.phases), np.int64)
    for row, phases in zip(table, geometry.active(tiling.points), strict=True):
        row[: 1 + len(phases)] = len(phases), *phases
    return table
