"""Copies between arrays that are not contiguous."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from .array import DeviceArray
from .compile import Integers, Kernel, Values

THREADS = 256
AXES = 8


def _make(_: Any) -> Callable[..., None]:
    def kernel(target: Values, source: Values, numbers: Integers) -> None:
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

    return kernel


KERNEL = Kernel("strided-copy", _make, THREADS)
# Bits are copied, whatever they mean.
_BITS = {1: "int8", 2: "int16", 4: "int32", 8: "int64", 16: "complex128"}


def copy(device: Any, target: DeviceArray, source: DeviceArray) -> None:
    """Copy between arrays of the same shape and dtype, on the stream of `target`."""
    if target.size == 0:
        return
    if target.ndim > AXES:
        raise ValueError(f"arrays of up to {AXES} axes are copied, not of {target.ndim}")
    itemsize = target.dtype.itemsize
    absent = AXES - target.ndim
    numbers = np.zeros(1 + 3 * AXES, np.int64)
    numbers[0] = target.size
    numbers[1 : 1 + AXES] = (*(1,) * absent, *target.shape)
    for first, array in ((1 + AXES, target), (1 + 2 * AXES, source)):
        steps = [stride // itemsize for stride in array.strides]
        numbers[first : first + AXES] = (*(0,) * absent, *steps)
    table = device.upload(numbers, target.stream)
    blocks = min(-(-target.size // THREADS), 32 * device.processors)
    launch = device.launcher(KERNEL, _BITS[itemsize], (blocks,), (THREADS,))
    launch(target.stream, target.data, source.data, table.data)
