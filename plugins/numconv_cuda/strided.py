"""Copies between arrays that are not contiguous, or of another dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from numconv.core import dtypes

from .array import DeviceArray
from .compile import Integers, Kernel, Results, Values
from .part import part

THREADS = 256
AXES = 8


@part
def _copied(target: Any, source: Any, numbers: Any) -> None:
    """Copy element by element; `numbers` are the total, then sizes and strides by axis."""
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


def _same(_: Any) -> Callable[..., None]:
    def kernel(target: Values, source: Values, numbers: Integers) -> None:
        _copied(target, source, numbers)

    return kernel


def _widened(_: Any) -> Callable[..., None]:
    def kernel(target: Results, source: Values, numbers: Integers) -> None:
        _copied(target, source, numbers)

    return kernel


KERNEL = Kernel("strided-copy", _same, THREADS)
WIDENING = Kernel("widening-copy", _widened, THREADS)
# Bits are copied, whatever they mean.
_BITS = {1: "int8", 2: "int16", 4: "int32", 8: "int64", 16: "complex128"}


def copy(device: Any, target: DeviceArray, source: DeviceArray) -> None:
    """Copy between arrays of the same shape, on the stream of `target`.

    They are of the same dtype, or the target is of that in which results are for the source's.
    """
    if target.size == 0:
        return
    if target.ndim > AXES:
        raise ValueError(f"arrays of up to {AXES} axes are copied, not of {target.ndim}")
    absent = AXES - target.ndim
    numbers = np.zeros(1 + 3 * AXES, np.int64)
    numbers[0] = target.size
    numbers[1 : 1 + AXES] = (*(1,) * absent, *target.shape)
    for first, array in ((1 + AXES, target), (1 + 2 * AXES, source)):
        steps = [stride // array.dtype.itemsize for stride in array.strides]
        numbers[first : first + AXES] = (*(0,) * absent, *steps)
    table = device.upload(numbers, target.stream)
    blocks = min(-(-target.size // THREADS), 32 * device.processors)
    kernel, dtype = KERNEL, _BITS[source.dtype.itemsize]
    if target.dtype != source.dtype:
        assert target.dtype == dtypes.result(source.dtype.name)
        kernel, dtype = WIDENING, source.dtype.name
    launch = device.launcher(kernel, dtype, (blocks,), (THREADS,))
    launch(target.stream, target.data, source.data, table.data)
