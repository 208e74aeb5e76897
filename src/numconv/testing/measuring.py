"""How much memory is taken: of Python's and NumPy's arrays, of the C library's, of the system's."""

from __future__ import annotations

import ctypes
import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

LARGEST_BLOCK = 512
"""Bytes of the largest object that Python keeps in blocks of its own."""


@contextmanager
def collected_alone() -> Iterator[None]:
    """Have what is there already left out of garbage collections, each of which it makes slow.

    Where somebody has had it left out before, it stays so.
    """
    before = gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        if not before:
            gc.unfreeze()


def held_bytes() -> int:
    """Return how many bytes are allocated and not freed: what grows by them has kept something.

    The C library counts its own, among them the arrays of kernels; where it does not, an array of
    NumPy's is still an object of Python's. Each of these counts as the largest.
    """
    gc.collect()
    return _allocated() + LARGEST_BLOCK * sys.getallocatedblocks()


class _MallocInfo(ctypes.Structure):
    """What `mallinfo2` of the GNU C library returns."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


@cache
def _mallinfo() -> Any:
    with suppress(AttributeError, OSError, TypeError):
        function = ctypes.CDLL(None).mallinfo2
        function.restype = _MallocInfo
        return function
    return None


def _allocated() -> int:
    """Return how many bytes the C library has handed out; 0 where it does not say so."""
    mallinfo = _mallinfo()
    if mallinfo is None:
        return 0
    told = mallinfo()
    return int(told.uordblks + told.hblkhd)


def traced_of(call: Callable[[], object]) -> tuple[int, int]:
    """Return the most memory that a call takes at a time, and how much of it is left when it ends.

    That is of what Python and NumPy allocate.
    """
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        left, most = tracemalloc.get_traced_memory()
        return most - before, left - before
    finally:
        if not traced:
            tracemalloc.stop()


def resident_peak_of(call: Callable[[], object]) -> int:
    """Return the most memory that a call takes at a time, as the system counts its pages.

    That is of whatever allocates, kernels as well, to within a few megabytes. 0 where the system
    is not Linux, or does not let its mark of the highest be set back.
    """
    try:
        with open("/proc/self/clear_refs", "w") as marks:
            marks.write("5")
        before = _status("VmRSS")
    except OSError:
        call()
        return 0
    call()
    return max(0, _status("VmHWM") - before)


def _status(name: str) -> int:
    """Return a line of the system's account of this process, in bytes."""
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))
