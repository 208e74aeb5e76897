"""`depthwise`: groups of few channels, each sample read once for a few rows."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from .. import columns
from ..column_plan import ColumnPlan
from ..device import Device

# Bytes and multiply-adds a second that a GPU of an H200's kind makes of this kernel, estimated.
BYTES = 3e12
MACS = 6e12
SECONDS_PER_CALL = 8e-6
MOST_CHANNELS = 8
LARGEST = 2**31 - 1


class Depthwise:
    """Up to 8 given channels in a group; any stride, dilation and padding mode, both directions."""

    name = "depthwise"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        given = problem.operand_shapes[0][1] // problem.groups
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if given > MOST_CHANNELS:
            return f"takes up to {MOST_CHANNELS} given channels in each group, not {given}"
        if prod(problem.weight_shape) > LARGEST:
            return f"counts weights in 32 bits, not {problem.weight_shape}"
        return columns.refusal(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        # Groups with many result channels are read again, though mostly from a cache.
        return SECONDS_PER_CALL + problem.min_bytes / BYTES + problem.macs / MACS

    def plan(self, problem: ConvolutionProblem) -> Plan:
        from .depthwise_kernel import kernel

        column = columns.column(problem)
        made = kernel(column, problem.dtype, problem.epilogue.activation)
        group = prod(problem.weight_shape) // problem.groups
        taps, row = prod(problem.kernel_shape), prod(problem.weight_shape[1:])
        steps = (group, taps, row) if problem.direction == "forward" else (group, row, taps)
        return ColumnPlan(problem, self._device(), column, made, steps)
