"""How many threads a call may use: one number for the whole process."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from .errors import ArgumentError
from .geometry import integer
from .signatures import Int

VARIABLE = "NUMCONV_NUM_THREADS"

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_configured: int | None = None
_held: ContextVar[int | None] = ContextVar("numconv_num_threads", default=None)


def set_num_threads(n: Int) -> None:
    """Let each call use `n` threads from now on, in every Python thread of this process.

    Parameters
    ----------
    n : int
        At least 1. More than the machine has processors count as that many: each takes memory
        of its own, and they would only wait for each other. A backend may run fewer.

    Raises
    ------
    ArgumentError
        If `n` is not an integer of at least 1.

    Examples
    --------
    >>> import numconv
    >>> before = numconv.get_num_threads()
    >>> numconv.set_num_threads(1)
    >>> numconv.get_num_threads()
    1
    >>> numconv.set_num_threads(before)
    """
    global _configured
    _configured = min(integer("n", n, 1), most_threads())


def get_num_threads() -> int:
    """Return how many threads a call may use.

    That is the number last given to `set_num_threads`, else the environment variable
    ``NUMCONV_NUM_THREADS``, else the number of processors this process may run on; never more
    than the machine has processors.

    Returns
    -------
    int

    Raises
    ------
    ArgumentError
        If ``NUMCONV_NUM_THREADS`` is set to something other than an integer of at least 1.

    Examples
    --------
    >>> import numconv
    >>> numconv.get_num_threads() >= 1
    True
    """
    global _configured
    held = _held.get()
    if held is not None:
        return held
    if _configured is None:
        _configured = _from_environment()
    return _configured


def with_num_threads(n: int, function: Callable[..., Result], *arguments: Any) -> Result:
    """Return ``function(*arguments)``, in which `get_num_threads` returns `n`.

    What is compared or kept under a number of threads must be computed with that number, whatever
    other Python threads set meanwhile.
    """
    # In a copy of the context, which an interrupt leaves behind: there is nothing to be put back.
    context = copy_context()
    context.run(_held.set, n)
    return context.run(function, *arguments)


def num_threads_held(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Have `function` see one number of threads from its beginning to its end."""

    @wraps(function)
    def held(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        return with_num_threads(get_num_threads(), partial(function, *arguments, **named))

    return held


def _from_environment() -> int:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return processors()
    try:
        return min(integer(VARIABLE, int(text), 1), most_threads())
    except ValueError:
        raise ArgumentError(VARIABLE, text, "an integer of at least 1") from None


def most_threads() -> int:
    """Return the number of processors of the machine."""
    return max(os.cpu_count() or 1, processors())


def processors() -> int:
    """Return the number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
