"""The backend: a name, whether it works here, and the algorithms it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numconv.plugin import Algorithm, Backend, ConvolutionProblem, Status

from .algorithm import Plain


class TemplateBackend(Backend):
    """Convolutions of images, one output after the other."""

    name = "template"
    """What a caller writes: ``numconv.conv2d(..., backend="template")``."""

    protocol = 1
    """The `numconv.plugin.PROTOCOL` that this was written for: a later numconv keeps from it what
    it cannot know of."""

    device = "cpu"
    """Where it wants its arrays. ``backend="auto"`` asks the backends of the arrays' device."""

    priority = 10
    """``auto`` asks the highest first. `cpu` has 100, so this is asked where that is slow."""

    def status(self) -> Status:
        """Say whether this backend works here, without raising and without heavy imports.

        One that needs a device or a library answers ``Status("unavailable", reason, remedy)``
        where it is missing.
        """
        return Status("ready")

    def algorithms(self, problem: Any) -> Sequence[Algorithm]:
        """Return the algorithms for this kind of problem; none for a kind that is not ours."""
        return (Plain(),) if isinstance(problem, ConvolutionProblem) else ()
