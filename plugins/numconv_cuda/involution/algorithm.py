"""`involution`: each sample read once for a few rows, each kernel once for a few channels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from numconv.core import dtypes
from numconv.core.problems import InvolutionProblem
from numconv.core.protocol import Plan

from .. import columns
from ..column_plan import ColumnPlan
from ..device import Device

BYTES = 3e12
SECONDS_PER_CALL = 8e-6
LARGEST = 2**31 - 1
# More would be more kernels as well, which fill the registers.
ROWS = columns.ROWS[1:]


class Involution:
    """Floats; any stride, dilation, padding mode and number of groups, in one to three axes."""

    name = "involution"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: InvolutionProblem) -> str | None:
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        own = problem.kernels_shape[2:]
        if prod(own) > LARGEST:
            return f"counts the kernels of a group in 32 bits, not {own}"
        return columns.refusal(problem)

    def cost(self, problem: InvolutionProblem) -> float:
        return SECONDS_PER_CALL + problem.min_bytes / BYTES

    def plan(self, problem: InvolutionProblem) -> Plan:
        from .kernel import kernel

        column = columns.column(problem, ROWS)
        made = kernel(column, problem.epilogue.activation)
        group, plane = prod(problem.kernels_shape[2:]), prod(problem.output_shape)
        return ColumnPlan(problem, self._device(), column, made, (group, 0, 0), plane)
