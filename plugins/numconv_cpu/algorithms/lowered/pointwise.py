"""`pointwise`: one tap per channel, so the given array serves as its own planes."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem, Plan

from ...kernel.cost import estimate
from ...kernel.dtypes import plan_supported

# Channels a multiple of this many bytes apart fall into few sets of the caches.
ALIASING_BYTES = 1024


class Pointwise:
    """Forward convolution with kernels of one sample, stride 1 and no padding, of any rank."""

    name = "pointwise"
    last_resort = False

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if problem.direction != "forward":
            return f"computes the forward direction, not {problem.direction}"
        if set(problem.kernel_shape) != {1}:
            return f"takes kernels of one sample, not {problem.kernel_shape}"
        if set(problem.stride) != {1}:
            return f"takes stride 1, not {problem.stride}"
        if set(problem.padding) != {(0, 0)}:
            return f"takes no padding, not {problem.padding}"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        return estimate(problem, packed=False)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        return plan_supported(problem, _plan)


def _plan(problem: ConvolutionProblem) -> Plan:
    from ...kernel.lowering import lower
    from .plan import LoweredPlan

    flat = replace(
        problem,
        input_shape=(prod(problem.input_shape),),
        kernel_shape=(1,),
        stride=(1,),
        dilation=(1,),
        padding=((0, 0),),
        padding_mode="zeros",
    )
    apart = flat.input_shape[0] * np.dtype(flat.dtype).itemsize
    return LoweredPlan(flat, lower(flat), in_place=True, pack_panels=apart % ALIASING_BYTES == 0)
