"""The parts of the kernel generator: pooling, 1x1 weights, normalisation; arrays or traced."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Real
from typing import Any

import numpy as np

from ..core import arrays, dtypes
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.layouts import at_hand, shape_of
from ..core.operators.involution import involve
from ..core.places import HOST, memory_of
from ..core.protocol import Memory, Operand, Shape


def one_by_one(name: str, weight: Any, axes: int, columns: int) -> Any:
    """Return the weight of a 1x1 convolution with its `axes` spatial axes of 1."""
    weight = at_hand(name, weight)
    shape = shape_of(name, weight)
    ones = (1,) * axes
    if len(shape) < 2 or shape[1] != columns or shape[2:] not in ((), ones):
        raise ArgumentError(name, shape, f"shape (rows, {columns})")
    return reshaped(name, weight, (*shape[:2], *ones))


def reshaped(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    """Return the elements of an array, wherever it lies, in another shape; an `Operand` stays one.

    Those in a device's memory are copied there if they are not contiguous, or of a library whose
    arrays have no other shapes.
    """
    if isinstance(value, Operand):
        return Operand(shape, value.dtype)
    memory = HOST if type(value) is np.ndarray else memory_of(((name, value),))
    if memory is HOST:
        return arrays.adapt(name, value).reshape(shape)
    array = memory.adapt(name, value)
    if prod(array.shape) != prod(shape):
        raise ArgumentError(name, array.shape, f"as many elements as {shape} has")
    if memory.is_plain(array) and hasattr(value, "reshape"):
        return value.reshape(shape)
    made = memory.new_output(shape, array.dtype)()
    memory.copy(made.reshape(array.shape), array)
    return memory.restorer(value)(made)


def fold_norm(weight: Any, bias: Any, norm: Sequence[Any], eps: float) -> tuple[Any, Any]:
    """Return weight and bias that do at once what they do before a batch normalisation.

    Those in a device's memory are folded in the processor's, which waits for them to be computed.
    """
    if not isinstance(norm, Sequence) or len(norm) != 4:
        raise ArgumentError("norm", norm, "4 arrays: mean, variance, scale, shift")
    rows = shape_of("reduce_weight", weight)[0]
    norm, bias = [at_hand("norm", each) for each in norm], at_hand("reduce_bias", bias)
    for each in norm:
        if shape_of("norm", each) != (rows,):
            raise ArgumentError("norm", shape_of("norm", each), f"arrays of shape {(rows,)}")
    if isinstance(eps, bool) or not isinstance(eps, Real):
        raise ArgumentTypeError("eps", eps, "a number")
    if bias is not None and shape_of("reduce_bias", bias) != (rows,):
        shape = shape_of("reduce_bias", bias)
        raise ArgumentError("reduce_bias", shape, f"an array of shape {(rows,)}")
    if isinstance(weight, Operand):
        return weight, Operand((rows,), weight.dtype)
    memory = memory_of((("reduce_weight", weight), *(("norm", each) for each in norm)))
    mean, variance, scale, shift = (memory.fetch("norm", each).astype("float64") for each in norm)
    factor = scale / np.sqrt(variance + float(eps))
    before = 0 if bias is None else memory.fetch("reduce_bias", bias)
    given = memory.fetch("reduce_weight", weight)
    folded = given * factor.reshape(-1, *[1] * (given.ndim - 1))
    moved = (before - mean) * factor + shift
    return memory.bring(folded.astype(given.dtype)), memory.bring(moved.astype(given.dtype))


def as_kernels(spanned: Any, axes: int, kernel_shape: tuple[int, ...]) -> Any:
    """Return the generated channels in the shape of an involution's kernels."""
    *first, rows = tuple(spanned.shape)[:-axes]
    groups, outputs = rows // prod(kernel_shape), spanned.shape[-axes:]
    return reshaped("kernels", spanned, (*first, groups, *kernel_shape, *outputs))


def pool(x: Any, strides: tuple[int, ...], backend: str) -> Any:
    """Return the average over blocks of `strides` samples; an `Operand` stays one.

    Blocks that the end cuts off average the samples they have, so that there are
    ``ceil(size / stride)`` of them, as a strided involution has outputs.
    """
    if max(strides) == 1:
        return x
    shape = shape_of("x", x)
    first = len(shape) - len(strides)
    sizes = tuple(-(-size // s) for size, s in zip(shape[first:], strides, strict=True))
    if isinstance(x, Operand):
        return Operand((*shape[:first], *sizes), x.dtype)
    memory = memory_of((("x", x),))
    if memory is not HOST:
        return _pool_there(memory, x, shape, strides, sizes, backend)
    array = arrays.adapt("x", x)
    wide = np.result_type(array.dtype, "float32")
    result = array.astype(wide)
    for axis, stride in enumerate(strides, first):
        starts = np.arange(0, array.shape[axis], stride)
        along = [1] * array.ndim
        along[axis] = -1
        counts = np.diff(np.append(starts, array.shape[axis])).astype(wide).reshape(along)
        result = np.add.reduceat(result, starts, axis) / counts
    return arrays.restorer(x)(result.astype(array.dtype))


def _pool_there(
    memory: Memory, x: Any, shape: Shape, strides: Shape, sizes: Shape, backend: str
) -> Any:
    """Return the same of an array in a device's memory, as an involution of all its planes.

    Its kernels average: each tap is one over the samples that its block has. They go to the
    device at each call, as many values as there are samples in a plane.
    """
    first = len(shape) - len(strides)
    shares = np.ones((), dtypes.accumulator(arrays.dtype_name(x)))
    for size, stride, blocks in zip(shape[first:], strides, sizes, strict=True):
        counts = np.minimum(stride, size - stride * np.arange(blocks))
        shares = shares[..., None] / counts
    kernels = np.broadcast_to(shares.astype(arrays.dtype_name(x)), (1, 1, *strides, *sizes))
    planes = reshaped("x", x, (1, prod(shape[:first]), *shape[first:]))
    padding = tuple((0, -size % s) for size, s in zip(shape[first:], strides, strict=True))
    there = memory.bring(np.ascontiguousarray(kernels))
    averages = involve(len(strides), planes, there, strides, padding, backend=backend)
    return reshaped("x", averages, (*shape[:first], *sizes))
