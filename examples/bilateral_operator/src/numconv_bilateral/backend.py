"""The backend: a plugin cannot add an algorithm to somebody else's, such as numconv's `cpu`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numconv.plugin import Algorithm, Backend, Status

from .algorithm import Windows
from .problem import BilateralProblem


class BilateralCpu(Backend):
    """Bilateral filters on the processor, compiled by Numba.

    ``backend="auto"`` finds it, for no other has an algorithm for this kind of problem.
    """

    name = "bilateral-cpu"
    protocol = 1
    device = "cpu"
    priority = 50

    def status(self) -> Status:
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        return (Windows(),) if isinstance(problem, BilateralProblem) else ()
