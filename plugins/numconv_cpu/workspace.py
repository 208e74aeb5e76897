"""Memory that calls need for a while, kept from one call to the next."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from numconv.core.locks import Lock
from numconv.core.memory import ALIGNMENT, Pool, aligned, when_released

# A small workspace stays with its Python thread, for as long as that lives, and is at hand at
# once. Larger ones take turns: finding one costs 2 µs, and calls that need so much take 200 at
# least; so threads that do something else keep little from those that compute.
KEPT_BYTES = 2 * 2**20
# Idle, of all threads together: the largest of the suites' layers need 34 MB, and 64 MiB of fresh
# memory cost 5.5 ms of page faults.
POOL_BYTES = 128 * 2**20

_pool = Pool(POOL_BYTES)
_lock = Lock()


class _Arena:
    """The kept workspace of a thread, as each dtype sees it."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)
        self.views: dict[str, NDArray[Any]] = {}

    def view(self, dtype: str, nbytes: int) -> NDArray[Any]:
        memory = self.memory
        if memory.size < nbytes:
            self.views.clear()
            # A whole number of elements of every dtype.
            self.memory = memory = aligned(-(-nbytes // ALIGNMENT) * ALIGNMENT)
        self.views[dtype] = array = memory.view(dtype)
        return array

    def clear(self) -> None:
        self.views.clear()
        self.memory = np.empty(0, np.uint8)


class _Kept(threading.local):
    def __init__(self) -> None:
        self.arena = _Arena()
        self.views = self.arena.views
        with _lock:
            _arenas.add(self.arena)


_arenas: WeakSet[_Arena] = WeakSet()
_kept = _Kept()


def workspace(dtype: str, size: int) -> NDArray[Any]:
    """Return an array of at least `size` elements, with whatever values, aligned to cache lines.

    It belongs to the calling Python thread until that asks for the next one.
    """
    array = _kept.views.get(dtype)
    if array is not None and array.size >= size:
        return array
    kind = np.dtype(dtype)
    nbytes = size * kind.itemsize
    if nbytes > POOL_BYTES:
        return aligned(nbytes).view(kind)
    if nbytes > KEPT_BYTES:
        return _pool.empty((size,), kind)
    return _kept.arena.view(dtype, nbytes)


def release() -> None:
    """Give back what waits for the next call, of all threads; calls under way keep theirs."""
    _pool.trim(0)
    with _lock:
        arenas = tuple(_arenas)
    for arena in arenas:
        arena.clear()


when_released(release)
