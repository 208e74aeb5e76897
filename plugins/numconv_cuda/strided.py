"""Copies between arrays that are not contiguous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from .array import DeviceArray
from .compile import Kernel, Numbers, Values
from .widen import widen

THREADS = 256
AXES = 8


# What the kernels are told: the total, then sizes and strides, in elements, by axis.
NUMBERS = 1 + 3 * AXES
LARGEST = 2**31 - 1


def _make(_: Any) -> Callable[..., None]:
    def kernel(target: Values, source: Values, numbers: Numbers) -> None:
        """Copy element by element."""
        index = cuda.grid(1)
        while index < numbers[0]:
            rest, to, origin = index, 0, 0
            for back in range(AXES):
                axis = AXES - 1 - back
                size = numbers[1 + axis]
                place = rest % size
                rest //= size
                to += place * numbers[1 + AXES + axis]
                origin += place * numbers[1 + 2 * AXES + axis]
            target[to] = source[origin]
            index += cuda.gridsize(1)

    return kernel


KERNEL = Kernel("strided-copy", _make, THREADS, numbers=NUMBERS)
# Bits are copied, whatever they mean.
_BITS = {1: "int8", 2: "int16", 4: "int32", 8: "int64", 16: "complex128"}


def copy(device: Any, target: DeviceArray, source: DeviceArray) -> None:
    """Copy between arrays of the same shape, on the stream of `target`.

    They are of the same dtype, or the target is of that in which sums of the source are kept.
    """
    if target.size == 0:
        return
    if target.dtype != source.dtype:
        widen(device, target, source if source.contiguous else source.copy())
        return
    if target.ndim > AXES:
        raise ValueError(f"arrays of up to {AXES} axes are copied, not of {target.ndim}")
    numbers = [target.size]
    for kind, absent in ((target.shape, 1), (_steps(target), 0), (_steps(source), 0)):
        numbers += [*(absent,) * (AXES - target.ndim), *kind]
    if max(map(abs, numbers)) > LARGEST:
        halves = zip(_halves(target), _halves(source), strict=True)
        for half_target, half_source in halves:
            copy(device, half_target, half_source)
        return
    blocks = min(-(-target.size // THREADS), 32 * device.processors)
    launch = device.launcher(KERNEL, _BITS[target.dtype.itemsize], (blocks,), (THREADS,))
    launch(target.stream, target.data, source.data, *map(np.int32, numbers))


def _steps(array: DeviceArray) -> list[int]:
    """Return the strides in elements; where an axis has one place, none is taken."""
    each = zip(array.shape, array.strides, strict=True)
    return [0 if size == 1 else stride // array.dtype.itemsize for size, stride in each]


def _halves(array: DeviceArray) -> tuple[DeviceArray, DeviceArray]:
    """Return both halves of the first axis that has any."""
    axis = next(axis for axis, size in enumerate(array.shape) if size > 1)
    half, steps = array.shape[axis] // 2, _steps(array)
    before, after = array.shape[:axis], array.shape[axis + 1 :]
    first = array.view((*before, half, *after), array.strides)
    second = array.view((*before, array.shape[axis] - half, *after), array.strides)
    second.data = array.element(half * steps[axis])
    return first, second
