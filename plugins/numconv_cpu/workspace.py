"""Memory that calls need for a while, kept from one call to the next."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Fresh memory costs a page fault every 4 KiB, which is more than many a convolution takes.
KEPT_BYTES = 64 * 2**20
ALIGNMENT = 64


class _Kept(threading.local):
    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}


_kept = _Kept()


def workspace(dtype: str, size: int) -> NDArray[Any]:
    """Return an array of at least `size` elements, with whatever values, aligned to cache lines.

    It belongs to the calling Python thread until that asks for the next one.
    """
    array = _kept.arrays.get(dtype)
    if array is None or array.size < size:
        array = aligned(dtype, size)
        if array.nbytes <= KEPT_BYTES:
            _kept.arrays[dtype] = array
    return array


def aligned(dtype: str, size: int) -> NDArray[Any]:
    itemsize = np.dtype(dtype).itemsize
    memory = np.empty(size * itemsize + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size * itemsize].view(dtype)
