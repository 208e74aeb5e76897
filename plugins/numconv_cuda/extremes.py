"""The least and the largest of integers: the proof that sums fit asks for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from .array import DeviceArray
from .compile import Integer, Integers, Kernel, Values

THREADS = 256
# Of a thread, so that a block is worth its start.
LEAST_VALUES = 16


def _make(whole: Any, _: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(whole))

    def kernel(values: Values, found: Integers, count: Integer) -> None:
        """Store the least and the largest value that each block comes across."""
        lows = cuda.shared.array(THREADS, kind)
        highs = cuda.shared.array(THREADS, kind)

        low = whole(values[0])
        high = low
        index = cuda.grid(1)
        while index < count:
            value = whole(values[index])
            low = value if value < low else low
            high = value if value > high else high
            index += cuda.gridsize(1)

        thread = cuda.threadIdx.x
        lows[thread], highs[thread] = low, high
        others = THREADS // 2
        while others > 0:
            cuda.syncthreads()
            if thread < others:
                low, high = lows[thread + others], highs[thread + others]
                lows[thread] = low if low < lows[thread] else lows[thread]
                highs[thread] = high if high > highs[thread] else highs[thread]
            others //= 2
        if thread == 0:
            found[2 * cuda.blockIdx.x] = np.int64(lows[0])
            found[2 * cuda.blockIdx.x + 1] = np.int64(highs[0])

    return kernel


SIGNED = Kernel("extremes-signed", partial(_make, np.int64), THREADS)
UNSIGNED = Kernel("extremes-unsigned", partial(_make, np.uint64), THREADS)


def extremes(device: Any, array: DeviceArray) -> tuple[int, int]:
    """Return the least and the largest value of an array of integers, which is not empty.

    Each block finds its own pair, then one block that of all pairs. Numbers of 64 bits without a
    sign are kept as such all the way, as the bits of an int64.
    """
    source = array if array.contiguous else array.copy()
    unsigned = array.dtype == np.uint64
    kernel, whole = (UNSIGNED, "uint64") if unsigned else (SIGNED, "int64")
    blocks = min(-(-array.size // (THREADS * LEAST_VALUES)), 32 * device.processors)
    values, dtype, count = source, array.dtype.name, array.size
    for each in (blocks, 1) if blocks > 1 else (1,):
        found = device.empty((each, 2), np.dtype(np.int64), array.stream)
        launch = device.launcher(kernel, dtype, (each,), (THREADS,))
        launch(array.stream, values.data, found.data, count)
        values, dtype, count = found, whole, 2 * each
    low, high = device.download(values).view(whole).ravel()
    return int(low), int(high)
