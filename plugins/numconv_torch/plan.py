"""What the algorithms of this backend share: a plan from a call of PyTorch on tensors."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from numconv.core.protocol import Algorithm, Array, Plan

from . import tensors

Call = Callable[[], Any]

# For an order of magnitude only: nothing is chosen by this estimate.
_CALL_SECONDS, _MACS_PER_SECOND, _BYTES_PER_SECOND = 10e-6, 30e9, 10e9


class TorchAlgorithm(Algorithm):
    """An algorithm that is a call of PyTorch."""

    @abstractmethod
    def bind(self, problem: Any, *operands: Any) -> Call:
        """Return the call of PyTorch that solves `problem` for these tensors."""

    @abstractmethod
    def describe(self, problem: Any) -> str:
        """Return the call in words."""

    @abstractmethod
    def intermediates(self, problem: Any) -> int:
        """Return how many values the call keeps besides its operands and its result."""

    def cost(self, problem: Any) -> float:
        moved = problem.min_bytes + 2 * self.intermediates(problem) * _itemsize(problem)
        return _CALL_SECONDS + problem.macs / _MACS_PER_SECOND + moved / _BYTES_PER_SECOND

    def plan(self, problem: Any) -> Plan:
        tensors.library()
        return TorchPlan(self, problem)

    def native(self, problem: Any, operands: Sequence[Array]) -> Call:
        """Return the call with its tensors made already, and PyTorch's threads set."""
        tensors.use_threads()
        with tensors.library().inference_mode():
            return self.bind(problem, *tensors.adopt(problem, operands))


class TorchPlan(Plan):
    """Calls PyTorch on tensors that share the operands' memory, and copies what it gives."""

    def __init__(self, algorithm: TorchAlgorithm, problem: Any) -> None:
        self._algorithm, self._problem = algorithm, problem

    @property
    def workspace_bytes(self) -> int:
        kept = self._algorithm.intermediates(self._problem) + prod(self._problem.result_shape)
        return kept * _itemsize(self._problem)

    def __call__(self, *arrays: Any, out: Array) -> None:
        torch = tensors.library()
        tensors.use_threads()
        with torch.inference_mode():
            call = self._algorithm.bind(self._problem, *tensors.adopt(self._problem, arrays))
            torch.from_numpy(out).copy_(call())

    def describe(self) -> str:
        return self._algorithm.describe(self._problem)


def _itemsize(problem: Any) -> int:
    return np.dtype(problem.result_dtype).itemsize
