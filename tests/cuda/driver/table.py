"""The table of the driver's functions, and what they have in common."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[str, tuple[Callable[..., None], tuple[Any, ...]]] = {}

size, unsigned, integer = ctypes.c_size_t, ctypes.c_uint, ctypes.c_int
handle = ctypes.c_void_p


def function(*kinds: Any) -> Callable[..., Any]:
    """Make a Python function one of the driver's, with parameters of these types."""

    def mark(given: Callable[..., None]) -> Callable[..., None]:
        words = given.__name__.split("_")
        FUNCTIONS["cu" + "".join(map(str.capitalize, words))] = given, kinds
        return given

    return mark


def put(place: int, value: int, kind: Any = handle) -> None:
    """Store a value where a pointer points to."""
    ctypes.cast(place, ctypes.POINTER(kind))[0] = value
