"""Complex convolutions as real ones: each channel is two, each weight a matrix of two by two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from numconv.plugin import Array, ConvolutionProblem, Epilogue, Plan

REALS = {"complex64": "float32", "complex128": "float64"}


@dataclass(frozen=True)
class ComplexWeight:
    """A weight as the real plan likes it best, and how it was given."""

    prepared: Any
    given: Array


class ComplexPlan:
    """A complex convolution through the real one that `plan` makes.

    With ``w = a + bi``, channel ``c`` becomes the real channels ``2c`` and ``2c + 1`` and the
    weight ``[[a, -b], [b, a]]``. The input gradient multiplies by the transposed weight, not by
    its conjugate, which in real numbers asks for ``[[a, b], [-b, a]]``.
    """

    def __init__(
        self, problem: ConvolutionProblem, plan: Callable[[ConvolutionProblem], Plan]
    ) -> None:
        real = replace(
            problem,
            in_channels=2 * problem.in_channels,
            out_channels=2 * problem.out_channels,
            dtype=REALS[problem.dtype],
            epilogue=Epilogue(),
        )
        self._problem, self._real = problem, real
        self._plan = plan(real)
        channels = problem.result_shape[1]
        destination = problem.epilogue.destination
        self._order = np.argsort([destination(c, channels) for c in range(channels)])
        # The results come in pairs that are put in order; of a weight, -b is made first.
        results, weights = prod(real.result_shape), prod(problem.weight_shape)
        self._copied = sum(map(prod, real.operand_shapes)) + 2 * results + weights

    @property
    def workspace_bytes(self) -> int:
        return self._plan.workspace_bytes + self._copied * np.dtype(self._real.dtype).itemsize

    def __call__(self, x: Array, weight: Any, *rest: Array, out: Array) -> None:
        if out.size == 0:
            return
        ready = type(weight) is ComplexWeight
        weight = weight.prepared if ready else self._real_weight(weight)
        parts = np.empty(self._real.result_shape, self._real.dtype)
        self._plan(self._real_channels(x), weight, out=parts)
        pairs = parts.reshape(len(parts), -1, 2, *parts.shape[2:])[:, self._order]
        out.real, out.imag = pairs[:, :, 0], pairs[:, :, 1]
        epilogue = self._problem.epilogue
        # Kernels that add them do not warn of infinities either.
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if epilogue.bias:
                out += rest[0][self._order].reshape(-1, *[1] * self._problem.axes)
            if epilogue.residual:
                out += rest[-1]

    def _real_channels(self, x: Array) -> Array:
        pairs = np.stack((x.real, x.imag), axis=2)
        return pairs.reshape(len(x), -1, *x.shape[2:])

    def _real_weight(self, weight: Array) -> Array:
        forward = self._problem.direction == "forward"
        a, b = weight.real, weight.imag if forward else -weight.imag
        matrix = np.empty((len(weight), 2, weight.shape[1], 2, *weight.shape[2:]), a.dtype)
        matrix[:, 0, :, 0] = matrix[:, 1, :, 1] = a
        matrix[:, 1, :, 0], matrix[:, 0, :, 1] = b, -b
        return matrix.reshape(self._real.weight_shape)

    def prepare(self, weight: Array) -> Any:
        """Return the weight as the real plan likes it best."""
        return ComplexWeight(self._plan.prepare(self._real_weight(weight)), weight.copy())

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        return f"{self._problem.dtype} as pairs of {self._real.dtype}; {self._plan.describe()}"
