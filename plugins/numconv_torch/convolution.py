"""Convolutions and transposed convolutions by `torch.nn.functional`."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

from . import tensors
from .epilogue import apply_after, roundings_refusal, split
from .padding import margins, padding_refusal
from .plan import Call, TorchAlgorithm
from .transposed import Fit, fits

_LARGEST = 2**31 - 1


class Functional(TorchAlgorithm):
    """`conv1d` to `conv3d`, and `conv_transpose1d` to `conv_transpose3d`."""

    name = "functional"

    def refusal(self, problem: Any) -> str | None:
        for name in ("stride", "dilation"):
            if max(getattr(problem, name)) > _LARGEST:
                value = getattr(problem, name)
                return f"PyTorch counts in 32 bits, and {name}={value} has more: use backend='cpu'"
        if problem.direction == "forward":
            return padding_refusal(problem) or roundings_refusal(problem, 1)
        return _transposed_refusal(problem)

    def bind(self, problem: Any, *operands: Any) -> Call:
        given, weight, *added = operands
        bias, residual = split(problem, tuple(added))
        bound = _forward if problem.direction == "forward" else _transposed
        return apply_after(problem, bound(problem, given, weight, bias), None, residual)

    def describe(self, problem: Any) -> str:
        if problem.direction != "forward":
            return f"torch.nn.functional.conv_transpose{problem.axes}d"
        padded = " after torch.nn.functional.pad" if margins(problem) else ""
        return f"torch.nn.functional.conv{problem.axes}d{padded}"

    def intermediates(self, problem: Any) -> int:
        if problem.direction == "forward":
            sizes = zip(problem.input_shape, problem.padding, strict=True)
            padded = prod(size + lo + hi for size, (lo, hi) in sizes) if margins(problem) else 0
            return int(problem.batch * problem.in_channels * padded)
        found = fits(problem)
        cut = any(f.whole > n for f, n in zip(found, problem.input_shape, strict=True))
        whole = prod(fit.whole for fit in found) if cut else 0
        return int(problem.batch * problem.in_channels * whole)


def _transposed_refusal(problem: Any) -> str | None:
    if problem.padding_mode != "zeros" and any(max(pair) > 0 for pair in problem.padding):
        return (
            "PyTorch's transposed convolution knows no padding_mode but 'zeros': "
            "leave padding_mode out, or use backend='cpu'"
        )
    for axis, (lo, _) in enumerate(problem.padding):
        if lo < 0:
            return f"PyTorch cannot add samples before axis {axis} of a transposed convolution"
    for axis, (fit, stride, dilation) in enumerate(
        zip(fits(problem), problem.stride, problem.dilation, strict=True)
    ):
        if fit.output_padding >= max(stride, dilation):
            return (
                f"PyTorch wants output_padding below stride or dilation, and axis {axis} needs "
                f"{fit.output_padding} with stride={stride}, dilation={dilation}"
            )
    if problem.dtype == "float16":
        return (
            "PyTorch adds the taps of a transposed convolution in 16 bits, where numconv adds "
            "them in 32: use float32"
        )
    return None


def _forward(problem: Any, x: Any, weight: Any, bias: Any) -> Call:
    functional = tensors.library().nn.functional
    convolve = getattr(functional, f"conv{problem.axes}d")
    added = margins(problem)
    padding = tuple(0 if added else lo for lo, _ in problem.padding)
    settings = (weight, bias, problem.stride, padding, problem.dilation, problem.groups)
    if not added:
        return partial(convolve, x, *settings)
    mode = "constant" if problem.padding_mode == "zeros" else problem.padding_mode
    pad = functional.pad
    return lambda: convolve(pad(x, added, mode), *settings)


def _transposed(problem: Any, y: Any, weight: Any, bias: Any) -> Call:
    functional = tensors.library().nn.functional
    transpose = getattr(functional, f"conv_transpose{problem.axes}d")
    found = fits(problem)
    call: Call = partial(
        transpose,
        *(y, weight, bias, problem.stride),
        tuple(fit.padding for fit in found),
        tuple(fit.output_padding for fit in found),
        *(problem.groups, problem.dilation),
    )
    return _cut(problem, call, found)


def _cut(problem: Any, call: Call, found: tuple[Fit, ...]) -> Call:
    window = tuple(
        slice(fit.first, fit.first + size)
        for fit, size in zip(found, problem.input_shape, strict=True)
    )
    if all(fit.whole == size for fit, size in zip(found, problem.input_shape, strict=True)):
        return call
    return lambda: call()[(..., *window)]
