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
from .blocking import Blocking, Form, block, forms, in_strips
from .layout import result_numbers
from .lowering import Lowering
from .solve import solve

# The first elements of the workspace carry messages; then everything starts on a cache line.
MESSAGES = 16
PACK_ELEMENTS = 8192
LEAST_LINES = 4
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
    form : Form, optional
        Of the register tile; by default the one that computes least in vain.
    """

    def __init__(
        self,
        problem: ConvolutionProblem,
        lowering: Lowering,
        in_place: bool = False,
        panel: bool = False,
        form: Form | None = None,
    ) -> None:
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._empty = prod(problem.result_shape) == 0
        self._in_place = in_place
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        form = form or forms(lowering, problem.dtype)[0]
        sizes = np.dtype(problem.dtype).itemsize, max(problem.batch, 1), self._workers
        self._blocking = block(lowering, form, *sizes)
        strips = None if in_place else in_strips(lowering, self._blocking, *sizes)
        lowering, cut = strips or lowering, strips is not None
        self._positions = _positions(lowering, self._blocking)
        tables = layout.Tables()
        self._parts = _parts(lowering, self._blocking, tables, max(problem.batch, 1))
        numbers = {
            **layout.planes(lowering, tables, lowering.groups * lowering.given_channels),
            **result_numbers(problem.result_shape, problem.epilogue),
            **_product(lowering, self._blocking, tables),
            **_tasks(lowering, self._blocking, self._parts, problem.batch, self._workers),
            **_planes(lowering, self._blocking, problem.batch, self._workers, in_place, cut),
            "stride_z": lowering.axes[0].stride,
            "stride_y": lowering.axes[1].stride,
            "stride_x": lowering.axes[2].stride,
            "straight": int(_straight(lowering, form, problem)),
            "panel": int(panel),
            "prepared": 0,
            "skipped": 0,
        }
        packing = {**numbers, "pack_tasks": 0, "product_tasks": 0}
        packing |= {"planes": 0, "margin": 0}
        self._packing_size = _arrange(packing, 0)
        if numbers.get("pack_late"):
            numbers |= {"weight_tasks": 0, "packed": 0}
        self._size = _arrange(numbers, self._workers)
        self._tables = tables.array()
        ready = {**numbers, "weight_tasks": 0, "prepared": 1}
        raw = self._record(_skipping(numbers))
        # Of each kind of call, its stages and what is known of it.
        self._raw = _stages(numbers), raw.view(np.int64)
        self._ready = _stages(ready), self._record(_skipping(ready)).view(np.int64)
        self._packing = 1, self._record(packing).view(np.int64)
        self._packed = slice(packing["at_weights"], packing["at_weights"] + packing["packed"])
        self._parts_words = self._parts.view(np.int64)
        self._worker = worker(solve, self._dtype, raw.dtype, layout.PART_DTYPE)
        self._tasks = (numbers["pack_tasks"], numbers["product_tasks"])

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        form = self._blocking.form
        names = (*layout.PLANES, *layout.PRODUCT, *layout.TASKS, *layout.RESULT)
        if form.channels_in_lanes:
            names += layout.CHANNELS
        return layout.record(self._dtype, form.rows, names, numbers, form.vectors)

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
        memory[0] = 0
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1] if self._epilogue.residual else x
        if type(weight) is PackedWeight:
            self._run(self._ready, x, weight.values, bias, residual, out, memory)
            return weight.finite
        self._run(self._raw, x, weight, bias, residual, out, memory)
        return not memory[0]

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight packed; a call takes it in place of the weight."""
        memory = workspace(self._dtype, self._packing_size)
        memory[0] = 0
        self._run(self._packing, *(weight,) * 5, memory)
        return PackedWeight(memory[self._packed].copy(), not memory[0])

    def _run(self, kind: tuple[int, Array], *arrays: Array) -> None:
        stages, geometry = kind
        records = (self._tables, self._parts_words, geometry)
        run(start, self._worker, stages, self._workers, *arrays, *records, work=self._work)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        b, parts = self._blocking, self._parts
        packing, tasks = self._tasks
        packed = f"packed in {packing} tasks" if packing else "packed by the tasks that read it"
        return (
            f"tile {b.form.channels} channels x {b.form.span} positions, "
            f"blocks of {b.reads} reads, "
            f"{parts.size} part{'s' * (parts.size > 1)}, "
            f"{tasks} tasks of up to {b.tile_block * b.form.channels} channels x "
            f"{self._positions} positions on {self._workers} threads, "
            f"x {'read in place' if self._in_place else packed}"
        )


