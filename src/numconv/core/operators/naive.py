"""What the naive references share: wide sums, padding, and the epilogue, by definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import activations, dtypes
from ..geometry import Pairs, source_index
from ..protocol import Array

_WIDER = {
    "float16": "float64",
    "float32": "float64",
    "float64": "longdouble",
    "complex64": "complex128",
    "complex128": "clongdouble",
}


def widen(array: Array) -> Array:
    """Return `array` in a dtype wide enough that the reference's own rounding is no matter."""
    name = array.dtype.name
    return array.astype(_WIDER.get(name, "int64" if dtypes.kind(name) == "integer" else name))


def pad(x: Array, padding: Pairs, mode: str) -> Array:
    """Return `x` with its spatial axes, the last ones, padded."""
    first = x.ndim - len(padding)
    for axis, (lo, hi) in enumerate(padding, first):
        source = source_index(x.shape[axis], lo, hi, mode)
        shape = [1] * x.ndim
        shape[axis] = -1
        inside = (source >= 0).reshape(shape)
        x = np.where(inside, x.take(source, axis), 0) if x.shape[axis] else _zeros(x, axis, source)
    return x


def _zeros(x: Array, axis: int, source: Array) -> Array:
    shape = list(x.shape)
    shape[axis] = len(source)
    return np.zeros(shape, x.dtype)


def tap_window(
    tap: Sequence[int], outputs: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> Any:
    """Return the index of the samples that `tap` of every output reads, in the last axes."""
    each = zip(tap, outputs, stride, dilation, strict=True)
    return (..., *(slice(k * d, k * d + (o - 1) * s + 1, s) for k, o, s, d in each))


def involved(problem: Any, x: Array, kernels: Array) -> Array:
    """Return the sums of an involution, in the dtype of its operands."""
    x = pad(x, problem.padding, problem.padding_mode)
    per_group = problem.channels // problem.groups
    by_group = x.reshape(problem.batch, problem.groups, per_group, *x.shape[2:])
    y = np.zeros((*by_group.shape[:3], *problem.output_shape), x.dtype)
    for tap in np.ndindex(*problem.kernel_shape):
        window = tap_window(tap, problem.output_shape, problem.stride, problem.dilation)
        kernel = kernels[(slice(None), slice(None), *tap)]
        y += kernel[:, :, None] * by_group[window]
    return y.reshape(problem.result_shape)


def fold(padded: Array, shape: tuple[int, ...], padding: Pairs, mode: str) -> Array:
    """Return the adjoint of `pad`: each sample is the sum of the places it was copied to."""
    first = padded.ndim - len(padding)
    for axis, (size, (lo, hi)) in enumerate(zip(shape, padding, strict=True), first):
        source = source_index(size, lo, hi, mode)
        moved = np.moveaxis(padded, axis, 0)
        folded = np.zeros((size, *moved.shape[1:]), padded.dtype)
        for position, sample in enumerate(source):
            if sample >= 0:
                folded[sample] += moved[position]
        padded = np.moveaxis(folded, 0, axis)
    return padded


def finish(problem: Any, values: Array, *epilogue: Array) -> Array:
    """Return `values` after the problem's epilogue, in the problem's result dtype."""
    rest = list(epilogue)
    if problem.epilogue.bias:
        values = values + rest.pop(0).reshape(-1, *[1] * problem.axes)
    channels = values.shape[1]
    order = [problem.epilogue.destination(c, channels) for c in range(channels)]
    shuffled = np.empty_like(values)
    shuffled[:, order] = values
    if problem.epilogue.residual:
        shuffled = shuffled + rest.pop(0)
    result = activations.apply(problem.epilogue.activation, shuffled)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(result).astype(problem.result_dtype)
