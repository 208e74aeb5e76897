"""A plugin with one right algorithm in plain NumPy and copies of it, each with one defect.

The tests register this module as a distribution of its own, found by the entry point, so that
`numconv verify` meets the mutants as it would meet a stranger's.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numconv.core import activations, dtypes
from numconv.core.geometry import tap_source
from numconv.core.hookspecs import hookimpl
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Algorithm, Array, Backend, Plan, Status
from numconv.core.threads import get_num_threads

RIGHT = "right"
MUTANTS = {
    "wrong_tap": {"within_bound", "delta", "adjoint"},
    "wrong_padding_side": {"within_bound", "delta", "adjoint"},
    "wrong_group": {"within_bound", "delta", "adjoint"},
    "missing_last_row": {"within_bound", "delta", "adjoint"},
    "nan_swallowed": {"non_finite"},
    "float32_sums": {"within_bound"},
    "unwritten_tail": {"written"},
    "out_of_bounds_write": {"written"},
    "thread_dependent_sum": {"threads"},
    "activation_before_residual": {"epilogue"},
}
"""Each defect, and the laws of which at least one must notice it."""

SUBTLE = {
    "warns": "quiet",
    "scratch_in_the_plan": "at_once",
    "parts_under_strict": "accuracy",
    "takes_more_than_it_says": "workspace",
    "leaks": "memory",
}
"""Each defect that gives right results to one caller, and the one law that notices it."""


def convolve(wrong: str, problem: Any, x: Array, weight: Array, *rest: Array) -> Array:
    """Compute a forward convolution with the defect that `wrong` names."""
    if wrong == "parts_under_strict" and x.dtype == "float32":
        x = in_two_parts(x)
    if wrong == "nan_swallowed":
        x = np.where(np.isnan(x), 0, x)
    if wrong == "wrong_padding_side":
        turned = tuple((hi, lo) for lo, hi in problem.padding)
        problem = replace(problem, padding=turned)
    total = "float32" if wrong == "float32_sums" else dtypes.accumulator(problem.dtype)
    y = np.zeros(problem.result_shape, total)
    per_group = problem.out_channels // problem.groups
    inputs = problem.in_channels // problem.groups
    for group in range(problem.groups):
        chosen = (group + 1) % problem.groups if wrong == "wrong_group" else group
        co = slice(group * per_group, (group + 1) * per_group)
        ci = slice(chosen * inputs, (chosen + 1) * inputs)
        y[:, co] = channels(wrong, problem, x[:, ci], weight[co], y.dtype)
    return finish(wrong, problem, y, *rest)


def in_two_parts(x: Array) -> Array:
    """Return the sum of the two halves, of 11 bits each, that tensor cores would be given."""
    usual = (np.abs(x) > 1e-30) & np.isfinite(x)
    given = np.where(usual, x, 0)
    high = (given.view("u4") & np.uint32(0xFFFFE000)).view("f4")
    low = ((given - high).view("u4") & np.uint32(0xFFFFE000)).view("f4")
    return np.where(usual, high + low, x)


def channels(wrong: str, problem: Any, x: Array, weight: Array, total: Any) -> Array:
    """Sum the output channels of a group over its input channels and taps."""
    parts = get_num_threads() if wrong == "thread_dependent_sum" else 1
    sums = np.zeros((parts, len(x), len(weight), *problem.output_shape), total)
    for ci in range(x.shape[1]):
        for number, tap in enumerate(np.ndindex(*problem.kernel_shape)):
            seen = gather(problem, x[:, ci], shifted(wrong, problem, tap)).astype(total)
            factor = weight[(slice(None), ci, *tap)].astype(total)
            with np.errstate(invalid="ignore", over="ignore"):
                sums[number % parts] += factor.reshape(-1, *[1] * problem.axes) * seen[:, None]
    whole = sums[0]
    for part in sums[1:]:
        whole = whole + part
    return np.asarray(whole)


def shifted(wrong: str, problem: Any, tap: tuple[int, ...]) -> tuple[int, ...]:
    """Return the tap, or its neighbour where the last of an axis is mistaken."""
    last = problem.kernel_shape[-1] - 1
    mistaken = wrong == "wrong_tap" and tap[-1] == last and last > 0
    return (*tap[:-1], last - 1) if mistaken else tap


def gather(problem: Any, x: Array, tap: tuple[int, ...]) -> Array:
    """Return the sample that each output reads at `tap`, zeros outside."""
    for axis in range(problem.axes):
        source = tap_source(
            problem.input_shape[axis],
            problem.output_shape[axis],
            problem.kernel_shape[axis],
            problem.stride[axis],
            problem.padding[axis][0],
            problem.dilation[axis],
            problem.padding_mode,
        )[:, tap[axis]]
        shape = [1] * x.ndim
        shape[axis + 1] = -1
        x = np.where((source >= 0).reshape(shape), x.take(source, axis + 1), 0)
    return x


def finish(wrong: str, problem: Any, y: Array, *rest: Array) -> Array:
    """Apply the epilogue: bias, shuffle, residual, activation."""
    added = list(rest)
    if problem.epilogue.bias:
        y = y + added.pop(0).reshape(-1, *[1] * problem.axes)
    order = [problem.epilogue.destination(c, y.shape[1]) for c in range(y.shape[1])]
    stored = np.empty_like(y)
    stored[:, order] = y
    early = wrong == "activation_before_residual"
    if early:
        stored = activations.apply(problem.epilogue.activation, stored)
    if problem.epilogue.residual:
        stored = stored + added.pop(0)
    if not early:
        stored = activations.apply(problem.epilogue.activation, stored)
    if wrong == "missing_last_row":
        stored[:, :, -1] = 0
    with np.errstate(over="ignore"):
        return np.asarray(stored).astype(problem.result_dtype)


LEAKED: list[bytearray] = []


class MutantPlan(Plan):
    """Computes the result, and stores it with the defects that a store can have."""

    workspace_bytes = 2**24

    def __init__(self, wrong: str, problem: Any) -> None:
        self._wrong, self._problem = wrong, problem
        self._scratch: Array = np.empty(0)

    def __call__(self, *arrays: Any, out: Array) -> None:
        result = convolve(self._wrong, self._problem, *arrays)
        if self._wrong == "scratch_in_the_plan":
            self._scratch = result
            result = np.add(self._scratch, 0, dtype=result.dtype)
        if self._wrong == "takes_more_than_it_says" and not self._scratch.size:
            self._scratch = np.empty(50_000_000, np.uint8)
        if self._wrong == "leaks":
            LEAKED.append(bytearray(2048))
        if self._wrong == "warns":
            np.float64(1) / np.float64(0)
        if self._wrong == "unwritten_tail":
            whole = result.size // 4 * 4
            out.reshape(-1)[:whole] = result.reshape(-1)[:whole]
            return
        out[...] = result
        if self._wrong == "out_of_bounds_write":
            ctypes.memset(out.ctypes.data + out.nbytes, 0, out.itemsize)

    def describe(self) -> str:
        return self._wrong


class Mutant(Algorithm):
    """The right algorithm, or one with a defect."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refusal(self, problem: Any) -> str | None:
        if problem.direction != "forward":
            return f"computes the forward direction, not {problem.direction}"
        if dtypes.kind(problem.dtype) != "float":
            return f"computes real numbers, not {problem.dtype}"
        return None

    def cost(self, problem: Any) -> float:
        return 1.0

    def plan(self, problem: Any) -> Plan:
        return MutantPlan(self.name, problem)


class MutantBackend:
    """A backend of eleven algorithms, one of them right."""

    name, device, priority = "mutants", "cpu", -2

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        if not isinstance(problem, ConvolutionProblem):
            return ()
        return [Mutant(name) for name in (RIGHT, *MUTANTS)]


class SubtleBackend(MutantBackend):
    """A backend of the right algorithm and the subtle mutants."""

    name = "subtle"

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        if not isinstance(problem, ConvolutionProblem):
            return ()
        return [Mutant(name) for name in (RIGHT, *SUBTLE)]


class Shared(Mutant):
    """The right algorithm, as one that believes its estimate must know of the threads."""

    def cost(self, problem: Any) -> float:
        return 2.5 / get_num_threads()


class CrossingBackend(MutantBackend):
    """A backend of two right algorithms, of which more threads make the other one the faster."""

    name = "crossing"

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        if not isinstance(problem, ConvolutionProblem):
            return ()
        return [Mutant(RIGHT), Shared("shared")]


@hookimpl
def numconv_backends() -> Sequence[Backend]:
    return (MutantBackend(), SubtleBackend(), CrossingBackend())
