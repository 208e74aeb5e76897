"""The parts of the kernel generator: pooling, 1x1 weights, normalisation; arrays or traced."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Real
from typing import Any

import numpy as np

from ..core import arrays
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.protocol import Operand


def one_by_one(name: str, weight: Any, axes: int, columns: int) -> Any:
    """Return the weight of a 1x1 convolution with its `axes` spatial axes of 1."""
    shape = tuple(getattr(weight, "shape", ()))
    ones = (1,) * axes
    if len(shape) < 2 or shape[1] != columns or shape[2:] not in ((), ones):
        raise ArgumentError(name, shape or weight, f"shape (rows, {columns})")
    if isinstance(weight, Operand):
        return Operand((*shape[:2], *ones), weight.dtype)
    return arrays.adapt(name, weight).reshape(*shape[:2], *ones)


def fold_norm(weight: Any, bias: Any, norm: Sequence[Any], eps: float) -> tuple[Any, Any]:
    """Return weight and bias that do at once what they do before a batch normalisation."""
    if not isinstance(norm, Sequence) or len(norm) != 4:
        raise ArgumentError("norm", norm, "4 arrays: mean, variance, scale, shift")
    rows = weight.shape[0]
    for each in norm:
        if getattr(each, "shape", None) != (rows,):
            raise ArgumentError("norm", getattr(each, "shape", each), f"arrays of shape {(rows,)}")
    if isinstance(eps, bool) or not isinstance(eps, Real):
        raise ArgumentTypeError("eps", eps, "a number")
    if bias is not None and getattr(bias, "shape", None) != (rows,):
        given = getattr(bias, "shape", bias)
        raise ArgumentError("reduce_bias", given, f"an array of shape {(rows,)}")
    if isinstance(weight, Operand):
        return weight, Operand((rows,), weight.dtype)
    mean, variance, scale, shift = (arrays.adapt("norm", each).astype("float64") for each in norm)
    factor = scale / np.sqrt(variance + eps)
    before = 0 if bias is None else arrays.adapt("reduce_bias", bias)
    folded = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    return folded.astype(weight.dtype), ((before - mean) * factor + shift).astype(weight.dtype)


def as_kernels(spanned: Any, axes: int, kernel_shape: tuple[int, ...]) -> Any:
    """Return the generated channels in the shape of an involution's kernels."""
    first, outputs = spanned.shape[: -axes - 1], spanned.shape[-axes:]
    groups = spanned.shape[-axes - 1] // prod(kernel_shape)
    shape = (*first, groups, *kernel_shape, *outputs)
    return Operand(shape, spanned.dtype) if isinstance(spanned, Operand) else spanned.reshape(shape)


def pool(x: Any, strides: tuple[int, ...]) -> Any:
    """Return the average over blocks of `strides` samples; an `Operand` stays one.

    Blocks that the end cuts off average the samples they have, so that there are
    ``ceil(size / stride)`` of them, as a strided involution has outputs.
    """
    first = x.ndim - len(strides)
    if isinstance(x, Operand):
        sizes = (-(-size // s) for size, s in zip(x.shape[first:], strides, strict=True))
        return Operand((*x.shape[:first], *sizes), x.dtype)
    array = arrays.adapt("x", x)
    if max(strides) == 1:
        return x
    wide = np.result_type(array.dtype, "float32")
    result = array.astype(wide)
    for axis, stride in enumerate(strides, first):
        starts = np.arange(0, array.shape[axis], stride)
        shape = [1] * array.ndim
        shape[axis] = -1
        counts = np.diff(np.append(starts, array.shape[axis])).astype(wide).reshape(shape)
        result = np.add.reduceat(result, starts, axis) / counts
    return arrays.restorer(x)(result.astype(array.dtype))
