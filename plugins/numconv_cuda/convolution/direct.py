"""`direct`: convolutions and their input gradients as matrix products that are never laid out."""

from __future__ import annotations

from collections.abc import Callable

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from ..device import Device
from . import implicit_plan
from .implicit_plan import ImplicitPlan

# Multiply-adds a second that a GPU of an H200's kind makes of this kernel, estimated.
MACS = {"float16": 20e12, "float32": 20e12, "float64": 8e12}
READS = 8


class Direct:
    """Zero padding, floats; any stride, dilation and number of groups, forward and backward."""

    name = "direct"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        return implicit_plan.refusal(problem)

    def cost(self, problem: ConvolutionProblem) -> float:
        seconds = implicit_plan.computed(problem, READS) / MACS[problem.dtype]
        return implicit_plan.SECONDS_PER_CALL + seconds

    def plan(self, problem: ConvolutionProblem) -> Plan:
        from . import product

        def kernel(tile: product.Tile, aligned: bool) -> product.Kernel:
            return product.kernel(tile, problem.epilogue.activation)

        return ImplicitPlan(problem, self._device(), product.tiles(problem.dtype), kernel)
