"""The backend `torch`: what PyTorch computes on the CPU, called as PyTorch's users call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import util
from typing import Any

from numconv.core.errors import RefusedError
from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.protocol import Algorithm, Array, Backend, Status

from .convolution import Functional
from .involution import Unfold
from .plan import TorchAlgorithm

ALGORITHMS: dict[type, TorchAlgorithm] = {
    ConvolutionProblem: Functional(),
    InvolutionProblem: Unfold(),
}


class TorchBackend(Backend):
    """PyTorch on the CPU, for comparison: of less priority than the reference."""

    name = "torch"
    device = "cpu"
    priority = -1

    def status(self) -> Status:
        """Say whether PyTorch is installed. Never raises, and does not import it."""
        try:
            found = util.find_spec("torch") is not None
        except (ImportError, ValueError):
            found = False
        if found:
            return Status("ready")
        return Status("unavailable", "PyTorch is not installed", "pip install torch")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        """Return the one algorithm for this kind of problem, if PyTorch has one."""
        algorithm = ALGORITHMS.get(type(problem))
        return () if algorithm is None else (algorithm,)

    def native(self, problem: Any, operands: Sequence[Array]) -> Callable[[], Any]:
        """Return the call of PyTorch that solves `problem`, its tensors made already.

        Calling it returns a new tensor each time, and does nothing that a call of
        `torch.nn.functional` in a user's own program does not do.

        Raises
        ------
        RefusedError
            If PyTorch does not solve this problem.
        """
        algorithm = ALGORITHMS.get(type(problem))
        refusal = (
            f"it has nothing for {type(problem).__name__}"
            if algorithm is None
            else algorithm.refusal(problem)
        )
        if algorithm is None or refusal is not None:
            raise RefusedError(f"backend 'torch': {refusal}")
        return algorithm.native(problem, operands)
