"""Where arrays lie: in the memory of the processor, or in that of a backend's device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from . import arrays, memory
from .errors import ArgumentTypeError, BackendError
from .optional import Placed, Recognising, memory_name
from .protocol import Array, Memory

HOST_DEVICE = "cpu"


class _Host:
    """NumPy arrays, and whatever shares memory with them."""

    device = HOST_DEVICE
    adapt = staticmethod(arrays.adapt)
    plain = staticmethod(arrays.plain)
    check_out = staticmethod(arrays.check_out)
    restorer = staticmethod(arrays.restorer)
    new_output = staticmethod(memory.new_output)
    fetch = staticmethod(arrays.adapt)

    def is_plain(self, array: Array) -> bool:
        return array.flags.carray

    def copy(self, target: Array, source: Array) -> None:
        target[...] = source

    def bring(self, array: Array) -> Array:
        return array


HOST: Memory = _Host()
Glance = Callable[[Any], "tuple[Any, Any] | None"]
glances: dict[type, Glance] = {}
"""What `Recognising.glance` is for arrays of a type, once such an array was met."""


def memory_of(operands: Iterable[tuple[str, Any]]) -> Memory:
    """Return the memory in which all operands lie; each comes with its name, None is left out.

    Raises
    ------
    ArgumentTypeError
        If they lie in different memories.
    BackendError
        If the backend that computes there cannot be used here.
    """
    given = [(name, value, _holder(value)) for name, value in operands if value is not None]
    if not given:
        return HOST
    first, x, holder = given[0]
    for name, value, other in given:
        if _name(other) != _name(holder):
            expected = f"an array in the memory of {_name(holder)!r}, where {first} lies"
            described = f"{type(value).__name__} in that of {_name(other)!r}"
            raise ArgumentTypeError(name, described, expected)
    if holder is None:
        return HOST
    from . import plugins

    status = plugins.status(holder)
    if status.state == "unavailable":
        raise BackendError(
            f"{first} lies in the memory of {_name(holder)!r}, and backend {holder.name!r} is "
            f"unavailable: {status.reason}; {status.remedy}"
        )
    found: Memory = holder.memory(x)
    if isinstance(found, Recognising):
        glances[type(x)] = found.glance
    return found


def keeper(backend: Any) -> Any:
    """Return the backend that knows the arrays of the memory in which `backend` computes.

    That is itself, or one that shares the memory with it; None for the processor's memory.
    """
    return backend if isinstance(backend, Placed) else _keepers().get(memory_name(backend))


def _keepers() -> dict[str, Any]:
    """Return for each memory, by name, the backend that is asked: the first that can be used."""
    from . import plugins  # discovery is paid for by the first call, not by the import

    sharers: dict[str, list[Any]] = {}
    backend: Any
    for backend in plugins.backends().values():
        name = _kept_by(backend)
        if name is not None:
            sharers.setdefault(name, []).append(backend)
    return {
        name: each[0] if len(each) == 1 else next(filter(_is_usable, each), each[0])
        for name, each in sharers.items()
    }


@lru_cache(maxsize=64)
def _kept_by(backend: Any) -> str | None:
    """Return the name of the memory whose arrays a backend knows; each call asks all of them."""
    is_placed = isinstance(backend, Placed)
    return memory_name(backend) if is_placed else None


def _is_usable(backend: Any) -> bool:
    from . import plugins

    return plugins.status(backend).state != "unavailable"


def _holder(value: Any) -> Any:
    """Return the backend that keeps the memory of `value`; None for that of the processor."""
    if isinstance(value, np.ndarray):
        return None
    return next((each for each in _keepers().values() if each.holds(value)), None)


def _name(holder: Any) -> str:
    return HOST_DEVICE if holder is None else memory_name(holder)


def check_place(memory: Memory, backend: Any, argument: str) -> None:
    """Raise unless `backend` computes on arrays of `memory`; `argument` names one of them."""
    there = memory_name(backend)
    if there == memory.device:
        return
    if memory.device == HOST_DEVICE:
        holder = keeper(backend)
        how = holder.remedy() if holder is not None else "move it there"
        raise BackendError(
            f"backend {backend.name!r} computes on arrays in the memory of {there!r}, and "
            f"{argument} is in that of the processor: {how}, or use backend='auto'"
        )
    raise BackendError(
        f"backend {backend.name!r} computes on arrays in the memory of {there!r}, and "
        f"{argument} lies in that of {memory.device!r}: copy it, or use backend='auto'"
    )
