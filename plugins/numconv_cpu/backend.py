"""The CPU backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numconv.plugin import Algorithm, Roof, Status

from .algorithms import ALGORITHMS
from .status import status


class CpuBackend:
    """Kernels in Python, compiled by Numba for the processor at hand."""

    name = "cpu"
    device = "cpu"
    priority = 100

    def status(self) -> Status:
        """Say whether Numba is installed and compiles. Never raises."""
        return status()

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        """Return the algorithms for this kind of problem, the last resort last."""
        return ALGORITHMS.get(type(problem), ())

    def roof(self, dtype: str) -> Roof:
        """Measure what the processor gives for `dtype`, with as many threads as a call uses."""
        from .roof import measure

        return measure(dtype)
