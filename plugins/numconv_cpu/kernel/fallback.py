"""What `winograd`, `fft` and `spectral` share: a call may find that another must do the work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.kept import remembering
from numconv.core.memory import aligned, aligned_copy
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.threads import get_num_threads

from ..algorithms.lowered.direct import Direct
from ..algorithms.lowered.transposed import Transposed
from ..runtime.process import OfThisProcess
from ..runtime.threads import run
from ..runtime.workspace import Workspace


@dataclass(frozen=True)
class PreparedWeight:
    """A weight, and what a plan reads in its place, itself at the end; None if it is not fit."""

    given: Array
    transformed: NDArray[Any] | None


class TransformingPlan(OfThisProcess):
    """A plan that transforms samples and weights, and hands over those that are not fit for it.

    The first element of the workspace says whether another algorithm must compute all images, and
    those that follow, with more messages than one, say it of each image. The kernels decide by
    nothing but an image and the weights, so the same image always gets the same bits.

    A derived class sets what is declared here.
    """

    _worker: int
    _dtype: str  # of the workspace
    _stages: int = 2
    _tables: Array
    _constants: Array  # besides the tables
    _raw: Array  # the numbers of a plain call
    _ready: Array  # of one with a prepared weight
    _packing: Array  # of its preparation
    _size: int  # of the workspace
    _packing_size: int
    _records: bool = False  # whether the workspace holds them: see `Workspace`
    _transformed: slice  # of the workspace after the preparation

    def __init__(self, problem: ConvolutionProblem, messages: int) -> None:
        self._problem = problem
        self._dtype = problem.dtype
        self._messages = messages
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    @cached_property
    def _workspace(self) -> Workspace:
        return Workspace(self._dtype, self._size, self._records)

    def __call__(self, x: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Solve the problem for x (or y), weight, bias and residual."""
        if self._empty:
            return
        given, read, numbers = weight, weight, self._raw
        if isinstance(weight, PreparedWeight):
            given, read, numbers = weight.given, weight.transformed, self._ready
            if read is None:
                _exact(self._problem, get_num_threads())(x, given, *rest, out=out)
                return
        memory = self._workspace.take()
        bias = rest[0] if self._problem.epilogue.bias else x
        residual = rest[-1] if self._problem.epilogue.residual else x
        self._run(x, read, bias, residual, out, memory, numbers)
        hand_over, images = memory[0], memory[1 : self._messages].nonzero()[0]
        self._workspace.give(memory)
        if hand_over:
            _exact(self._problem, get_num_threads())(x, given, *rest, out=out)
            return
        if images.size == 0:
            return
        exact = _exact(replace(self._problem, batch=1), get_num_threads())
        for n in images:
            alone = slice(n, n + 1)
            rest_alone = (each[alone] if each.ndim > 1 else each for each in rest)
            exact(x[alone], given, *rest_alone, out=out[alone])

    def prepare(self, weight: Array) -> PreparedWeight:
        """Return the weight with its transforms; one that is not fit for them as it is."""
        dtype = np.dtype(self._problem.dtype)
        memory = aligned(self._packing_size * dtype.itemsize).view(dtype)
        self._run(*(weight,) * 5, memory, self._packing)
        if memory[0]:
            return PreparedWeight(weight.copy(), None)
        kept = aligned_copy(memory[self._transformed], weight)
        return PreparedWeight(kept[-weight.size :].reshape(weight.shape), kept)

    def _run(self, *arrays: Array) -> None:
        *operands, memory, numbers = arrays
        memory[: self._messages] = 0
        told = (memory, self._tables, self._constants, numbers)
        run(self._worker, self._stages, self._workers, *operands, *told, work=self._work)


# The plans that one keeps cannot count those that it will need.
@remembering(16)
def _exact(problem: ConvolutionProblem, threads: int) -> Plan:
    algorithm = Direct() if problem.direction == "forward" else Transposed()
    return algorithm.plan(problem)
