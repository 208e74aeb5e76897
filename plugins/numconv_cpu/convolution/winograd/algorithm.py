"""The algorithm `winograd`: which problems it takes, with which tile, and at what cost."""

from __future__ import annotations

from functools import partial

from numconv.core import dtypes
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Plan

from ..estimate import estimate
from ..support import plan_supported
from .shape import LEAST_CHANNELS, best_tile, relative_cost


class Winograd:
    """3x3 convolutions with stride 1, forward and backward, with 4 or 2.25 times fewer products.

    Parameters
    ----------
    tile : {None, 2, 4}
        Results along a tile's side; by default the faster one for each problem.

    Notes
    -----
    The error of a result is at most ``c * (K + 2) * eps * max|w| * sum|x|``, with the largest
    weight of the result's filter and the sum over what the result sees: as for `direct`, but
    with every weight replaced by the largest. ``accuracy="strict"`` forbids that. An image with
    values so uneven that this would not hold, or that are not finite, is computed by `direct`
    or `transposed`; so is everything where the weights are.
    """

    name = "winograd"
    last_resort = False

    def __init__(self, tile: int | None = None) -> None:
        self.tile = tile

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        if dtypes.kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if problem.kernel_shape != (3, 3):
            return f"takes kernels of 3x3, not {'x'.join(map(str, problem.kernel_shape))}"
        if problem.stride != (1, 1) or problem.dilation != (1, 1):
            return f"takes stride 1 and dilation 1, not {problem.stride} and {problem.dilation}"
        channels = min(problem.in_channels, problem.out_channels) // problem.groups
        if channels < LEAST_CHANNELS:
            return f"takes at least {LEAST_CHANNELS} channels in and out of a group, not {channels}"
        if problem.direction != "forward" and problem.padding_mode != "zeros":
            return f"takes no padding mode {problem.padding_mode} in the input gradient"
        if problem.accuracy == "strict":
            return "mixes receptive fields, which accuracy='strict' forbids"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        # A multiple of the cost of `direct` that depends on one image alone: which of the two is
        # chosen must not depend on threads or batch, or the bits would.
        tile = self.tile or best_tile(problem)
        return estimate(problem, packed=True) * relative_cost(problem, tile)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        tile = self.tile or best_tile(problem)
        return plan_supported(problem, partial(_plan, tile=tile))


def _plan(problem: ConvolutionProblem, tile: int) -> Plan:
    from .plan import WinogradPlan

    return WinogradPlan(problem, tile)
