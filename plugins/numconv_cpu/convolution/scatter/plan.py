"""The plan of `scattered`: what the compiled call is told, and the call."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import aligned_copy
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...launch import worker
from ...process import OfThisProcess
from ...threads import run
from ...workspace import Workspace
from ..lowering import group_channels
from ..records import (
    RESULT,
    Tables,
    in_turn,
    record,
    result_numbers,
    whole_lines,
)
from .shape import Axis, Cut, axes_of, cut
from .solve import solve

# Pieces of rows of weights that are asked for before they are copied. More would not stay: where
# rows are a power of two long, they fall into few sets of the caches.
AHEAD = 24

NUMBERS = (
    *RESULT,
    "batch",
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "positions",  # of a given channel
    "given",  # elements of the given array
    "taps",
    "row",  # weights of a given channel: all taps of all result channels of the group
    "lanes",
    "tile_lanes",  # weights in a row of the register tile
    "span",  # positions that a register tile covers
    "block",  # given channels summed before the next register tile gets its turn
    "unit",  # vectors after which a result channel begins with a vector again
    "tiles",  # of lanes in a group
    "tile_block",  # of them in a task
    "tile_blocks",
    "blocks",  # of results
    "tasks",
    "gang",  # tiles whose weights are copied together
    "packed_tile",  # from one of them to the next
    "ahead",  # from the weights that are copied to those that are asked for
    "prepared",  # whether the weights come packed
    "panel_pitch",  # from one channel's samples to the next
    "panel_size",  # from one tile of positions to the next
    "turned_pitch",
    "phase_pitch",  # from the results of one remainder of the stride to the next
    "at_z",  # where the table of each row begins
    "at_y",
    "at_sums",  # within the memory of a worker
    "at_panels",
    "at_packed",
    "at_turned",
    "at_row",
    "worker",  # memory of each
    "stride_x",
)

BLOCK = (
    "first_z",
    "end_z",
    "first_y",
    "end_y",
    "first_x",
    "end_x",
    "first_position",  # that add to these results, and how many do
    "positions",
    "at_x",
)
BLOCK_DTYPE = np.dtype([(name, np.int64) for name in BLOCK])


@dataclass(frozen=True)
class PackedWeight:
    """A weight in tiles, (groups, tiles, given_channels, tile_lanes)."""

    values: NDArray[Any]
    shape: tuple[int, ...]

    @property
    def given(self) -> Array:
        """The weight as it was before."""
        groups, tiles, channels, lanes = self.values.shape
        rows = self.values.swapaxes(1, 2).reshape(groups, channels, tiles * lanes)
        kept = prod(self.shape) // (groups * channels)
        return rows[..., :kept].reshape(self.shape)


class ScatterPlan(OfThisProcess):
    """An input gradient of float32, float64 or int64 whose padding is of zeros.

    No zero of the padding is ever read: a weight that is not finite does no harm to results that
    it has no sample for.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        self._cut = c = cut(problem, self._workers)
        axes = axes_of(problem)
        given, result = group_channels(problem)
        taps = prod(problem.kernel_shape)
        tables = Tables()
        boxes = _boxes(axes, c, 3 - problem.axes)
        most = int(boxes["positions"].max())
        numbers = {
            **result_numbers(problem),
            "batch": problem.batch,
            "groups": problem.groups,
            "given_channels": given,
            "result_channels": result,
            "positions": prod(problem.output_shape),
            "given": prod(problem.operand_shapes[0]),
            "taps": taps,
            "row": result * taps,
            "lanes": c.lanes,
            "tile_lanes": c.tile_lanes,
            "span": c.rows,
            "block": c.reads,
            "unit": c.unit,
            "tiles": c.tiles,
            "tile_block": c.tile_block,
            "tile_blocks": c.tile_blocks,
            "blocks": len(boxes),
            "tasks": problem.batch * problem.groups * c.tile_blocks * len(boxes),
            "gang": c.gang,
            "ahead": -(-AHEAD // c.gang) * result * taps,
            "prepared": 0,
            # Of a longer stride, no more phases than there are results.
            "stride_x": min(axes[2].stride, axes[2].result),
        }
        _arrange(numbers, most, int((boxes["end_x"] - boxes["first_x"]).max()))
        pitch = numbers["turned_pitch"]
        z, y, x = axes
        numbers["at_z"] = _rows(tables, z, y.taps * x.taps * pitch, y.given * x.given)
        numbers["at_y"] = _rows(tables, y, x.taps * pitch, x.given)
        for box in boxes:
            box["at_x"] = _columns(tables, x, int(box["first_x"]), int(box["end_x"]), pitch)
        self._workspace = Workspace(problem.dtype, self._workers * numbers["worker"])
        self._tables = tables.array()
        self._boxes = boxes.view(np.int64)
        raw = self._record(numbers)
        self._raw = raw.view(np.int64)
        self._ready = self._record({**numbers, "prepared": 1}).view(np.int64)
        self._worker = worker(solve, problem.dtype, raw.dtype, BLOCK_DTYPE)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        c = self._cut
        tile = ("tile", self._problem.dtype, (c.rows, c.vectors, c.lanes))
        return record(NUMBERS, numbers, tile)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, y: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Solve the problem for y, weight, bias and residual."""
        if self._empty:
            return
        memory = self._workspace.take()
        bias = rest[0] if self._problem.epilogue.bias else y
        residual = rest[-1] if self._problem.epilogue.residual else y
        prepared = isinstance(weight, PackedWeight)
        arrays = (y, weight.values if prepared else weight, bias, residual, out, memory)
        records = (self._tables, self._boxes, self._ready if prepared else self._raw)
        run(self._worker, 1, self._workers, *arrays, *records, work=self._work)
        self._workspace.give(memory)

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight packed; a call takes it in place of the weight."""
        c, groups = self._cut, self._problem.groups
        rows = weight.reshape(groups, self._problem.out_channels // groups, -1)
        beyond = c.tiles * c.tile_lanes - rows.shape[2]
        tiles = np.pad(rows, ((0, 0), (0, 0), (0, beyond)))
        tiles = tiles.reshape(*rows.shape[:2], c.tiles, c.tile_lanes)
        turned = tiles.swapaxes(1, 2)
        return PackedWeight(aligned_copy(turned).reshape(turned.shape), weight.shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        c = self._cut
        return (
            f"tile {c.rows} positions x {c.tile_lanes} taps, blocks of {c.reads} channels, "
            f"{c.tile_blocks * self._problem.groups} blocks of {c.tile_block} tiles x "
            f"{len(c.pieces)} ranges of results on {self._workers} threads"
        )


def _boxes(axes: tuple[Axis, Axis, Axis], cut: Cut, lead: int) -> NDArray[Any]:
    """Return the blocks of results, which are pieces of one axis."""
    boxes = np.zeros(len(cut.pieces), BLOCK_DTYPE)
    for name, axis in zip("zyx", axes, strict=True):
        boxes[f"end_{name}"] = axis.result
    inner = prod(axis.given for axis in axes[lead + 1 :])
    for box, (first, end) in zip(boxes, cut.pieces, strict=True):
        box[f"first_{'zyx'[lead]}"], box[f"end_{'zyx'[lead]}"] = first, end
        begin, past = axes[lead].reach(first, end)
        box["first_position"], box["positions"] = begin * inner, (past - begin) * inner
    return boxes


def _rows(tables: Tables, axis: Axis, tap_step: int, sample_step: int) -> int:
    """Add a table of what each result along z or y is the sum of; return where it begins.

    It says where the entries of each result begin; an entry is a place among the turned sums.
    """
    q, tap = np.meshgrid(np.arange(axis.given), np.arange(axis.taps))
    results = q * axis.stride + tap * axis.dilation - axis.lo
    inside = (results >= 0) & (results < axis.result)
    order = np.argsort(results[inside], kind="stable")
    entries = tables.add((tap * tap_step + q * sample_step)[inside][order])
    begins = np.searchsorted(results[inside][order], np.arange(axis.result + 1))
    return tables.add(entries + begins)


def _columns(tables: Tables, axis: Axis, first: int, end: int, tap_step: int) -> int:
    """Add a table of the taps that reach results `first` to `end` along x, phase by phase.

    An entry says where a tap's sums for the phase's first result would stand, and which of the
    phase's results it reaches.
    """
    entries, begins = [], [0]
    for phase in range(min(axis.stride, end - first)):
        for tap in range(axis.taps):
            ahead = tap * axis.dilation - axis.lo - first - phase
            if ahead % axis.stride == 0:
                # The phase's result j is reached by sample j - shift.
                shift = ahead // axis.stride
                count = -(-(end - first - phase) // axis.stride)
                reached = (max(shift, 0), min(shift + axis.given, count))
                entries.append((tap * tap_step - shift, *reached))
        begins.append(len(entries))
    at = tables.add(np.array(entries, np.int64))
    return tables.add(at + 3 * np.array(begins))


def _arrange(numbers: dict[str, int], positions: int, width: int) -> None:
    """Give everything its place in the memory of a worker."""
    lanes, span = numbers["lanes"], numbers["span"]
    tiles = -(-positions // span)
    numbers["panel_pitch"] = -(-span // lanes) * lanes
    numbers["panel_size"] = whole_lines(numbers["block"] * numbers["panel_pitch"])
    numbers["packed_tile"] = numbers["block"] * numbers["tile_lanes"]
    # Not a power of two, which would fall into few sets of the cache.
    numbers["turned_pitch"] = (-(-positions // lanes) | 1) * lanes
    numbers["phase_pitch"] = -(-width // (numbers["stride_x"] * lanes)) * lanes
    sizes = {
        "at_sums": (numbers["tile_block"] * tiles * span + lanes) * numbers["tile_lanes"],
        "at_panels": tiles * numbers["panel_size"] + lanes,
        "at_packed": 2 * numbers["gang"] * numbers["packed_tile"],
        "at_turned": numbers["unit"] * lanes * numbers["turned_pitch"],
        "at_row": numbers["stride_x"] * numbers["phase_pitch"] + width,
    }
    begins, numbers["worker"] = in_turn(sizes)
    numbers |= begins
