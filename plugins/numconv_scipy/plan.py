"""What the algorithms of this backend share: a plan from calls of one of SciPy's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from numconv.core.errors import RefusedError
from numconv.core.protocol import Algorithm, Array, Plan

from . import epilogue, library, windows

Call = Callable[[], Array]

LONGEST_SECONDS = 10.0
"""What a call may take where it is measured, which is at least ten times."""


class ScipyAlgorithm(Algorithm):
    """An algorithm that calls a function of SciPy for each result channel."""

    @abstractmethod
    def channel(self, problem: Any) -> Callable[[Array, Array], Array]:
        """Return a function that gives a result channel, without stride.

        It takes given channels and as many kernels: (channels, *spatial) and (channels, *taps).
        """

    @abstractmethod
    def describe(self, problem: Any) -> str:
        """Return the function in words."""

    @abstractmethod
    def cost(self, problem: Any) -> float:
        """Return the estimated time of a call, in seconds.

        The numbers in these estimates were measured on an AMD EPYC of the Zen 5 family, with
        SciPy 1.17 and float32.
        """

    def refusal(self, problem: Any) -> str | None:
        return windows.window_refusal(problem)

    def plan(self, problem: Any) -> Plan:
        self.channel(problem)
        return ScipyPlan(self, problem)

    def bind(self, problem: Any, *operands: Array) -> Call:
        """Return the call that solves `problem` for arrays in the dtype of its sums."""
        given, weight, *added = operands
        kernels, index = windows.kernels_of(problem, weight), windows.kept(problem)
        channel, finish = self.channel(problem), epilogue.finisher(problem, *added)

        def call() -> Array:
            found = [
                channel(group, kernel)[index]
                for image in windows.by_group(problem, given)
                for group, per_channel in zip(image, kernels, strict=True)
                for kernel in per_channel
            ]
            result = found[0] if len(found) == 1 else np.array(found)
            return finish(result.reshape(problem.result_shape))

        return call

    def native(self, problem: Any, operands: Sequence[Array]) -> Call:
        """Return the call with its operands in their dtype and its kernels made already.

        Raises
        ------
        RefusedError
            If a call is estimated to take more than `LONGEST_SECONDS`.
        """
        seconds = self.cost(problem)
        if seconds > LONGEST_SECONDS:
            raise RefusedError(
                f"scipy/{self.name}: a call would take about {seconds:.0f} s, more than the "
                f"{LONGEST_SECONDS:.0f} s for which it is measured: SciPy has no channels, and "
                f"here are {pairs_of_channels(problem)} pairs of them"
            )
        return self.bind(problem, *library.adopt(problem, operands))


class ScipyPlan(Plan):
    """Calls SciPy, and copies what it gives."""

    def __init__(self, algorithm: ScipyAlgorithm, problem: Any) -> None:
        self._algorithm, self._problem = algorithm, problem

    @property
    def workspace_bytes(self) -> int:
        channels = self._problem.operand_shapes[0][1] // self._problem.groups
        values = prod(self._problem.result_shape) + channels * windows.places(self._problem)
        return int(values * np.dtype(self._problem.result_dtype).itemsize)

    def __call__(self, *arrays: Any, out: Array) -> None:
        operands = library.adopt(self._problem, arrays)
        out[...] = self._algorithm.bind(self._problem, *operands)()

    def describe(self) -> str:
        return self._algorithm.describe(self._problem)


def result_channels(problem: Any) -> int:
    """Return how many result channels are computed, of all images."""
    return int(problem.batch * problem.result_shape[1])


def pairs_of_channels(problem: Any) -> int:
    """Return how many arrays are convolved with a kernel."""
    return result_channels(problem) * int(problem.operand_shapes[0][1]) // int(problem.groups)
