"""Arrays on their way to the device of a backend, and back, for `numconv run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import plugins
from ..core.optional import Moving, memory_name
from ..core.places import HOST_DEVICE, keeper

Array = NDArray[Any]


@dataclass
class Mover:
    """Takes arrays to the memory that `backend` keeps; None leaves them alone.

    Attributes
    ----------
    seconds : list of float
        What each transfer took.
    """

    backend: Any
    seconds: list[float] = field(default_factory=list)

    @property
    def moves(self) -> bool:
        return self.backend is not None

    @property
    def simulated(self) -> bool:
        """Whether the device is simulated, and so can do little."""
        return self.moves and plugins.status(self.backend).state == "simulated"

    def put(self, arrays: Sequence[Array]) -> tuple[Any, ...]:
        """Return the arrays where they are computed with."""
        if not self.moves:
            return tuple(arrays)
        return tuple(self._timed(lambda a=array: self.backend.put(a)) for array in arrays)

    def put_parameters(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters, with the arrays among them where they are computed with."""
        return {
            name: self.put([value])[0] if isinstance(value, np.ndarray) else value
            for name, value in parameters.items()
        }

    def fetch(self, value: Any) -> Array:
        """Return a result as a NumPy array."""
        return self._timed(lambda: self.backend.fetch(value)) if self.moves else np.asarray(value)

    def finish(self) -> None:
        """Wait until what was enqueued is done."""
        if self.moves:
            self.backend.finish()

    def _timed(self, call: Any) -> Any:
        self.finish()
        begin = perf_counter()
        result = call()
        self.finish()
        self.seconds.append(perf_counter() - begin)
        return result


def mover(name: str) -> Mover:
    """Return what moves arrays for the backend called `name`, or "auto"."""
    backend = None if name == "auto" else plugins.backend(name, "'auto' or one of ")
    if backend is None or memory_name(backend) == HOST_DEVICE:
        return Mover(None)
    there = keeper(backend)
    usable = isinstance(there, Moving) and plugins.status(backend).state != "unavailable"
    return Mover(there if usable else None)
