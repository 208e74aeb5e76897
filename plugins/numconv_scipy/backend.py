"""The backend `scipy`: what SciPy computes, called as SciPy's users call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import util
from typing import Any

from numconv.core.errors import RefusedError
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Backend, Status

from .images import Ndimage
from .plan import ScipyAlgorithm
from .signals import Convolve, Direct, Fft, OverlapAdd

ALGORITHMS: tuple[ScipyAlgorithm, ...] = (Direct(), Fft(), OverlapAdd(), Ndimage(), Convolve())


class ScipyBackend(Backend):
    """SciPy, for comparison: of less priority than the reference."""

    name = "scipy"
    device = "cpu"
    priority = -1

    def status(self) -> Status:
        """Say whether SciPy is installed. Never raises, and does not import it."""
        try:
            found = util.find_spec("scipy") is not None
        except (ImportError, ValueError):
            found = False
        if found:
            return Status("ready")
        return Status("unavailable", "SciPy is not installed", "pip install scipy")

    def algorithms(self, problem: Any) -> Sequence[ScipyAlgorithm]:
        """Return SciPy's ways to convolve; it has none to involve."""
        return ALGORITHMS if isinstance(problem, ConvolutionProblem) else ()

    def native(self, problem: Any, operands: Sequence[Array]) -> Callable[[], Any]:
        """Return the call of the SciPy function that is estimated to solve `problem` soonest.

        Raises
        ------
        RefusedError
            If SciPy does not solve this problem, or takes too long for it.
        """
        able = [each for each in self.algorithms(problem) if each.refusal(problem) is None]
        if not able:
            offered = [f"{each.name}: {each.refusal(problem)}" for each in self.algorithms(problem)]
            reasons = "; ".join(offered) or f"it has nothing for {type(problem).__name__}"
            raise RefusedError(f"backend 'scipy': {reasons}")
        best = min(able, key=lambda each: each.cost(problem))
        return best.native(problem, operands)
