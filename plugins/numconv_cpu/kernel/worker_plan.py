"""What the plans of all algorithms share: a compiled worker, its arguments, and the calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import aligned_copy
from numconv.plugin import Array, Plan, get_num_threads

from ..runtime.launch import worker
from ..runtime.process import OfThisProcess
from ..runtime.threads import Launch
from ..runtime.workspace import Workspace
from .arguments import Arguments, Field, Layout


@dataclass(frozen=True)
class PackedWeight:
    """What a plan reads in place of the weight; of one not fit for its algorithm, the weight."""

    values: NDArray[Any]
    plan: WorkerPlan
    fit: bool = True

    @property
    def given(self) -> Array:
        """The weight as it was before; 0 where no result depends on it."""
        return self.plan.unpacked(self.values) if self.fit else self.values


class WorkerPlan(OfThisProcess):
    """A problem, ready to be called with arrays of its dtype.

    A derived class says what the worker is told (`compile`), and, if it packs weights, what it is
    told to do so and to read them (`pack_weights`).

    Parameters
    ----------
    problem : Problem
        Of a dtype for which there are kernels.
    dtype : str, optional
        Of the workspace; by default the problem's.
    messages : int
        First elements of the workspace, by which a worker hands over values for which its algorithm
        is not fit. They are 0 before the call; where something else is in the first element,
        `exact` solves the whole problem, and where it is in element ``1 + n``, image n.
    integers : bool
        Whether the worker writes integers into the workspace: see `Workspace`.
    work : int, optional
        Multiply-adds of a call, or something as costly; by default those of the problem.
    """

    exact: Callable[[Any], Plan] | None = None
    """Plans what a worker hands over by its messages; without it they are not read."""
    keeps_weight = True
    """Whether a packed weight has the weight itself behind it."""

    def __init__(
        self,
        problem: Any,
        dtype: str | None = None,
        messages: int = 0,
        integers: bool = False,
        work: int | None = None,
    ) -> None:
        self.problem = problem
        self.workers = get_num_threads()
        self._work = problem.macs + problem.min_bytes if work is None else work
        self._empty = prod(problem.result_shape) == 0
        self._bias, self._residual = problem.epilogue.bias, problem.epilogue.residual
        self._dtype, self._messages, self._integers = dtype or problem.dtype, messages, integers
        self._packing: Arguments | None = None

    def compile(
        self,
        solve: Callable[..., None],
        arguments: Arguments,
        *fields: Field,
        stages: int = 1,
        parts: Sequence[Arguments] = (),
        constants: NDArray[Any] | None = None,
        fused: bool = True,
    ) -> Layout:
        """Compile the worker for these arguments, and return where they stand.

        Parameters
        ----------
        solve : callable
            The worker; see `runtime.launch.worker`.
        arguments : Arguments
            What it is told.
        *fields : tuple
            More fields of the record, for their type alone.
        stages : int
            All tasks of a stage are done before the next begins.
        parts : sequence of Arguments
            Of which the worker gets a record each; without them, `parts` is the record itself.
        constants : ndarray, optional
            Of a structured dtype: what the worker gets in place of the parts.
        fused : bool
            As of `runtime.compile.kernel`.
        """
        self._fields, self._of_parts = fields, parts
        layout = self._lay_out(arguments)
        second = layout.parts if constants is None else constants
        self._worker = worker(solve, self._dtype, layout.record.dtype, second.dtype, fused)
        self._tables, self._record_dtype = layout.tables, layout.record.dtype
        self._parts = None if second is layout.record else second.view(np.int64)
        self._plain = self._launch(stages, layout)
        self._workspace = Workspace(self._dtype, layout.size, self._integers)
        return layout

    def pack_weights(
        self, packing: Arguments, ready: Arguments, first: str, last: str = "", stages: int = 1
    ) -> None:
        """Let `prepare` pack weights.

        Parameters
        ----------
        packing, ready : Arguments
            What the worker is told to pack them, in stage 0 alone, and in a call with packed ones,
            which it gets in place of the weight: they are of the class of those that it was
            compiled for, and a field of them says which of the two it is. `ready` takes no more
            workspace than a plain call; its rooms may be of 0.
        first, last : str
            Of `packing`: from the first to the last `Room` packed weights stand.
        stages : int
            Of a call with packed weights.
        """
        self._packing, self._kept = packing, (first, last or first)
        self.read_packed(ready, stages)

    def read_packed(self, ready: Arguments, stages: int = 1) -> None:
        """Say what the worker is told in a call with packed weights, whoever packed them."""
        self._ready, self._ready_stages = ready, stages

    @cached_property
    def _launch_packed(self) -> Launch:
        # Not before it is needed: each layout takes a part of the time of a new plan.
        layout = self._lay_out_alike(self._ready)
        assert layout.size <= self._workspace.size
        return self._launch(self._ready_stages, layout)

    @cached_property
    def _launch_packing(self) -> tuple[Launch, slice, Workspace]:
        assert self._packing is not None
        layout, (first, last) = self._lay_out_alike(self._packing), self._kept
        kept = slice(layout.places[first].start, layout.places[last].stop)
        workspace = Workspace(self._dtype, layout.size, self._integers)
        return self._launch(1, layout), kept, workspace

    def _lay_out(self, arguments: Arguments) -> Layout:
        return Layout(arguments, self.workers, self._fields, self._of_parts, self._messages)

    def _lay_out_alike(self, arguments: Arguments) -> Layout:
        """Return the layout of arguments for the worker that is compiled already."""
        layout = self._lay_out(arguments)
        assert layout.record.dtype == self._record_dtype
        return layout

    def _launch(self, stages: int, layout: Layout) -> Launch:
        record = layout.record.view(np.int64)
        parts = record if self._parts is None else self._parts
        told = (self._worker, stages, self.workers, self._tables, parts, record, self._work)
        return Launch(*told)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, x: Array, weight: Any = None, *rest: Array, out: Array) -> None:
        """Solve the problem for x (or y), weight, bias and residual."""
        if self._empty:
            return
        read, launch = x if weight is None else weight, self._plain
        if type(weight) is PackedWeight:
            if not weight.fit:
                self._hand_over([0], x, weight, *rest, out=out)
                return
            read, launch = weight.values, self._launch_packed
        memory, messages = self._workspace.take(), self._messages
        if self.exact:
            memory[:messages] = 0
        # Of bias and residual, those that the problem has not are never read.
        bias = rest[0] if self._bias else x
        residual = rest[-1] if self._residual else x
        launch.run(x, read, bias, residual, out, memory)
        if self.exact and (memory[0] or messages > 1):
            told = memory[:messages].nonzero()[0].tolist()
            self._workspace.give(memory)
            if told:
                self._hand_over(told, x, weight, *rest, out=out)
        else:
            self._workspace.give(memory)

    def _hand_over(self, told: list[int], x: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Let `exact` solve the problem, or some images of it."""
        assert self.exact is not None
        weight = weight.given if type(weight) is PackedWeight else weight
        if told[0] == 0:
            self.exact(self.problem)(x, weight, *rest, out=out)
            return
        exact = self.exact(replace(self.problem, batch=1))
        for n in (number - 1 for number in told):
            one = slice(n, n + 1)
            rest_of_one = (each[one] if each.ndim > 1 else each for each in rest)
            exact(x[one], weight, *rest_of_one, out=out[one])

    def prepare(self, weight: Array) -> Any:
        """Return what a call takes in place of the weight, and reads faster."""
        if self._packing is None:
            return weight
        packed = self._pack(weight, *(weight,) * self.keeps_weight)
        if packed is None:
            return PackedWeight(weight.copy(), self, fit=False)
        return PackedWeight(packed, self)

    def _pack(self, weight: Array, *behind: Array) -> Array | None:
        """Return a packed weight with arrays behind it; None for one that must be handed over."""
        launch, kept, workspace = self._launch_packing
        memory = workspace.take()
        memory[: self._messages] = 0
        launch.run(*(weight,) * 5, memory)
        packed = None if self.exact and memory[0] else aligned_copy(memory[kept], *behind)
        workspace.give(memory)
        return packed

    def unpacked(self, packed: Array) -> Array:
        """Return the weight that was packed so."""
        shape = self.problem.weight_shape
        return packed[packed.size - prod(shape) :].reshape(shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        raise NotImplementedError
