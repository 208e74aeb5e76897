"""The algorithm `winograd`: which problems it takes, with which tile, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from numconv.plugin import ConvolutionProblem, Plan, dtype_kind

from ...kernel.cost import estimate
from ...kernel.dtypes import plan_supported
from .cost import LEAST_CHANNELS, MOST_POINTS, best_points, relative_cost


class Winograd:
    """Convolutions of few taps, forward and backward, with up to four times fewer products.

    Along two axes, or one where the other has a single tap; the taps along a third one count as
    given channels, and so do the remainders of a stride.

    Parameters
    ----------
    points : {None, 4, 6}
        Samples along a side of the input of a tile; by default the faster choice for each problem.
        A tile has `points` - 1 results along a side with two taps, `points` - 2 with three.

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

    def __init__(self, points: int | None = None) -> None:
        self.points = points
        if points is not None:
            self.name = f"winograd-{points}"

    def variants(self) -> Iterator[tuple[Winograd, dict[str, ConvolutionProblem]]]:
        from .cases import OF_SMALL_TILES, PROBLEMS

        yield Winograd(6), PROBLEMS
        yield Winograd(4), OF_SMALL_TILES

    def refusal(self, problem: ConvolutionProblem) -> str | None:
        forward = problem.direction == "forward"
        flat = slice(-2, None)
        kernel, stride = problem.kernel_shape[flat], problem.stride[flat]
        if dtype_kind(problem.dtype) != "float":
            return f"computes floating-point numbers, not {problem.dtype}"
        if any(d > 1 for d in problem.dilation[flat]):
            return f"takes dilation 1, not {problem.dilation}"
        if any(s > 2 for s in stride) or (not forward and any(s > 1 for s in problem.stride[:-2])):
            return f"takes no stride {problem.stride}"
        if not forward and any(k < s for k, s in zip(kernel, stride, strict=True)):
            return f"takes no stride {problem.stride} beyond the kernel {problem.kernel_shape}"
        taps = [-(-k // s) for k, s in zip(kernel, stride, strict=True)]
        most = (self.points or MOST_POINTS) - 1
        if not 1 < max(taps) <= most:
            return f"takes kernels of 2 to {most} taps along an axis, not {problem.kernel_shape}"
        channels = min(problem.in_channels, problem.out_channels) // problem.groups
        if channels < LEAST_CHANNELS:
            return f"takes at least {LEAST_CHANNELS} channels in and out of a group, not {channels}"
        if not forward and problem.padding_mode != "zeros":
            return f"takes no padding mode {problem.padding_mode} in the input gradient"
        if problem.accuracy == "strict":
            return "mixes receptive fields, which accuracy='strict' forbids"
        return None

    def cost(self, problem: ConvolutionProblem) -> float:
        # A multiple of the cost of `direct` that depends on one image alone: which of the two is
        # chosen must not depend on threads or batch, or the bits would.
        points = self.points or best_points(problem)
        return estimate(problem, packed=True) * relative_cost(problem, points)

    def plan(self, problem: ConvolutionProblem) -> Plan:
        points = self.points or best_points(problem)
        return plan_supported(problem, partial(_plan, points=points))


def _plan(problem: ConvolutionProblem, points: int) -> Plan:
    from .plan import WinogradPlan

    return WinogradPlan(problem, points)
