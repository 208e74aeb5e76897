"""How many threads a call may use: one number for the whole process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .errors import ArgumentError
from .geometry import integer

VARIABLE = "NUMCONV_NUM_THREADS"

_configured: int | None = None
_held: ContextVar[int | None] = ContextVar("numconv_num_threads", default=None)


def set_num_threads(n: Any) -> None:
    """Let each call use `n` threads from now on, in every Python thread of this process.

    Parameters
    ----------
    n : int
        At least 1. More threads than there are processors are of no use; a backend may run
        fewer.

    Raises
    ------
    ArgumentError
        If `n` is not an integer of at least 1.

    Examples
    --------
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    global _configured
    _configured = integer("n", n, 1)


def get_num_threads() -> int:
    """Return how many threads a call may use.

    That is the number last given to `set_num_threads`, else the environment variable
    ``NUMCONV_NUM_THREADS``, else the number of processors this process may run on.

    Raises
    ------
    ArgumentError
        If ``NUMCONV_NUM_THREADS`` is set to something other than an integer of at least 1.
    """
    global _configured
    held = _held.get()
    if held is not None:
        return held
    if _configured is None:
        _configured = _from_environment()
    return _configured


@contextmanager
def num_threads_held(n: int | None = None) -> Iterator[None]:
    """Let `get_num_threads` return `n`, here only, whatever other Python threads set meanwhile.

    What is compared or kept under a number of threads must be computed with that number. By
    default it is the one configured now.
    """
    token = _held.set(get_num_threads() if n is None else n)
    try:
        yield
    finally:
        _held.reset(token)


def _from_environment() -> int:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return processors()
    try:
        return integer(VARIABLE, int(text), 1)
    except ValueError:
        raise ArgumentError(VARIABLE, text, "an integer of at least 1") from None


def processors() -> int:
    """Return the number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
