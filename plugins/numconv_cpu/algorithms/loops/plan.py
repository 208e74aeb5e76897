"""The plan of `loops`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np

from numconv.core.tables import Axis, five_axes, three_axes
from numconv.plugin import InvolutionProblem

from ...kernel.arguments import Arguments, ResultArguments, result_arguments
from ...kernel.padding import FAR, Copies, Lines, Readers, Table
from ...kernel.worker_plan import WorkerPlan
from . import kernels


@dataclass(frozen=True, kw_only=True)
class LoopsArguments(Arguments):
    """The arguments of all loops."""

    result: ResultArguments
    rows: int  # of the result, each a task
    groups: int
    given_channels: int  # of all groups
    result_channels: int
    depth: int  # extents of the given array
    height: int
    width: int
    taps: tuple[int, ...]
    at: tuple[Table, ...]  # which samples each tap reads: `padding.Lines`


@dataclass(frozen=True, kw_only=True)
class OuterArguments(Arguments):
    """Which outputs read a sample, along z and y."""

    axis_names: ClassVar[Sequence[str]] = "zy"
    at_copies: tuple[Table, ...]  # `padding.Copies`
    at_readers: tuple[Table, ...]  # `padding.Readers`


@dataclass(frozen=True, kw_only=True)
class GradientArguments(Arguments):
    """The arguments of the loops of an input gradient.

    Not all of `loops` first: Numba would warn that one record is a subtype of the other.
    """

    outer: OuterArguments
    loops: LoopsArguments


class LoopsPlan(WorkerPlan):
    """Loops over three axes, for one problem of a dtype that has kernels."""

    def __init__(self, problem: Any) -> None:
        super().__init__(problem, work=4 * problem.macs)
        axes = three_axes(problem)
        given, result = five_axes(problem.operand_shapes[0]), five_axes(problem.result_shape)
        self._rows, self._width = prod(result[:-1]), result[-1]
        arguments = LoopsArguments(
            result=result_arguments(problem),
            rows=self._rows,
            groups=problem.groups,
            given_channels=given[1],
            result_channels=result[1],
            depth=given[2],
            height=given[3],
            width=given[4],
            taps=tuple(axis.kernel for axis in axes),
            at=tuple(_lines(axis, problem.padding_mode) for axis in axes),
        )
        if isinstance(problem, InvolutionProblem):
            self.compile(kernels.involution, arguments)
        elif problem.direction == "forward":
            self.compile(kernels.forward, arguments)
        else:
            gradient = GradientArguments(outer=_outer(problem, axes), loops=arguments)
            self.compile(kernels.input_gradient, gradient)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        return f"plain loops, {self._rows} rows of {self._width} outputs"


def _lines(axis: Axis, mode: str) -> Table:
    first = axis.dilation * np.arange(axis.kernel) - axis.lo
    return Lines(first, axis.stride, axis.size, FAR, mode).numbers()


def _outer(problem: Any, axes: Sequence[Axis]) -> OuterArguments:
    behind = [hi for _, hi in (*((0, 0),) * 3, *problem.padding)[-3:-1]]
    copies = (
        Copies(axis.size, axis.lo, hi, problem.padding_mode)
        for axis, hi in zip(axes[:2], behind, strict=True)
    )
    readers = (Readers(axis.outputs, axis.kernel, axis.stride, axis.dilation) for axis in axes[:2])
    return OuterArguments(
        at_copies=tuple(each.numbers() for each in copies),
        at_readers=tuple(each.numbers() for each in readers),
    )
