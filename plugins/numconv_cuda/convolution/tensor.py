"""`tensor`: the matrix product of `direct` on tensor cores."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from ..device import Device
from . import implicit_plan
from . import numbers as n
from .implicit_plan import ImplicitPlan

# Of the first that know the products of tf32, and copies that are under way meanwhile.
CAPABILITY = (8, 0)
# Multiply-adds a second that a GPU of an H200's kind makes of each form, estimated.
MACS = {"3xtf32": 30e12, "tf32": 75e12, "float16": 90e12}
VECTOR_BYTES = 16
WORDS = {"3xtf32": "three products of TF32", "tf32": "products of TF32", "float16": "products"}


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
        seconds = implicit_plan.computed(problem, n.READS) / MACS[form(problem)]
        return implicit_plan.SECONDS_PER_CALL + seconds

    def plan(self, problem: ConvolutionProblem) -> Plan:
        from . import tensor_product as product

        chosen = form(problem)

        def kernel(tile: product.Tile, aligned: bool) -> product.Kernel:
            vectors = product.Vectors(*(aligned and each for each in vectors_of(problem)))
            return product.kernel(tile, chosen, vectors, problem.epilogue.activation)

        def shared_bytes(tile: product.Tile) -> int:
            return product.shared_bytes(tile, chosen)

        how = f"{WORDS[chosen]} on tensor cores, "
        return ImplicitPlan(problem, self._device(), product.TILES, kernel, shared_bytes, how)


def vectors_of(problem: ConvolutionProblem) -> tuple[bool, bool]:
    """Return whether 16 bytes of weights, and of samples, stand together and are read together."""
    vector = VECTOR_BYTES // np.dtype(problem.dtype).itemsize
    reads, plane = prod(problem.weight_shape[1:]), prod(problem.input_shape)
    # Of a kernel of one tap that stands once on each sample, all samples of a channel are read in
    # their order.
    in_order = problem.input_shape == problem.output_shape and all(
        size == 1 for size in problem.kernel_shape
    )
    in_order = in_order and all(lo == 0 for lo, _ in problem.padding) and max(problem.stride) == 1
    return problem.direction == "forward" and reads % vector == 0, in_order and plane % vector == 0


def form(problem: ConvolutionProblem) -> str:
    """Return in which form the products of a problem are computed."""
    if problem.dtype == "float16":
        return "float16"
    return "tf32" if problem.accuracy == "fast" else "3xtf32"
