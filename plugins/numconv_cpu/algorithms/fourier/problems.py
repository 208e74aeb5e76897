"""Which problems suit Fourier transforms, and how an input gradient is a convolution."""

from __future__ import annotations

from math import prod

from numconv.plugin import ConvolutionProblem

LEAST_TAPS = 64

Sizes = tuple[int, ...]


def refusal(problem: ConvolutionProblem) -> str | None:
    """Return why no Fourier transform takes a problem, whatever its dtype, or None."""
    if prod(problem.kernel_shape) < LEAST_TAPS:
        return f"takes kernels of at least {LEAST_TAPS} taps, not {prod(problem.kernel_shape)}"
    if set(problem.stride + problem.dilation) != {1}:
        return f"takes stride 1 and dilation 1, not {problem.stride} and {problem.dilation}"
    if problem.direction != "forward" and problem.padding_mode != "zeros":
        return f"takes no padding mode {problem.padding_mode} in the input gradient"
    if problem.accuracy == "strict":
        return "mixes receptive fields, which accuracy='strict' forbids"
    return None


def sizes(problem: ConvolutionProblem) -> tuple[Sizes, Sizes, Sizes]:
    """Return the sizes of the given array and of the result, and the padding before the former.

    An input gradient is meant as a forward convolution with the taps in their other order.
    """
    lo = tuple(low for low, _ in problem.padding)
    if problem.direction == "forward":
        return problem.input_shape, problem.output_shape, lo
    lo = tuple(k - 1 - low for k, low in zip(problem.kernel_shape, lo, strict=True))
    return problem.output_shape, problem.input_shape, lo
