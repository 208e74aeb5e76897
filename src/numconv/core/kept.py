"""What is kept from call to call, so that the next one need not find it out again: how much it is.

Plans hold tables. Most are as long as their kernels have taps, some (the factors of Fourier
transforms) as long as a part of a signal; so what is kept is bounded in bytes besides in number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import count
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from .memory import when_released
from .protocol import Array

MOST_BYTES = 64 * 2**20
"""Of all plans that are kept; a single one may have more until the next one is made."""

MOST_CALLS = 4096

# So many calls are kept before their bytes are counted anew.
RECOUNT = 256

# What a plan takes besides its tables, as measured over convolutions of small pictures.
OVERHEAD = 12 * 1024

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result", covariant=True)


class Remembered(Protocol[Arguments, Result]):
    """A function that keeps what it returned."""

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result: ...
    def cache_clear(self) -> None: ...


def remembering(
    most: int, typed: bool = False
) -> Callable[[Callable[Arguments, Result]], Remembered[Arguments, Result]]:
    """Keep the last results of a function, up to a number, until `release_memory` drops them.

    Parameters
    ----------
    most : int
    typed : bool
        Whether equal arguments of different types are different ones.
    """

    def decorate(function: Callable[Arguments, Result]) -> Remembered[Arguments, Result]:
        kept: Any = lru_cache(most, typed)(function)
        when_released(kept.cache_clear)
        return kept  # type: ignore[no-any-return]

    return decorate


def remember(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep a value, and give up the oldest one where there are too many.

    By single operations of a dict, and without a lock that an interrupt could leave behind.
    """
    kept[key] = value
    while len(kept) > MOST_CALLS:
        try:
            del kept[next(iter(kept))]
        except (KeyError, RuntimeError, StopIteration):
            continue  # another thread was faster


class CallCache:
    """Calls that are made again: the oldest are given up until all are few and small enough.

    There is no lock here either. So the sum of bytes may drift when threads or interrupts meet, and
    is counted anew now and then.

    Attributes
    ----------
    calls : dict
        By all that decides what is computed.
    recent : dict
        Parameters and call, by what is told at a glance.
    """

    def __init__(self) -> None:
        self.calls: dict[Any, Any] = {}
        self.recent: dict[Any, tuple[tuple[Any, ...], Any]] = {}
        self._bytes = 0
        self._count = count(1)

    def keep(self, key: Any, call: Any) -> None:
        """Keep a call."""
        self.calls[key] = call
        self._bytes += call.held_bytes
        if self._bytes > MOST_BYTES or next(self._count) % RECOUNT == 0:
            self._bytes = self.held_bytes
        while len(self.calls) > 1 and (self._bytes > MOST_BYTES or len(self.calls) > MOST_CALLS):
            try:
                oldest = next(iter(self.calls))
            except (RuntimeError, StopIteration):
                continue  # another thread was faster
            self._drop(oldest)

    def _drop(self, key: Any) -> None:
        call = self.calls.pop(key, None)
        if call is not None:
            self._bytes -= call.held_bytes
            for glance in call.glances:
                self.recent.pop(glance, None)

    def recognise(self, key: Any, glance: Any, parameters: tuple[Any, ...], call: Any) -> None:
        """Let a call that is kept be recognised at a glance."""
        call.glances.append(glance)
        remember(self.recent, glance, (parameters, call))
        if self.calls.get(key) is not call:  # dropped meanwhile
            self.recent.pop(glance, None)

    @property
    def held_bytes(self) -> int:
        """About how much memory the calls' plans take."""
        return sum(each.held_bytes for each in tuple(self.calls.values()))

    def clear(self) -> None:
        """Drop everything."""
        self.calls.clear()
        self.recent.clear()
        self._bytes = 0


def held_bytes(plan: Any) -> int:
    """Return about how much memory a plan takes as long as it is kept.

    These are the arrays among its attributes, in containers as well, and those of plans that it
    calls.
    """
    arrays = {id(array): array.nbytes for array in _arrays(plan, 0)}
    return OVERHEAD + sum(arrays.values())


def _arrays(thing: Any, depth: int) -> Iterator[Array]:
    if isinstance(thing, np.ndarray):
        yield thing
    elif depth > _DEEPEST:
        return
    elif isinstance(thing, (tuple, list)):
        for each in thing:
            yield from _arrays(each, depth + 1)
    elif isinstance(thing, dict):
        yield from _arrays(list(thing.values()), depth)
    elif isinstance(thing, partial):
        yield from _arrays(thing.args, depth)
    elif depth == 0 or hasattr(type(thing), "describe"):
        yield from _arrays(getattr(thing, "__dict__", None), depth + 1)


_DEEPEST = 8
