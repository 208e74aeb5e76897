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
    "pitch",
    "layer",
    "channel",
    "padded",  # whether there are zeros in the planes
    "dealt",  # whether one run of a row's samples is dealt out to all slots
    "first_dealt",  # sample
    "at_runs",  # first, last and its sample of a run in each slot of a row
    "extras",  # pieces of a row beside the runs
    "at_extras",  # of each: its place, its length, its first sample, and how far the next is
    "at_places",  # where what is dealt goes, by sample
)

PRODUCT = (
    "tile_channels",  # result channels that a register tile covers
    "lanes",
    "span",  # positions that a register tile covers
    "narrow",  # up to so many left over positions, one vector at a time is faster
    "block",  # reads summed before the next register tile gets its turn
    "panel",  # whether the reads of every tile are gathered, side by side, before they are used
    "at_panel",
    "scratch_pitch",
)

CHANNELS = (
    "panel_pitch",  # from one gathered read to the next
    "panel_size",  # from one gathered tile to the next
    "at_packed",  # within the panels of a worker
    "at_turned",  # likewise
    "turned_pitch",
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
    "straight",  # whether register tiles are written to the result, and not to the scratch
    "local",  # whether a task has a group of an image, and packs its planes
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
    "reads",
    "at_offsets",
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