def _parts(
    lowering: Lowering, blocking: Blocking, tables: layout.Tables, batch: int
) -> NDArray[Any]:
    parts = np.zeros(len(lowering.parts), layout.PART_DTYPE)
    at_weights = task = 0
    for part, blocks, row in zip(lowering.parts, blocking.position_blocks, parts, strict=True):
        reads = part.offsets.size
        row["count_z"], row["count_y"], row["count_x"] = part.counts
        row["start_z"], row["start_y"], row["start_x"] = part.starts
        row["reads"] = reads
        row["at_offsets"] = tables.add(part.offsets)
        row["at_sources"] = tables.add(part.sources)
        row["at_weights"] = at_weights
        row["positions"] = blocking.form.positions(part)
        row["position_tiles"] = blocking.form.span_tiles(part)
        row["position_blocks"] = blocks
        row["first_task"] = task
        tiles = lowering.groups * blocking.tiles
        at_weights += tiles * reads * blocking.form.channels
        task += batch * lowering.groups * blocking.tile_blocks * part.counts[0] * blocks
    return parts


def _weight_tiles(lowering: Lowering, blocking: Blocking) -> int:
    reads = max(sum(part.offsets.size for part in lowering.parts), 1)
    return max(WEIGHT_ELEMENTS // (reads * blocking.form.channels), 1)


def _positions(lowering: Lowering, blocking: Blocking) -> int:
    """Return the most positions that a task has."""
    return max(
        blocking.position_block(part, blocks)
        for part, blocks in zip(lowering.parts, blocking.position_blocks, strict=True)
    )


def _product(lowering: Lowering, blocking: Blocking, tables: layout.Tables) -> dict[str, int]:
    identity = np.arange(blocking.reads, dtype=np.int64)
    form = blocking.form
    positions = _positions(lowering, blocking)
    numbers = {
        "tile_channels": form.channels,
        "lanes": form.lanes,
        "span": form.span,
        "narrow": form.narrow,
        "block": blocking.reads,
    }
    if not form.channels_in_lanes:
        widths = np.array([[form.span], [form.lanes]])
        return numbers | {
            "at_panel": tables.add(identity * widths),
            "scratch_pitch": positions + form.span,
            "panels": _line(blocking.reads * form.span),
        }
    # Each piece of a row is copied as whole vectors.
    pitch = form.rows + form.lanes
    pitch += -pitch % form.lanes
    size = _line(blocking.reads * pitch)
    turned = _line(positions + form.lanes)
    at_packed = -(-positions // form.span) * size
    at_turned = at_packed + _line(blocking.reads * form.channels)
    return numbers | {
        "at_panel": tables.add(identity * pitch),
        "scratch_pitch": positions + form.lanes,
        "panel_pitch": pitch,
        "panel_size": size,
        "at_packed": at_packed,
        "at_turned": at_turned,
        "turned_pitch": turned,
        "panels": at_turned + form.lanes * turned,
        "pack_late": int(blocking.late),
    }


def _tasks(
    lowering: Lowering, blocking: Blocking, parts: NDArray[Any], batch: int, workers: int
) -> dict[str, int]:
    tiles = lowering.groups * blocking.tiles
    weight_tiles = _weight_tiles(lowering, blocking)
    last = parts[-1]
    tasks_of_last = batch * lowering.groups * blocking.tile_blocks
    tasks_of_last *= int(last["count_z"] * last["position_blocks"])
    return {
        "workers": workers,
        "batch": batch,
        "groups": lowering.groups,
        "given_channels": lowering.given_channels,
        "result_channels": lowering.result_channels,
        "tiles": blocking.tiles,
        "tile_block": blocking.tile_block,
        "tile_blocks": blocking.tile_blocks,
        "parts": parts.size,
        "weight_tasks": -(-tiles // weight_tiles),
        "weight_tiles": weight_tiles,
        "weight_channels": 4 if parts.size > 1 else max(lowering.given_channels, 1),
        "product_tasks": int(last["first_task"]) + tasks_of_last if batch else 0,
        "group_stride": lowering.group_stride,
        "row_stride": lowering.row_stride,
        "packed": int(last["at_weights"] + tiles * last["reads"] * blocking.form.channels),
    }


def _planes(
    lowering: Lowering, blocking: Blocking, batch: int, workers: int, in_place: bool, strips: bool
) -> dict[str, int]:
    """Return the numbers that say where the planes are, and who packs them."""
    form = blocking.form
    local = blocking.local and not in_place
    channels = batch * lowering.groups * lowering.given_channels
    chunks, lines = _chunks(lowering, batch, workers)
    margin = lowering.shared + max(form.span, form.lanes)
    planes = channels * lowering.channel
    if local or strips:
        planes = _line(lowering.given_channels * lowering.channel + margin)
    numbers = {
        "pack_tasks": 0 if local or strips or in_place else channels * chunks,
        "pack_lines": lines,
        "pack_chunks": chunks,
        "local": int(local),
        "strips": int(strips),
        "row_positions": form.row_positions(lowering),
        "in_place": int(in_place),
        "planes": 0 if in_place else planes,
        "margin": 0 if in_place else margin,
    }
    if local:
        numbers["product_tasks"] = batch * lowering.groups
    return numbers


def _chunks(lowering: Lowering, batch: int, workers: int) -> tuple[int, int]:
    """Return into how many tasks the packing of a channel is cut, and their lines.

    No more than what fits a first-level cache, and, where images are fewer than workers, no more
    than a worker's share: then it packs most of the lines whose results it computes.
    """
    lines = lowering.layers * lowering.lines
    most = PACK_ELEMENTS * lines // lowering.channel
    share = -(-lines * batch // workers)
    most = max(min(most, share), LEAST_LINES)
    chunks = -(-lines // most)
    return chunks, -(-lines // chunks)


def _straight(lowering: Lowering, form: Form, problem: ConvolutionProblem) -> bool:
    """Return whether positions lie in the result as in the tiles, and go there unchanged."""
    epilogue, (part, *others) = problem.epilogue, lowering.parts
    plain = not epilogue.residual and epilogue.activation is None and epilogue.shuffle == 1
    whole = part.counts[1:] == (lowering.axes[1].result, lowering.axes[2].result)
    ends = not form.channels_in_lanes and lowering.pitch == part.counts[2]
    return plain and not others and whole and ends


def _stages(numbers: dict[str, int]) -> int:
    """Return how many stages have something to do."""
    return 1 if numbers["pack_tasks"] + numbers["weight_tasks"] == 0 else 2


def _skipping(numbers: dict[str, int]) -> dict[str, int]:
    """Return the numbers of a call that begins with the first stage that has something to do."""
    return {**numbers, "skipped": 2 - _stages(numbers)}


def _arrange(numbers: dict[str, int], workers: int) -> int:
    """Give every user of the workspace its place, and return the size of the whole."""
    numbers["scratch"] = _line(
        numbers["tile_block"] * numbers["tile_channels"] * numbers["scratch_pitch"]
    )
    # And a row of zeros.
    numbers["scratch"] += _line(numbers["tile_channels"])
    planes = _line(numbers["planes"] + numbers["margin"])
    if numbers["local"] or numbers["strips"]:
        planes = workers * numbers["planes"]
    size = MESSAGES
    numbers["at_planes"], size = size, size + planes
    numbers["at_weights"], size = size, size + _line(numbers["packed"])
    numbers["at_scratch"], size = size, size + workers * numbers["scratch"]
    numbers["at_panels"], size = size, size + workers * numbers["panels"]
    return size


def _line(elements: int) -> int:
    return -(-elements // 16) * 16
