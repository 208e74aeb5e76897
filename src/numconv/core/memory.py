"""Memory that outlives the arrays in it: large results and workspaces come from pools.

The system hands out fresh memory page by page, at the first touch of each: filling a result of
12 MB costs 3000 interruptions, which is more than many a convolution takes. So the memory of a
result that nobody refers to any longer waits here for the next one of about its size.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from math import prod
from typing import Any
from weakref import ref

import numpy as np

from .errors import ArgumentError
from .geometry import integer
from .protocol import Array
from .signatures import Int

VARIABLE = "NUMCONV_OUTPUT_POOL"
DEFAULT_BYTES = 256 * 2**20

# What is smaller comes from the heap of the C library, which reuses it by itself, and faster.
SMALLEST_BYTES = 128 * 1024
ALIGNMENT = 64
# Blocks per doubling of their size: the eighth part of a block is wasted at most.
STEPS = 8


def aligned(nbytes: int, clean: bool = False) -> Array:
    """Return fresh bytes that begin where a cache line does, zeros if they must be clean."""
    memory = (np.zeros if clean else np.empty)(nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + nbytes]


def aligned_copy(*arrays: Array) -> Array:
    """Return the elements of arrays of one dtype, one array after the other, on whole cache lines.

    Kernels that read vectors off a copy of `numpy.copy` read most of them across two lines.
    """
    dtype, size = arrays[0].dtype, sum(array.size for array in arrays)
    made = aligned(size * dtype.itemsize).view(dtype)
    np.concatenate([array.reshape(-1) for array in arrays], out=made)
    return made


class Block:
    """A piece of memory that arrays are laid into, one at a time."""

    __slots__ = ("address", "kind", "memory", "size", "use", "when")

    def __init__(self, size: int, clean: bool, use: object) -> None:
        self.size = size
        self.memory = aligned(size, clean)
        self.use = use
        self.address = self.memory.ctypes.data
        self.kind = ctypes.c_char * size
        self.when = 0


class Pool:
    """Blocks that no array refers to, up to a number of bytes, the oldest given up first.

    Arrays die in any thread and at any moment, even in the midst of another array's being made.
    So there is no lock here to wait for: whatever two threads do at once are single operations
    of a deque, and the sum of the idle blocks is counted anew each time.

    Parameters
    ----------
    limit : int
        Bytes.
    clean : bool
        Whether memory that was fresh, or of another use, is filled with zeros.
    """

    def __init__(self, limit: int, clean: bool = False) -> None:
        self.limit = limit
        self._clean = clean
        self._idle: dict[int, deque[Block]] = {}
        self._lent: dict[int, ref[Any]] = {}
        self._clock = count()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any], use: object = None) -> Array:
        """Return an array with whatever values, in a block that comes back when it dies.

        Those of a clean pool are zeros, or what was written for the same `use`.

        The array does not own its memory (``flags.owndata``); its base does, on which all views
        of it depend as well.
        """
        nbytes = prod(shape) * dtype.itemsize
        if nbytes < SMALLEST_BYTES or nbytes > self.limit:
            return np.empty(shape, dtype)
        size = block_size(nbytes)
        idle = self._idle.get(size)
        try:
            block = idle.pop() if idle is not None else Block(size, self._clean, use)
        except IndexError:
            block = Block(size, self._clean, use)
        if self._clean and block.use != use:
            block.memory[...] = 0
            block.use = use
        # Made of an address, which takes a quarter of the time that `from_buffer` does; so the
        # owner must hold on to the memory by itself.
        owner: Any = block.kind.from_address(block.address)
        owner.block = block
        key = id(owner)

        def come_back(_: object) -> None:
            self._lent.pop(key, None)
            self._keep(block)

        self._lent[key] = ref(owner, come_back)
        return np.ndarray(shape, dtype, owner)

    def _keep(self, block: Block) -> None:
        block.when = next(self._clock)
        self._idle.setdefault(block.size, deque()).append(block)
        self.trim(self.limit)

    @property
    def idle_bytes(self) -> int:
        """Memory that waits for an array."""
        return sum(size * len(blocks) for size, blocks in tuple(self._idle.items()))

    def trim(self, limit: int) -> None:
        """Give idle blocks back to the system until no more than `limit` bytes are left."""
        while self.idle_bytes > limit:
            waiting = [blocks for blocks in tuple(self._idle.values()) if blocks]
            try:
                min(waiting, key=lambda blocks: blocks[0].when).popleft()
            except (IndexError, ValueError):
                continue  # another thread was faster


def block_size(nbytes: int) -> int:
    """Return the size of the smallest kind of block that holds so many bytes.

    >>> from numconv.core.memory import block_size
    >>> block_size(1_000_000) / 1_000_000
    1.048576
    """
    step = 1 << max(nbytes.bit_length() - STEPS.bit_length(), 0)
    return -(-nbytes // step) * step


def _from_environment() -> int:
    text = os.environ.get(VARIABLE, "").strip()
    try:
        return integer(VARIABLE, int(text), 0) if text else DEFAULT_BYTES
    except ValueError:
        raise ArgumentError(VARIABLE, text, "a number of bytes, 0 for no pool") from None


outputs = Pool(-1)
"""Where results come from. Its limit is unknown (-1) until somebody asks for it."""

_releases: list[Callable[[], None]] = []


def get_output_pool() -> int:
    """Return how many bytes of idle memory are kept for results.

    That is the number last given to `set_output_pool`, else the environment variable
    ``NUMCONV_OUTPUT_POOL``, else 256 MiB.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    ArgumentError
        If ``NUMCONV_OUTPUT_POOL`` is set to something other than an integer of at least 0.

    Examples
    --------
    >>> import numconv
    >>> before = numconv.get_output_pool()
    >>> numconv.set_output_pool(2**20)
    >>> numconv.get_output_pool()
    1048576
    >>> numconv.set_output_pool(before)
    """
    if outputs.limit < 0:
        outputs.limit = _from_environment()
    return outputs.limit


def set_output_pool(nbytes: Int) -> None:
    """Keep up to `nbytes` of idle memory for results from now on, in the whole process.

    The memory of a large result (of 128 KiB or more) serves another result as soon as neither
    the array nor a view of it is left, which spares the page faults of fresh memory. Such an
    array does not own its memory: its ``flags.owndata`` is False, its ``base`` is the owner,
    and its method ``resize`` refuses.

    Parameters
    ----------
    nbytes : int
        Idle memory, that no array refers to. 0: results come from `numpy.empty`.

    Raises
    ------
    ArgumentError
        If `nbytes` is not an integer of at least 0.

    Examples
    --------
    >>> import numconv
    >>> before = numconv.get_output_pool()
    >>> numconv.set_output_pool(0)
    >>> numconv.get_output_pool()
    0
    >>> numconv.set_output_pool(before)
    """
    outputs.limit = integer("nbytes", nbytes, 0)
    outputs.trim(outputs.limit)


def release_memory() -> None:
    """Give back to the system what numconv keeps for later.

    That is the memory of idle results (`set_output_pool` bounds it) and of workspaces (128 MiB at
    most, and for each dtype eight of 2 MiB), and the plans of earlier calls: up to 4096 of them,
    whose tables take 64 MiB at most, or are those of a single plan.

    Arrays in use are left alone, and so are the plans that `numconv.plan` returned. The next
    calls fetch their memory and make their plans anew.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> y = numconv.conv1d(np.ones((1, 100_000)), np.ones((1, 1, 3)))
    >>> numconv.release_memory()
    >>> y[0, :4]
    array([3., 3., 3., 3.])
    """
    outputs.trim(0)
    for release in tuple(_releases):
        release()
    _trim_heap()


def _trim_heap() -> None:
    """Have the C library give back the pages of what is free in the midst of its heap."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def when_released(release: Callable[[], None]) -> None:
    """Have `release_memory` call `release` too, for memory that a backend keeps."""
    _releases.append(release)


def new_output(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Callable[[], Array]:
    """Return a function that makes arrays for a result of this shape and dtype."""
    if prod(shape) * dtype.itemsize < SMALLEST_BYTES:
        return partial(np.empty, shape, dtype)
    get_output_pool()
    return partial(outputs.empty, shape, dtype)
