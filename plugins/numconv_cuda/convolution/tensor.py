"""`tensor`: the matrix product of `direct` on tensor cores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from ..device import Device
from . import implicit_plan
from .implicit_plan import ImplicitPlan

# Of the first that know the products of tf32, and copies that are under way meanwhile.
CAPABILITY = (8, 0)
# Multiply-adds a second that a GPU of an H200's kind makes of each form, estimated.
MACS = {"3xtf32": 30e12, "tf32": 75e12, "float16": 90e12}
LEAST_ROWS = 32


class Tensor:
    """What `direct` computes, but float64 and, of float32, what shall be strictly accurate."""

    name = "tensor"
    last_resort = False

    def __init__(self, device: Callable[[], Device]) -> None:
        self._device = device

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        refused = implicit_plan.refusal(problem)
        if refused is not None:
            return refused
        if problem.dtype == "float64":
            return "computes float16 and float32, not float64"
        if problem.dtype == "float32" and problem.accuracy == "strict":
            return "cuts float32 in two parts, which accuracy='strict' forbids"
        device = self._device()
        if device.capability < CAPABILITY:
            has, needs = (".".join(map(str, each)) for each in (device.capability, CAPABILITY))
            return f"needs a GPU of compute capability {needs}, and {device.name} has {has}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        vain = implicit_plan.in_vain(problem, LEAST_ROWS)
        return implicit_plan.SECONDS_PER_CALL + vain * problem.macs / MACS[form(problem)]

    def plan(self, problem: ConvolutionProblem) -> Plan:
        from . import tensor_product as product

        size = np.dtype(problem.dtype).itemsize

        def kernel(tile: product.Tile) -> product.Kernel:
            return product.kernel(tile, form(problem), problem.epilogue.activation)

        def shared_bytes(tile: product.Tile) -> int:
            return tile.shared_bytes(size)

        return ImplicitPlan(problem, self._device(), product.TILES, kernel, shared_bytes)


def form(problem: ConvolutionProblem) -> str:
    """Return in which form the products of a problem are computed."""
    if problem.dtype == "float16":
        return "float16"
    return "tf32" if problem.accuracy == "fast" else "3xtf32"
