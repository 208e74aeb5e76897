"""The plan of a lowered convolution: what the compiled call is told, and the call."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ..launch import start, worker
from ..threads import run
from ..workspace import workspace
from . import layout
from .blocking import Blocking, block
from .layout import result_numbers
from .lowering import Lowering
from .solve import solve

# The first elements of the workspace carry messages; then everything starts on a cache line.
MESSAGES = 16
PACK_ELEMENTS = 8192
WEIGHT_ELEMENTS = 16384


@dataclass(frozen=True)
class PackedWeight:
    """A weight in the order in which a plan reads it."""

    values: NDArray[Any]
    finite: bool


class LoweredPlan:
    """A lowered convolution, ready to be called with arrays of the problem's dtype.

    Parameters
    ----------
    problem : ConvolutionProblem
        Of float32, float64 or int64.
    lowering : Lowering
        Of that problem, or of one with the same numbers.
    in_place : bool
        Whether the given array is its own planes.
    panel : bool
        Whether the reads of every tile are gathered before they are used.
    """

    def __init__(
        self,
        problem: ConvolutionProblem,
        lowering: Lowering,
        in_place: bool = False,
        panel: bool = False,
    ) -> None:
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        self._blocking = block(lowering, problem.dtype, max(problem.batch, 1), self._workers)
        tables = layout.Tables()
        self._parts = _parts(lowering, self._blocking, tables, max(problem.batch, 1))
        numbers = {
            **layout.planes(lowering, tables, lowering.groups * lowering.given_channels),
            **result_numbers(problem.result_shape, problem.epilogue),
            **_product(lowering, self._blocking, tables),
            **_tasks(lowering, self._blocking, self._parts, problem.batch, self._workers),
            "stride_z": lowering.axes[0].stride,
            "stride_y": lowering.axes[1].stride,
            "stride_x": lowering.axes[2].stride,
            "in_place": int(in_place),
            "panel": int(panel),
            "prepared": 0,
        }
        if in_place:
            numbers |= {"pack_tasks": 0, "planes": 0, "margin": 0}
        self._size = _arrange(numbers)
        self._tables = tables.array()
        raw = self._record(numbers)
        self._raw = raw.view(np.int64)
        ready = self._record({**numbers, "weight_tasks": 0, "prepared": 1})
        self._ready = ready.view(np.int64)
        packing = self._record({**numbers, "pack_tasks": 0, "product_tasks": 0})
        self._packing = packing.view(np.int64)
        self._parts_words = self._parts.view(np.int64)
        self._worker = worker(solve, self._dtype, raw.dtype, layout.PART_DTYPE)
        self._tasks = (numbers["pack_tasks"], numbers["product_tasks"])
        self._packed = slice(numbers["at_weights"], numbers["at_scratch"])

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        names = (*layout.PLANES, *layout.PRODUCT, *layout.TASKS, *layout.RESULT)
        return layout.record(self._dtype, self._blocking.rows, names, numbers)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._size * np.dtype(self._dtype).itemsize

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Solve the problem for x (or y), weight, bias and residual."""
        self.solve(*arrays, out=out)

    def solve(self, x: Array, weight: Any, *rest: Array, out: Array) -> bool:
        """Do as a call, and return whether every weight was finite."""
        if self._empty:
            return True
        memory = workspace(self._dtype, self._size)
        x, out = x.reshape(-1), out.reshape(-1)
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1].reshape(-1) if self._epilogue.residual else x
        if isinstance(weight, PackedWeight):
            self._run(x, weight.values, bias, residual, out, memory, self._ready)
            return weight.finite
        self._run(x, weight.reshape(-1), bias, residual, out, memory, self._raw)
        return bool(memory[0] == 0)

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight packed; a call takes it in place of the weight."""
        memory = workspace(self._dtype, self._size)
        flat = weight.reshape(-1)
        self._run(flat, flat, flat, flat, flat, memory, self._packing)
        return PackedWeight(memory[self._packed].copy(), bool(memory[0] == 0))

    def _run(self, *arrays: Any) -> None:
        *operands, memory, geometry = arrays
        memory[0] = 0
        tables = (memory, self._tables, self._parts_words, geometry)
        run(start, self._worker, 2, self._workers, *operands, *tables, work=self._work)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        b, parts = self._blocking, self._parts
        packing, tasks = self._tasks
        return (
            f"tile {b.rows} channels x {b.tile} positions, blocks of {b.reads} reads, "
            f"{parts.size} part{'s' * (parts.size > 1)}, "
            f"{tasks} tasks of up to {b.tile_block * b.rows} channels x "
            f"{parts['position_block'].max()} positions on {self._workers} threads, "
            + (f"x packed in {packing} tasks" if packing else "x read in place")
        )


def _parts(
    lowering: Lowering, blocking: Blocking, tables: layout.Tables, batch: int
) -> NDArray[Any]:
    parts = np.zeros(len(lowering.parts), layout.PART_DTYPE)
    at_weights = task = weight_task = 0
    for part, blocks, row in zip(lowering.parts, blocking.position_blocks, parts, strict=True):
        reads = part.offsets.size
        row["count_z"], row["count_y"], row["count_x"] = part.counts
        row["start_z"], row["start_y"], row["start_x"] = part.starts
        row["reads"] = reads
        row["at_offsets"] = tables.add(part.offsets)
        row["at_sources"] = tables.add(part.sources)
        row["at_weights"] = at_weights
        row["positions"] = part.positions
        row["position_block"] = blocking.position_block(part, blocks)
        row["position_blocks"] = blocks
        row["first_task"] = task
        row["first_weight_task"] = weight_task
        tiles = lowering.groups * blocking.tiles
        at_weights += tiles * reads * blocking.rows
        weight_task += -(-tiles // _weight_tiles(lowering, blocking))
        task += batch * lowering.groups * blocking.tile_blocks * part.counts[0] * blocks
    return parts


def _weight_tiles(lowering: Lowering, blocking: Blocking) -> int:
    reads = max(max(part.offsets.size for part in lowering.parts), 1)
    return max(WEIGHT_ELEMENTS // (reads * blocking.rows), 1)


def _product(lowering: Lowering, blocking: Blocking, tables: layout.Tables) -> dict[str, int]:
    identity = np.arange(blocking.reads, dtype=np.int64)
    widths = np.array([[blocking.tile], [blocking.lanes]])
    return {
        "rows": blocking.rows,
        "lanes": blocking.lanes,
        "span": blocking.tile,
        "narrow": blocking.narrow,
        "block": blocking.reads,
        "at_panel": tables.add(identity * widths),
        "scratch_pitch": blocking.tile
        + max(
            blocking.position_block(part, blocks)
            for part, blocks in zip(lowering.parts, blocking.position_blocks, strict=True)
        ),
    }


def _tasks(
    lowering: Lowering, blocking: Blocking, parts: NDArray[Any], batch: int, workers: int
) -> dict[str, int]:
    rows = lowering.axes[0].slots * lowering.layers * lowering.axes[1].slots * lowering.lines
    channels = batch * lowering.groups * lowering.given_channels
    lines = max(PACK_ELEMENTS // (lowering.axes[2].slots * lowering.pitch), 1)
    chunks = -(-rows // lines)
    tiles = lowering.groups * blocking.tiles
    weight_tiles = _weight_tiles(lowering, blocking)
    last = parts[-1]
    tasks_of_last = batch * lowering.groups * blocking.tile_blocks
    tasks_of_last *= int(last["count_z"] * last["position_blocks"])
    product_tasks = int(last["first_task"]) + tasks_of_last if batch else 0
    return {
        "batch": batch,
        "groups": lowering.groups,
        "given_channels": lowering.given_channels,
        "result_channels": lowering.result_channels,
        "tiles": blocking.tiles,
        "tile_block": blocking.tile_block,
        "tile_blocks": blocking.tile_blocks,
        "parts": parts.size,
        "workers": workers,
        "pack_tasks": channels * chunks,
        "pack_lines": lines,
        "pack_chunks": chunks,
        "weight_tasks": int(last["first_weight_task"]) + -(-tiles // weight_tiles),
        "weight_tiles": weight_tiles,
        "product_tasks": product_tasks,
        "grain": 1,
        "group_stride": lowering.group_stride,
        "row_stride": lowering.row_stride,
        "planes": channels * lowering.channel,
        "margin": lowering.shared + blocking.tile,
        "packed": int(last["at_weights"] + tiles * last["reads"] * blocking.rows),
    }


def _arrange(numbers: dict[str, int]) -> int:
    """Give every user of the workspace its place, and return the size of the whole."""
    numbers["scratch"] = _line(numbers["tile_block"] * numbers["rows"] * numbers["scratch_pitch"])
    numbers["panels"] = _line(numbers["block"] * numbers["span"])
    size = MESSAGES
    numbers["at_planes"], size = size, size + _line(numbers["planes"] + numbers["margin"])
    numbers["at_weights"], size = size, size + _line(numbers["packed"])
    numbers["at_scratch"], size = size, size + numbers["workers"] * numbers["scratch"]
    numbers["at_panels"], size = size, size + numbers["workers"] * numbers["panels"]
    return size


def _line(elements: int) -> int:
    return -(-elements // 16) * 16
