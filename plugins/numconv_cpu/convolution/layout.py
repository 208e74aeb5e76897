"""What compiled kernels are told: numbers by name in records, and one array of tables.

Records cost one argument, and their names make the kernels read like the text that explains them.
All numbers count elements or things, never bytes. A number that starts with ``at_`` is where
something begins, in the tables or in the workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import Epilogue

from ..activate import CODES
from ..simd.tile import tile_field
from .lowering import Lowering, Table

PLANES = (
    "channels",  # of the given array
    "depth",  # extents of the given array along z, y, x
    "height",
    "width",
    "slots_z",
    "slots_y",
    "slots_x",
    "sources_z",  # lengths of a slot's table of sources
    "sources_y",
    "layers",  # extents of the planes
    "lines",
    "pitch",
    "shared",
    "layer",
    "channel",
    "step",  # samples between neighbours of a row's slot
    "padded",  # whether there are zeros in the planes
    "dealt",  # whether one run of a row's samples is dealt out to all slots
    "first_dealt",  # sample
    "at_z",  # tables of sources
    "at_y",
    "at_x",
    "at_runs",  # first, last and its sample of a run in each slot of a row
    "extras",  # samples of a row beside the runs
    "at_extras",  # their places, and which they are
    "at_places",  # where what is dealt goes, by sample
    "length",  # of a row's table of sources
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
    "batch",
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

RESULT = (
    "result_depth",
    "result_height",
    "result_width",
    "stride_z",
    "stride_y",
    "stride_x",
    "bias",
    "residual",
    "activation",
    "shuffle",
)

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

# Steps between samples with a shuffle in `simd.runs` that fills as many slots at once.
STEPS_DEALT = (2, 3, 4)

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


class Tables:
    """Tables of integers, one after the other in one array."""

    def __init__(self) -> None:
        self._tables: list[Table] = []
        self._length = 0

    def add(self, table: Table) -> int:
        """Append a table and return where it begins."""
        start = self._length
        flat = np.ascontiguousarray(table, np.int64).ravel()
        self._tables.append(flat)
        self._length += flat.size
        return start

    def array(self) -> Table:
        return np.concatenate(self._tables)


def record(
    dtype: str,
    rows: int,
    names: Iterable[str],
    numbers: Mapping[str, int],
    vectors: int | None = None,
) -> NDArray[Any]:
    """Return one record of `numbers`, whose type tells kernels the shape of the register tile.

    Parameters
    ----------
    rows, vectors : int
        Of the register tile; by default it has as many vectors as the registers hold.

    Raises
    ------
    KeyError
        If a number is missing.
    """
    fields = [(name, np.int64) for name in names]
    result = np.zeros(1, np.dtype([*fields, tile_field(dtype, rows, vectors)]))
    for name, _ in fields:
        result[name] = numbers[name]
    return result


def planes(lowering: Lowering, tables: Tables, channels: int) -> dict[str, int]:
    """Return the numbers with the names `PLANES`; the tables they point at go into `tables`."""
    z, y, x = lowering.axes
    # The last strip may hang over the end.
    sources_y = np.pad(y.sources, ((0, 0), (0, lowering.lines)), constant_values=-1)
    sources = x.sources[:, : lowering.pitch]
    runs = _runs(sources, x.step)
    aligned = _aligned(runs, x.step) if x.step in STEPS_DEALT else None
    if aligned is not None:
        runs = aligned
    extras = sources >= 0
    for slot, (first, last, _) in zip(extras, runs, strict=True):
        slot[first:last] = False
    slots, columns = np.nonzero(extras)
    apart = lowering.lines * lowering.pitch
    starts = np.arange(x.slots) * apart + runs[:, 0]
    return {
        "channels": channels,
        "depth": z.given,
        "height": y.given,
        "width": x.given,
        "slots_z": z.slots,
        "slots_y": y.slots,
        "slots_x": x.slots,
        "sources_z": z.length,
        "sources_y": sources_y.shape[1],
        "layers": lowering.layers,
        "lines": lowering.lines,
        "pitch": lowering.pitch,
        "shared": lowering.shared,
        "layer": lowering.layer,
        "channel": lowering.channel,
        "step": x.step,
        "padded": int(any((axis.sources < 0).any() for axis in lowering.axes)),
        "dealt": int(aligned is not None),
        "first_dealt": int(runs[:, 2].min()),
        "at_z": tables.add(z.sources),
        "at_y": tables.add(sources_y),
        "at_x": tables.add(x.sources),
        "at_runs": tables.add(runs),
        "extras": slots.size,
        "at_extras": tables.add(np.column_stack((slots * apart + columns, sources[extras]))),
        "at_places": tables.add(starts[np.argsort(runs[:, 2])]),
        "length": x.length,
    }


def result_numbers(shape: tuple[int, ...], epilogue: Epilogue) -> dict[str, int]:
    """Return the numbers with the names `RESULT`, but the strides."""
    depth, height, width = (1, 1, *shape[2:])[-3:]
    return {
        "result_depth": depth,
        "result_height": height,
        "result_width": width,
        "bias": int(epilogue.bias),
        "residual": int(epilogue.residual),
        "activation": CODES[epilogue.activation],
        "shuffle": epilogue.shuffle,
    }


def _runs(sources: Table, step: int) -> Table:
    """Return the longest run of each slot: its first and last position, and its first sample."""
    runs = [longest_run(slot, step) for slot in sources]
    samples = [slot[first] for slot, (first, _) in zip(sources, runs, strict=True)]
    return np.column_stack((np.array(runs, np.int64), samples))


def _aligned(runs: Table, step: int) -> Table | None:
    """Shorten runs to those that one run of samples is dealt out to; None if there is none."""
    first, last, sample = runs.T
    skipped = np.maximum(-((sample + step - 1 - sample.max()) // step), 0)
    first, sample = first + skipped, sample + skipped * step
    count = (last - first).min()
    neighbours = np.array_equal(np.sort(sample), sample.min() + np.arange(step))
    return np.column_stack((first, first + count, sample)) if neighbours and count > 0 else None


def longest_run(sources: Table, step: int) -> tuple[int, int]:
    """Return the longest range of positions whose sources are `step` apart."""
    follows = (sources[:-1] >= 0) & (np.diff(sources) == step)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], follows, [False]])))
    if edges.size == 0:
        first = int(np.argmax(sources >= 0))
        return first, first + int(sources[first] >= 0)
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest]) + 1
