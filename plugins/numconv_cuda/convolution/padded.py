"""`padded`: padding that repeats samples, by an algorithm that convolves without padding.

Forward it is given a padded copy of x. Backward it computes the gradient of such a copy, and each
sample's is the sum over the places that copy it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem, Epilogue
from numconv.core.protocol import Algorithm, Plan, Shape
from numconv.core.tables import Axis, five_axes, padded_size, padded_sources, readers, three_axes

from ..array import DeviceArray
from ..device import Device
from ..plan import DevicePlan

# Bytes a second that a GPU of an H200's kind copies, estimated.
BYTES = 3e12
SECONDS_PER_CALL = 8e-6
# All tables together are counted in 32 bits.
LARGEST = 2**31 // 4
# Of a grid along its second and third axes.
MOST_BLOCKS = 65_535


class Padded:
    """Padding modes other than zeros, in either direction, for what `inner` algorithms solve."""

    name = "padded"
    last_resort = False

    def __init__(self, device: Callable[[], Device], inner: Sequence[Algorithm]) -> None:
        self._device, self._inner = device, tuple(inner)

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.padding_mode == "zeros" or max(map(max, problem.padding)) <= 0:
            return "takes what is padded, by a padding mode other than zeros"
        if max(problem.batch, problem.in_channels) > MOST_BLOCKS:
            given = (problem.batch, problem.in_channels)
            return f"takes up to {MOST_BLOCKS} images and channels, not {given}"
        unpadded = without_padding(problem)
        if max(prod(problem.input_shape), prod(unpadded.input_shape)) > LARGEST:
            return f"takes channels of up to {LARGEST} samples, padding included"
        refusals = [(each.name, each.refusal(unpadded)) for each in self._inner]
        if any(reason is None for _, reason in refusals):
            return None
        return "; ".join(f"hands over to {name}, which {reason}" for name, reason in refusals)

    def cost(self, problem: ConvolutionProblem) -> float:
        unpadded = without_padding(problem)
        copied = prod(problem.x_shape) + prod(unpadded.x_shape)
        seconds = copied * np.dtype(unpadded.dtype).itemsize / BYTES
        return SECONDS_PER_CALL + seconds + self._choice(unpadded).cost(unpadded)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        unpadded = without_padding(problem)
        device, inner = self._device(), self._choice(unpadded).plan(unpadded)
        if problem.direction == "forward":
            return PaddedPlan(problem, device, unpadded, inner)
        if unpadded.dtype != problem.dtype:
            from ..widen import WidenedPlan

            inner = WidenedPlan(replace(problem, epilogue=Epilogue()), device, inner)
        return FoldedPlan(problem, device, unpadded, inner)

    def _choice(self, unpadded: ConvolutionProblem) -> Algorithm:
        accepted = [each for each in self._inner if each.refusal(unpadded) is None]
        return min(accepted, key=lambda each: each.cost(unpadded))


def without_padding(problem: ConvolutionProblem) -> ConvolutionProblem:
    """Return the problem whose `x` is padded beforehand, with as much as any output sees.

    The gradient of a padded array stays in the type of sums: its places are yet to be added up, and
    float16 would round each of them, or overflow where their sum does not.
    """
    shape = tuple(padded_size(axis) for axis in three_axes(problem))[-problem.axes :]
    unpadded = replace(
        problem, input_shape=shape, padding=((0, 0),) * problem.axes, padding_mode="zeros"
    )
    if problem.direction == "forward":
        return unpadded
    return replace(unpadded, dtype=dtypes.accumulator(problem.dtype), epilogue=Epilogue())


class PaddedPlan(DevicePlan):
    """A forward convolution: the tables of the padded copy, and the plan that is given it."""

    def __init__(
        self, problem: ConvolutionProblem, device: Device, unpadded: ConvolutionProblem, inner: Plan
    ) -> None:
        from . import padding

        super().__init__(problem, device)
        self._inner, self._unpadded = inner, unpadded
        self._threads = padding.THREADS
        if problem.direction == "forward":
            self._kernel, results = padding.kernel("pad"), unpadded.x_shape
        else:
            activation = problem.epilogue.activation
            self._kernel, results = padding.kernel("fold", activation), problem.x_shape
        tables = _tables(problem)
        blocks = -(-prod(results[2:]) // padding.THREADS)
        self._grid = (blocks, -(-problem.in_channels // padding.OWN), problem.batch)
        self._tables = np.concatenate(tables).astype(np.int32)
        self._numbers = _numbers(problem, unpadded.x_shape, tables)
        copied = prod(unpadded.x_shape) * np.dtype(unpadded.dtype).itemsize
        self.workspace_bytes = copied + inner.workspace_bytes

    def bind(self, device: Device) -> Any:
        launch = device.launcher(self._kernel, self._dtype, self._grid, (self._threads,))
        return launch, device.upload(self._tables)

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        x, *rest = arrays
        padded = self._empty(out)
        launch(out.stream, x.data, padded.data, tables.data, *self._numbers)
        self._inner(padded, *rest, out=out)

    def _empty(self, out: DeviceArray) -> DeviceArray:
        """Return memory for the padded array, given back in the order of the stream."""
        dtype = np.dtype(self._unpadded.dtype)
        return out.device.empty(self._unpadded.x_shape, dtype, out.stream)

    def prepare(self, weight: Any) -> Any:
        return self._inner.prepare(weight)

    def describe(self) -> str:
        return f"x padded to {self._unpadded.input_shape}; {self._inner.describe()}"


class FoldedPlan(PaddedPlan):
    """An input gradient: the plan of that of a padded array, and the tables of its copies."""

    def launch(self, bound: Any, arrays: tuple[DeviceArray, ...], out: DeviceArray) -> None:
        launch, tables = bound
        _, _, bias, residual, result = self.pointers(arrays, out)
        padded = self._empty(out)
        self._inner(*arrays[:2], out=padded)
        launch(out.stream, padded.data, bias, residual, result, tables.data, *self._numbers)

    def describe(self) -> str:
        return f"{self._inner.describe()}; folded from {self._unpadded.input_shape}"


def _tables(problem: ConvolutionProblem) -> list[NDArray[np.int64]]:
    """Return, by axis, which sample stands at each place of the padded array.

    Backward, instead, where in a list of copies those of each sample begin, and then the lists.
    """
    axes, mode = three_axes(problem), problem.padding_mode
    if problem.direction == "forward":
        return [padded_sources(axis, mode) for axis in axes]
    # As to what reads what, padding is a convolution of a single tap.
    single = (Axis(x.size, padded_size(x), 1, 1, x.lo, 1) for x in axes)
    begins, copies, _ = zip(*(readers(axis, mode) for axis in single), strict=True)
    return [*begins, *copies]


def _numbers(
    problem: ConvolutionProblem, padded: Shape, tables: Sequence[NDArray[Any]]
) -> tuple[np.int32, ...]:
    from . import padding as k

    g = np.zeros(k.NUMBERS, np.int32)
    g[k.CHANNELS : k.SIZE_X + 1] = five_axes(problem.x_shape)[1:]
    g[k.PADDED_Z : k.PADDED_X + 1] = five_axes(padded)[2:]
    firsts = np.cumsum([0, *(table.size for table in tables)])
    g[k.TABLE_Z : k.TABLE_Z + len(tables)] = firsts[:-1]
    epilogue = problem.epilogue
    g[k.HAS_BIAS], g[k.HAS_RESIDUAL] = epilogue.bias, epilogue.residual
    g[k.SHUFFLE] = epilogue.shuffle
    return tuple(g)
