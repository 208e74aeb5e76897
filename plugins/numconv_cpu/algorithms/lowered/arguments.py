"""What the kernels of a lowered convolution are told, and how that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import (
    Arguments,
    AxesArguments,
    OwnRoom,
    ResultArguments,
    Room,
    axes_arguments,
    result_arguments,
    whole_lines,
)
from ...kernel.lowering import Lowering, Part, Table
from ...kernel.padding import Lines
from .blocking import Blocking, Form

PACK_ELEMENTS = 8192
LEAST_LINES = 4
WEIGHT_ELEMENTS = 16384
# Steps between samples for which `simd.runs` fills as many phases at once.
DEINTERLEAVED_STEPS = (2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class PlanesArguments(Arguments):
    """The planes, and how the given array is packed into them."""

    axes: AxesArguments
    channels: int  # of the given array
    layers: int  # extents of the planes along z and y
    lines: int
    pitch: int  # from one row to the next
    layer_pitch: int  # from one z of the planes, and from one channel, to the next
    channel_pitch: int
    padded: bool  # whether there are zeros in the planes
    deinterleaved: bool  # whether one run of a row's samples fills all phases
    first_deinterleaved: int  # the first sample of that run
    at_runs: Table  # of each phase of a row: first and last position of its run, first sample
    extras: int  # pieces of a row beside the runs
    at_extras: Table  # of each: position, length, first sample, how far the next sample is
    at_phase_offsets: Table  # where sample r of a run goes, for r below the step


@dataclass(frozen=True, kw_only=True)
class ProductArguments(Arguments):
    """The register tile and the blocks of the product."""

    MR: int  # result channels of a register tile
    lanes: int
    NR: int  # positions of a register tile
    edge_positions: int  # up to so many positions left over, an edge tile is faster
    KC: int  # products summed before the next register tile gets its turn
    at_panel_offsets: Table  # where row k of a packed panel begins
    scratch_pitch: int  # from one row of sums to the next
    own_panels: OwnRoom


@dataclass(frozen=True, kw_only=True)
class ChannelsArguments(ProductArguments):
    """Likewise with channels in the lanes of a tile."""

    panel_pitch: int  # from one row of a packed panel to the next
    panel_size: int  # from one packed panel to the next
    pack_late: bool  # whether weights are packed by the tasks that use them
    transposed_pitch: int  # from one row of transposed sums to the next
    own_packed: OwnRoom  # (KC, MR) weights that are packed late
    own_transposed: OwnRoom  # (lanes, transposed_pitch) sums


@dataclass(frozen=True, kw_only=True)
class LoweredArguments(Arguments):
    """All that the worker is told; a task is a block of positions of some tiles of channels."""

    planes: PlanesArguments
    result: ResultArguments
    stride: tuple[int, int, int]
    product: ProductArguments
    pack_panels: bool  # whether the samples of every tile are packed, not just of those at an end
    direct_store: bool  # whether register tiles are stored to the result, not to the scratch first
    skipped: int = 0  # stages that have nothing to do
    workers: int
    groups: int
    given_channels: int  # in a group
    result_channels: int
    tiles: int  # of result channels in a group
    tile_block: int  # of them in a task
    tile_blocks: int
    parts: int
    pack_tasks: int
    pack_lines: int
    pack_chunks: int
    weight_tasks: int
    weight_tiles: int  # of a task that packs weights
    weight_channels: int  # packed for all parts, before those of the next
    product_tasks: int
    whole_groups: bool  # whether a task computes a group of an image, from planes of its own
    strips: bool  # whether a worker packs the planes of the strip that its tasks are in
    row_positions: int  # from one row of results to the next
    group_stride: int  # of the weights, between groups and between result channels
    row_stride: int
    prepared: bool = False  # whether the weights come packed
    in_place: bool  # whether the given array is read where it is
    margin: int  # zeros after the planes
    plane_elements: int  # of all planes, without the margin
    at_planes: Room
    at_weights: Room  # (parts, groups, tiles, K, MR)
    own_planes: OwnRoom
    own_sums: OwnRoom  # (tile_block * MR, scratch_pitch), or (tile_block, positions, MR)
    own_zeros: OwnRoom  # (MR,)

    @property
    def stages(self) -> int:
        """How many stages have something to do."""
        return 2 - self.skipped

    def packing(self) -> LoweredArguments:
        """Return what the worker is told to pack the weights and do nothing else."""
        return replace(
            self, pack_tasks=0, product_tasks=0, at_planes=Room(0), own_planes=OwnRoom(0)
        )

    def packed(self) -> LoweredArguments:
        """Return what the worker is told in a call with packed weights."""
        return replace(self.late(), prepared=True)

    def late(self) -> LoweredArguments:
        """Return what the worker is told if no weight is packed before the product."""
        return replace(self, weight_tasks=0, at_weights=Room(0), skipped=int(self.pack_tasks == 0))


@dataclass(frozen=True, kw_only=True)
class PartArguments(Arguments):
    """A part: a grid of results that the same taps reach."""

    count_z: int
    count_y: int
    count_x: int
    start_z: int
    start_y: int
    start_x: int
    K: int  # products of a result
    at_offsets: Table  # (K,) where product k reads in the planes, and its weight
    at_sources: Table
    first_weight: int  # among the packed ones
    positions: int
    position_tiles: int  # that the positions of a layer take
    position_blocks: int
    first_task: int


class Task(NamedTuple):
    """Which results of a part a task computes, and which worker does."""

    block: Any  # of positions
    z: Any
    tile_block: Any  # of result channels
    group: Any
    n: Any
    own: Any  # the worker's memory


def arguments_of(
    problem: ConvolutionProblem,
    lowering: Lowering,
    blocking: Blocking,
    parts: list[PartArguments],
    workers: int,
    in_place: bool,
    strips: bool,
    pack_panels: bool,
) -> LoweredArguments:
    """Return what the worker is told in a call with plain weights."""
    form, batch = blocking.form, problem.batch
    z, y, x = lowering.axes
    tiles = lowering.groups * blocking.tiles
    K = max(sum(part.K for part in parts), 1)
    weight_tiles = max(WEIGHT_ELEMENTS // (K * form.MR), 1)
    weights = sum(tiles * part.K * form.MR for part in parts)
    last = parts[-1]
    of_last = batch * lowering.groups * blocking.tile_blocks * last.count_z * last.position_blocks
    product_tasks = last.first_task + of_last if batch else 0

    whole_groups = blocking.whole_groups and not in_place
    own_planes = whole_groups or strips
    channels = batch * lowering.groups * lowering.given_channels
    chunks, lines = _chunks(lowering, batch, workers)
    pack_tasks = 0 if own_planes or in_place else channels * chunks
    margin = 0 if in_place else lowering.shared + max(form.NR, form.lanes)
    planes = 0 if in_place else channels * lowering.channel_pitch
    own = lowering.given_channels * lowering.channel_pitch + margin
    product = _product(lowering, blocking, most_positions(lowering, blocking))
    return LoweredArguments(
        planes=_planes(lowering),
        result=result_arguments(problem),
        stride=(z.stride, y.stride, x.stride),
        product=product,
        pack_panels=pack_panels,
        direct_store=_stores_directly(lowering, form, problem),
        workers=workers,
        groups=lowering.groups,
        given_channels=lowering.given_channels,
        result_channels=lowering.result_channels,
        tiles=blocking.tiles,
        tile_block=blocking.tile_block,
        tile_blocks=blocking.tile_blocks,
        parts=len(parts),
        pack_tasks=pack_tasks,
        pack_lines=lines,
        pack_chunks=chunks,
        weight_tasks=-(-tiles // weight_tiles),
        weight_tiles=weight_tiles,
        weight_channels=4 if len(parts) > 1 else max(lowering.given_channels, 1),
        product_tasks=batch * lowering.groups if whole_groups else product_tasks,
        whole_groups=whole_groups,
        strips=strips,
        row_positions=form.row_positions(lowering),
        group_stride=lowering.group_stride,
        row_stride=lowering.row_stride,
        in_place=in_place,
        margin=margin,
        plane_elements=planes,
        at_planes=Room(0 if own_planes else planes + margin),
        at_weights=Room(weights),
        own_planes=OwnRoom(own if own_planes else 0),
        own_sums=OwnRoom(blocking.tile_block * form.MR * product.scratch_pitch),
        own_zeros=OwnRoom(form.MR),
    )


def _planes(lowering: Lowering) -> PlanesArguments:
    x = lowering.axes[2]
    runs = _runs(x.lines, lowering.pitch)
    aligned = _aligned(runs, x.step) if x.step in DEINTERLEAVED_STEPS else None
    if aligned is not None:
        runs = aligned
    apart = lowering.lines * lowering.pitch
    extras = x.lines.pieces(lowering.pitch, runs[:, :2])
    extras[:, 1] += extras[:, 0] * apart
    starts = np.arange(x.phases) * apart + runs[:, 0]
    return PlanesArguments(
        axes=axes_arguments(lowering.axes),
        channels=lowering.groups * lowering.given_channels,
        layers=lowering.layers,
        lines=lowering.lines,
        pitch=lowering.pitch,
        layer_pitch=lowering.layer_pitch,
        channel_pitch=lowering.channel_pitch,
        padded=not all(axis.lines.is_filled(axis.length) for axis in lowering.axes),
        deinterleaved=aligned is not None,
        first_deinterleaved=int(runs[:, 2].min()),
        at_runs=runs,
        extras=len(extras),
        at_extras=extras[:, 1:],
        at_phase_offsets=starts[np.argsort(runs[:, 2])],
    )


def _runs(lines: Lines, length: int) -> Table:
    """Return the run of each phase: its first and last position, and its first sample."""
    runs = lines.runs(length)
    samples = lines.first + lines.step * runs[:, 0]
    return np.column_stack((runs, np.where(runs[:, 0] < runs[:, 1], samples, 0)))


def _aligned(runs: Table, step: int) -> Table | None:
    """Shorten runs to those that one run of samples deinterleaves into; None if there is none."""
    first, last, sample = runs.T
    skipped = np.maximum(-((sample + step - 1 - sample.max()) // step), 0)
    first, sample = first + skipped, sample + skipped * step
    count = (last - first).min()
    neighbours = np.array_equal(np.sort(sample), sample.min() + np.arange(step))
    return np.column_stack((first, first + count, sample)) if neighbours and count > 0 else None


def _product(lowering: Lowering, blocking: Blocking, positions: int) -> ProductArguments:
    k = np.arange(blocking.KC, dtype=np.int64)
    form = blocking.form
    tile: dict[str, Any] = {
        "MR": form.MR,
        "lanes": form.lanes,
        "NR": form.NR,
        "edge_positions": form.edge_positions,
        "KC": blocking.KC,
    }
    if not form.channels_in_lanes:
        return ProductArguments(
            **tile,
            at_panel_offsets=k * np.array([[form.NR], [form.lanes]]),
            scratch_pitch=positions + form.NR,
            own_panels=OwnRoom(blocking.KC * form.NR),
        )
    # Each piece of a row is copied as whole vectors.
    pitch = form.rows + form.lanes
    pitch += -pitch % form.lanes
    size = whole_lines(blocking.KC * pitch)
    transposed = whole_lines(positions + form.lanes)
    return ChannelsArguments(
        **tile,
        at_panel_offsets=k * pitch,
        scratch_pitch=positions + form.lanes,
        own_panels=OwnRoom(-(-positions // form.NR) * size),
        panel_pitch=pitch,
        panel_size=size,
        pack_late=blocking.late,
        transposed_pitch=transposed,
        own_packed=OwnRoom(blocking.KC * form.MR),
        own_transposed=OwnRoom(form.lanes * transposed),
    )


def parts_of(lowering: Lowering, blocking: Blocking, batch: int) -> list[PartArguments]:
    """Return what is known of each part, and where its weights and tasks begin."""
    parts: list[PartArguments] = []
    weights = task = 0
    for part, blocks in zip(lowering.parts, blocking.position_blocks, strict=True):
        parts.append(_part(part, blocking.form, blocks, weights, task))
        weights += lowering.groups * blocking.tiles * part.offsets.size * blocking.form.MR
        task += batch * lowering.groups * blocking.tile_blocks * part.counts[0] * blocks
    return parts


def _part(part: Part, form: Form, blocks: int, first_weight: int, first_task: int) -> PartArguments:
    (count_z, count_y, count_x), (start_z, start_y, start_x) = part.counts, part.starts
    return PartArguments(
        count_z=count_z,
        count_y=count_y,
        count_x=count_x,
        start_z=start_z,
        start_y=start_y,
        start_x=start_x,
        K=part.offsets.size,
        at_offsets=part.offsets,
        at_sources=part.sources,
        first_weight=first_weight,
        positions=form.positions(part),
        position_tiles=form.position_tiles(part),
        position_blocks=blocks,
        first_task=first_task,
    )


def most_positions(lowering: Lowering, blocking: Blocking) -> int:
    """Return the most positions that a task has."""
    return max(
        blocking.position_block(part, blocks)
        for part, blocks in zip(lowering.parts, blocking.position_blocks, strict=True)
    )


def _chunks(lowering: Lowering, batch: int, workers: int) -> tuple[int, int]:
    """Return into how many tasks the packing of a channel is cut, and their lines.

    No more than what fits a first-level cache, and, where images are fewer than workers, no more
    than a worker's share: then it packs most of the lines whose results it computes.
    """
    lines = lowering.layers * lowering.lines
    most = PACK_ELEMENTS * lines // lowering.channel_pitch
    share = -(-lines * batch // workers)
    most = max(min(most, share), LEAST_LINES)
    chunks = -(-lines // most)
    return chunks, -(-lines // chunks)


def _stores_directly(lowering: Lowering, form: Form, problem: ConvolutionProblem) -> bool:
    """Return whether register tiles are stored directly to the result, rows equally far apart.

    Where a row of the result is shorter than a vector, that would be too many pieces.
    """
    epilogue, (part, *others) = problem.epilogue, lowering.parts
    plain = not epilogue.residual and epilogue.activation in (None, "relu")
    whole = part.counts[1:] == (lowering.axes[1].result, lowering.axes[2].result)
    channels = lowering.groups * lowering.result_channels // epilogue.shuffle
    even = epilogue.shuffle == 1 or channels % lowering.result_channels == 0
    long = lowering.pitch == part.counts[2] or part.counts[2] >= form.lanes
    return plain and even and whole and long and not others and not form.channels_in_lanes
