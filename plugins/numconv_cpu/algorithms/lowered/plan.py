"""The plan of a lowered convolution: what the compiled call is told, and the call."""

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

from ...kernel import layout
from ...kernel.lowering import Lowering
from ...kernel.records import Tables, record
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import Launch
from ...runtime.workspace import Workspace
from ...simd.tile import tile_field
from .blocking import Form, block, forms, strip_lowering
from .numbers import arrange, most_positions, numbers_of, parts_of, skipping, stages_of
from .solve import solve


@dataclass(frozen=True)
class PackedWeight:
    """A weight in the order in which `plan` reads it."""

    values: NDArray[Any]
    finite: bool
    plan: LoweredPlan

    @property
    def given(self) -> Array:
        """The weight as it was before; 0 where no result depends on it."""
        return self.plan.unpacked(self.values)


class LoweredPlan(OfThisProcess):
    """A lowered convolution, ready to be called with arrays of the problem's dtype.

    Parameters
    ----------
    problem : ConvolutionProblem
        Of float32, float64 or int64.
    lowering : Lowering
        Of that problem, or of one with the same numbers.
    in_place : bool
        Whether the given array is its own planes.
    pack_panels : bool
        Whether the samples of every tile of positions are packed, not just of those at an end.
    form : Form, optional
        Of the register tile; by default the one that computes least in vain.
    """

    def __init__(
        self,
        problem: ConvolutionProblem,
        lowering: Lowering,
        in_place: bool = False,
        pack_panels: bool = False,
        form: Form | None = None,
    ) -> None:
        self._dtype = problem.dtype
        self._epilogue = problem.epilogue
        self._weight_shape = problem.weight_shape
        self._empty = prod(problem.result_shape) == 0
        self._in_place = in_place
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        form = form or forms(lowering, problem.dtype)[0]
        sizes = np.dtype(problem.dtype).itemsize, max(problem.batch, 1), self._workers
        self._blocking = block(lowering, form, *sizes)
        strips = None if in_place else strip_lowering(lowering, self._blocking, *sizes)
        lowering, in_strips = strips or lowering, strips is not None
        self._positions = most_positions(lowering, self._blocking)
        tables = Tables()
        self._parts = parts_of(lowering, self._blocking, tables, max(problem.batch, 1))
        arguments = (self._blocking, self._parts, tables, self._workers, in_place, in_strips)
        numbers = {**numbers_of(problem, lowering, *arguments), "pack_panels": int(pack_panels)}
        packing = {**numbers, "pack_tasks": 0, "product_tasks": 0}
        packing |= {"planes": 0, "margin": 0}
        self._room_to_pack = Workspace(problem.dtype, arrange(packing, 0))
        if numbers.get("pack_late"):
            numbers |= {"weight_tasks": 0, "packed": 0}
        self._workspace = Workspace(problem.dtype, arrange(numbers, self._workers))
        self._tables = tables.array()
        ready = {**numbers, "weight_tasks": 0, "prepared": 1}
        raw = self._record(skipping(numbers))
        self._worker = worker(solve, self._dtype, raw.dtype, layout.PART_DTYPE)
        # Of each kind of call.
        self._raw = self._launch(stages_of(numbers), raw)
        self._ready = self._launch(stages_of(ready), self._record(skipping(ready)))
        self._packing = self._launch(1, self._record(packing))
        self._packed = slice(packing["at_weights"], packing["at_weights"] + packing["packed"])
        self._tasks = (numbers["pack_tasks"], numbers["product_tasks"])

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        form = self._blocking.form
        names = (*layout.PLANES, *layout.PRODUCT, *layout.TASKS, *layout.STRIDED_RESULT)
        if form.channels_in_lanes:
            names += layout.CHANNELS
        return record(names, numbers, tile_field(self._dtype, form.rows, form.vectors))

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, *arrays: Any, out: Array) -> None:
        """Solve the problem for x (or y), weight, bias and residual."""
        self.solve(*arrays, out=out)

    def solve(self, x: Array, weight: Any, *rest: Array, out: Array) -> bool:
        """Do as a call, and return whether every weight was finite."""
        if self._empty:
            return True
        launch, read = self._raw, weight
        if type(weight) is PackedWeight:
            launch, read = self._ready, weight.values
        memory = self._workspace.take()
        memory[0] = 0
        bias = rest[0] if self._epilogue.bias else x
        residual = rest[-1] if self._epilogue.residual else x
        launch.run(x, read, bias, residual, out, memory)
        finite = not memory[0] if read is weight else weight.finite
        self._workspace.give(memory)
        return finite

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight packed; a call takes it in place of the weight."""
        memory = self._room_to_pack.take()
        memory[0] = 0
        self._packing.run(*(weight,) * 5, memory)
        packed = PackedWeight(aligned_copy(memory[self._packed]), not memory[0], self)
        self._room_to_pack.give(memory)
        return packed

    def unpacked(self, packed: Array) -> Array:
        """Return the weight that was packed so.

        Where each element went is told by packing their numbers, a digit at a time: those of
        base 2**20 are exact in all dtypes, and 0 stays for what holds no element.
        """
        digits = 2**20
        size = prod(self._weight_shape)
        dtype = np.dtype(self._dtype)
        memory = self._room_to_pack.take()
        numbers, places, unit = np.arange(1, size + 1), np.zeros(packed.size, np.int64), 1
        while unit <= size:
            memory[:] = 0
            digit = (numbers // unit % digits).astype(dtype).reshape(self._weight_shape)
            self._packing.run(*(digit,) * 5, memory)
            places += memory[self._packed].astype(np.int64) * unit
            unit *= digits
        self._room_to_pack.give(memory)
        weight = np.zeros(size + 1, dtype)
        weight[places] = packed
        return weight[1:].reshape(self._weight_shape)

    def _launch(self, stages: int, geometry: NDArray[Any]) -> Launch:
        records = self._tables, self._parts.view(np.int64), geometry.view(np.int64)
        return Launch(self._worker, stages, self._workers, *records, self._work)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        b, parts = self._blocking, self._parts
        packing, tasks = self._tasks
        packed = f"packed in {packing} tasks" if packing else "packed by the tasks that read it"
        return (
            f"tile {b.form.MR} channels x {b.form.NR} positions, "
            f"K in blocks of {b.KC}, "
            f"{parts.size} part{'s' * (parts.size > 1)}, "
            f"{tasks} tasks of up to {b.tile_block * b.form.MR} channels x "
            f"{self._positions} positions on {self._workers} threads, "
            f"x {'read in place' if self._in_place else packed}"
        )
