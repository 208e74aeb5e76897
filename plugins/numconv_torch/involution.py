"""Involutions as users of PyTorch write them: unfold, multiply, sum."""

from __future__ import annotations

from math import prod
from typing import Any

from numconv.core import dtypes

from . import tensors
from .epilogue import apply_after, split
from .padding import margins, padding_refusal
from .plan import Call, TorchAlgorithm


class Unfold(TorchAlgorithm):
    """`torch.nn.functional.unfold` for images, `Tensor.unfold` axis by axis for the rest."""

    name = "unfold"

    def refusal(self, problem: Any) -> str | None:
        if problem.dtype == "float16":
            return "PyTorch would round each product to 16 bits before it is summed: use float32"
        return padding_refusal(problem)

    def bind(self, problem: Any, *operands: Any) -> Call:
        x, kernels, *added = operands
        bias, residual = split(problem, tuple(added))
        bound = _image if _is_image(problem) else _general
        return apply_after(problem, bound(problem, x, kernels), bias, residual)

    def describe(self, problem: Any) -> str:
        how = "torch.nn.functional.unfold" if _is_image(problem) else "torch.Tensor.unfold"
        return f"{how}, times the kernels, summed"

    def intermediates(self, problem: Any) -> int:
        return int(2 * prod(problem.result_shape) * problem.terms)


def _is_image(problem: Any) -> bool:
    """Say whether `unfold` of `torch.nn.functional` takes it: not one of integers."""
    return problem.axes == 2 and dtypes.kind(problem.dtype) != "integer"


def _image(problem: Any, x: Any, kernels: Any) -> Call:
    functional = tensors.library().nn.functional
    taps, outputs = prod(problem.kernel_shape), problem.output_shape
    shared = (problem.batch, problem.groups, 1, taps, *outputs)
    seen = (problem.batch, problem.groups, problem.channels // problem.groups, taps, *outputs)
    added = margins(problem)
    padding = tuple(0 if added else lo for lo, _ in problem.padding)
    settings = (problem.kernel_shape, problem.dilation, padding, problem.stride)
    mode = "constant" if problem.padding_mode == "zeros" else problem.padding_mode
    unfold, pad = functional.unfold, functional.pad

    def call() -> Any:
        padded = pad(x, added, mode) if added else x
        unfolded = unfold(padded, *settings).view(seen)
        return (kernels.view(shared) * unfolded).sum(dim=3).view(problem.result_shape)

    return call


def _general(problem: Any, x: Any, kernels: Any) -> Call:
    torch = tensors.library()
    taps = prod(problem.kernel_shape)
    shared = (problem.batch, problem.groups, 1, taps, *problem.output_shape)
    per_group = problem.channels // problem.groups
    seen = (problem.batch, problem.groups, per_group, *problem.output_shape, taps)
    flat = tuple(number for pair in reversed(problem.padding) for number in pair)
    mode = "constant" if problem.padding_mode == "zeros" else problem.padding_mode
    sizes = tuple(zip(problem.kernel_shape, problem.dilation, problem.stride, strict=True))

    def call() -> Any:
        windows = torch.nn.functional.pad(x, flat, mode) if any(flat) else x
        for axis, (k, d, s) in enumerate(sizes, 2):
            windows = windows.unfold(axis, d * (k - 1) + 1, s)
        windows = windows[(..., *(slice(None, None, d) for _, d, _ in sizes))]
        weights = kernels.view(shared).movedim(3, -1)
        return (windows.reshape(seen) * weights).sum(-1).view(problem.result_shape)

    return call
