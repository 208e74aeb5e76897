"""What is kept from call to call, so that the next one need not find it out again: how much it is.

Plans hold tables. Most are as long as their kernels have taps, some (the factors of Fourier
transforms) as long as a part of a signal; so what is kept is bounded in bytes besides in number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from .memory import when_released
from .protocol import Array

MOST_BYTES = 64 * 2**20
"""Of all plans that are kept; a single one may have more until the next one is made."""

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
