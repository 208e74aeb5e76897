"""What the kernels of a lowered convolution are told, by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .records import AXES, RESULT

PLANES = (
    *AXES,
    "channels",  # of the given array
    "layers",  # extents of the planes
    "lines",
    "pitch",  # from one row to the next
    "layer_pitch",  # from one z of the planes, and from one channel, to the next
    "channel_pitch",
    "padded",  # whether there are zeros in the planes
    "deinterleaved",  # whether one run of a row's samples fills all phases
    "first_deinterleaved",  # the first sample of that run
    "at_runs",  # of each phase of a row: first and last position of its run, and the first sample
    "extras",  # pieces of a row beside the runs
    "at_extras",  # of each: its position, its length, its first sample, and how far the next is
    "at_phase_offsets",  # where sample r of a run goes, for r below the step
)

PRODUCT = (
    "MR",  # result channels of a register tile
    "lanes",
    "NR",  # positions of a register tile
    "edge_positions",  # up to so many positions left over, an edge tile is faster
    "KC",  # products summed before the next register tile gets its turn
    "pack_panels",  # whether the samples of every tile are packed, not just of those at an end
    "at_panel_offsets",  # table: where row k of a packed panel begins
    "scratch_pitch",  # from one row of sums to the next
)

CHANNELS = (
    "panel_pitch",  # from one row of a packed panel to the next
    "panel_size",  # from one packed panel to the next
    "at_packed",  # within the panels of a worker
    "at_transposed",  # likewise
    "transposed_pitch",  # from one row of transposed sums to the next
    "pack_late",  # whether weights are packed by the tasks that use them
)

TASKS = (
    "skipped",  # stages that have nothing to do
    "workers",
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "tiles",  # of result channels in a group
    "tile_block",  # of them in a task
    "tile_blocks",
    "parts",
    "pack_tasks",
    "pack_lines",
    "pack_chunks",
    "weight_tasks",
    "weight_tiles",  # of a task that packs weights
    "weight_channels",  # packed for all parts, before those of the next
    "product_tasks",
    "direct_store",  # whether register tiles are written to the result, and not to the scratch
    "whole_groups",  # whether a task computes a group of an image, from planes of its own
    "strips",  # whether a worker packs the planes of the strip that its tasks are in
    "row_positions",  # from one row of results to the next
    "group_stride",
    "row_stride",
    "prepared",  # whether the weights come packed
    "in_place",  # whether the given array is read where it is
    "at_planes",
    "at_weights",
    "at_scratch",
    "scratch",  # per worker
    "at_panels",
    "panels",  # per worker
    "planes",  # elements of all planes, or those of a worker
    "margin",  # zeros after them
)

STRIDED_RESULT = (*RESULT, "stride_z", "stride_y", "stride_x")

PART = (
    "count_z",
    "count_y",
    "count_x",
    "start_z",
    "start_y",
    "start_x",
    "K",  # products of a result
    "at_offsets",  # tables: where product k reads in the planes, and its weight
    "at_sources",
    "at_weights",
    "positions",
    "position_tiles",  # that the positions of a layer take
    "position_blocks",
    "first_task",
)

PART_DTYPE = np.dtype([(name, np.int64) for name in PART])


class Arrays(NamedTuple):
    """Pointers to the arrays of a call; of bias and residual, those there are not lead anywhere."""

    x: Any
    weight: Any
    bias: Any
    residual: Any
    out: Any
    memory: Any
    tables: Any


class Task(NamedTuple):
    """Which results of a part a task computes, and which worker does."""

    block: Any  # of positions
    z: Any
    tile_block: Any  # of result channels
    group: Any
    n: Any
    worker: Any
