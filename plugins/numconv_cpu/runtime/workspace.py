"""Memory that calls need for a while, kept from one call to the next."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import ALIGNMENT, Pool, aligned
from numconv.plugin import when_released

# Small memory waits in a queue of its dtype and is at hand at once. Larger one comes from a pool,
# where finding some costs 2 µs; calls that need so much take 200 at least.
KEPT_BYTES = 2 * 2**20
# One for each call under way; of more calls at once than this, the memory is not kept.
KEPT = 8
# Idle, of all threads together: the largest of the suites' layers need 34 MB, and 64 MiB of fresh
# memory cost 5.5 ms of page faults.
POOL_BYTES = 128 * 2**20

_pool = Pool(POOL_BYTES, clean=True)
_waiting: defaultdict[str, deque[NDArray[Any]]] = defaultdict(lambda: deque(maxlen=KEPT))
_NOTHING: deque[NDArray[Any]] = deque(maxlen=0)


class Workspace:
    """What a plan needs while it runs: lent to one call at a time, with whatever values.

    Kernels sum over what lies between the values as well, in lanes that are not stored. So memory
    begins as zeros, and holds nothing but values of its dtype, or what is normal as such: what
    the heap leaves behind are subnormal numbers, with which sums take up to fifteen times as long.
    A plan that writes other integers (`records`) shares its memory with such plans alone.

    A call that begins while another is under way, in the same Python thread as well (in a signal
    handler or a finaliser), gets memory of its own. What an interrupted call does not give back is
    freed. So nothing here waits for anybody.

    Parameters
    ----------
    dtype : str
    size : int
        Elements.
    records : bool
    """

    __slots__ = ("_dtype", "_pop", "_use", "give", "nbytes", "size")

    give: Callable[[NDArray[Any]], object]
    """Takes back what `take` returned, for the next call."""

    def __init__(self, dtype: str, size: int, records: bool = False) -> None:
        self._dtype, self.size = np.dtype(dtype), size
        self._use = f"records beside {dtype}" if records else dtype
        self.nbytes = size * self._dtype.itemsize
        # Small calls take 5 µs: methods of Python's would be some per cent of that.
        if self.nbytes <= KEPT_BYTES:
            self._pop, self.give = _waiting[self._use].pop, _waiting[self._use].append
        else:
            self._pop, self.give = _NOTHING.pop, id

    def take(self) -> NDArray[Any]:
        """Return an array of at least so many elements, aligned to cache lines."""
        try:
            array = self._pop()
        except IndexError:
            return self._fresh()
        return array if array.size >= self.size else self._fresh()

    def _fresh(self) -> NDArray[Any]:
        if KEPT_BYTES < self.nbytes <= POOL_BYTES:
            return _pool.empty((self.size,), self._dtype, self._use)
        # In whole elements of every dtype.
        nbytes = -(-self.nbytes // ALIGNMENT) * ALIGNMENT
        return aligned(nbytes, clean=True).view(self._dtype)


def release() -> None:
    """Give back what waits for the next call; calls under way keep theirs."""
    _pool.trim(0)
    for waiting in tuple(_waiting.values()):
        waiting.clear()


when_released(release)
