"""Where arrays lie: in the memory of the processor, or in that of a backend's device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import arrays, memory
from .errors import ArgumentTypeError, BackendError
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
        if _device(other) != _device(holder):
            expected = f"an array in the memory of {_device(holder)!r}, where {first} lies"
            described = f"{type(value).__name__} in that of {_device(other)!r}"
            raise ArgumentTypeError(name, described, expected)
    if holder is None:
        return HOST
    from . import plugins

    status = plugins.status(holder)
    if status.state == "unavailable":
        raise BackendError(
            f"{first} lies in the memory of {holder.device!r}, and backend {holder.name!r} is "
            f"unavailable: {status.reason}; {status.remedy}"
        )
    found: Memory = holder.memory(x)
    glance = getattr(found, "glance", None)
    if glance is not None:
        glances[type(x)] = glance
    return found


def _holder(value: Any) -> Any:
    """Return the backend in whose memory `value` lies; None for that of the processor."""
    from . import plugins  # discovery is paid for by the first call, not by the import

    if isinstance(value, np.ndarray):
        return None
    for backend in plugins.backends().values():
        holds = getattr(backend, "holds", None)
        if holds is not None and holds(value):
            return backend
    return None


def _device(holder: Any) -> str:
    return HOST_DEVICE if holder is None else str(holder.device)


def check_place(memory: Memory, backend: Any, argument: str) -> None:
    """Raise unless `backend` computes on arrays of `memory`; `argument` names one of them."""
    if backend.device == memory.device:
        return
    if memory.device == HOST_DEVICE:
        remedy = getattr(backend, "remedy", None)
        how = remedy() if remedy is not None else "move it there"
        raise BackendError(
            f"backend {backend.name!r} computes on arrays in the memory of {backend.device!r}, and "
            f"{argument} is in that of the processor: {how}, or use backend='auto'"
        )
    raise BackendError(
        f"backend {backend.name!r} computes on arrays in the memory of {backend.device!r}, and "
        f"{argument} lies in that of {memory.device!r}: copy it, or use backend='auto'"
    )
