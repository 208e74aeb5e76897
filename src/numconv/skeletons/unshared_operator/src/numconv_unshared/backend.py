"""The backend: a plugin cannot add an algorithm to somebody else's, such as numconv's `cpu`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numconv.plugin import Algorithm, Backend, Status

from .algorithm import Rows
from .problem import UnsharedProblem


class UnsharedCpu(Backend):
    """Locally connected layers on the processor, compiled by Numba.

    ``backend="auto"`` finds it, for no other has a fast algorithm for this kind of problem.
    """

    name = "unshared-cpu"
    protocol = 1
    device = "cpu"
    priority = 50

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return (Rows(),) if isinstance(problem, UnsharedProblem) else ()
