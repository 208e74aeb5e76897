"""What `numconv run` is asked for, whether for one file or for many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.protocol import Operator
from . import inputs, moving, ranks
from .inputs import Inputs, Wishes

SIMULATED_PIXELS = 1_500
"""Of a demonstration where kernels run as Python, a microsecond for each operation."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for, on whatever input."""

    operator: Operator
    wishes: Wishes
    parameters: Mapping[str, Any]
    where: Mapping[str, str]
    mover: moving.Mover
    sheet: bool

    def gather(self, path: Path | None) -> Inputs:
        """Return the arrays and parameters of the call on a file."""
        most = SIMULATED_PIXELS if self.mover.simulated else inputs.MOST_PIXELS
        return inputs.gather(self.operator, replace(self.wishes, path=path), self.parameters, most)

    def fitted(self, chosen: Inputs) -> Operator:
        """Return the operator as it is for these inputs."""
        shapes = [array.shape for array in chosen.arrays]
        axes = None if chosen.axes is None else chosen.axes.spatial
        return ranks.of_call(self.operator, shapes, axes)

    def apply(self, chosen: Inputs) -> Any:
        """Return the result, as a NumPy array."""
        operands = self.mover.put(chosen.arrays)
        parameters = self.mover.put_parameters({**chosen.parameters, **self.where})
        return self.mover.fetch(self.fitted(chosen).apply(*operands, **parameters))
