"""The laws: what every algorithm keeps on every problem that it accepts.

They are ordered in stages, each of which makes sense once the one before holds. A law is a
function of a problem and an algorithm that raises `LawBroken` where the algorithm breaks it and
returns the largest error it met, as a fraction of what is allowed. The only tolerance is
`numconv.core.bound.bound`.
"""

from __future__ import annotations

from typing import Any

from . import gradients, hostile, invariances, memory, shapes, values
from .law import STAGES, Law

LAWS: tuple[Law, ...] = (
    *shapes.LAWS,
    *values.LAWS,
    *gradients.LAWS,
    *invariances.LAWS,
    *hostile.LAWS,
    *memory.LAWS,
)

__all__ = ["LAWS", "STAGES", "Law", "laws_of"]


def laws_of(problem: Any) -> tuple[Law, ...]:
    """Return the laws that speak of `problem`."""
    return tuple(law for law in LAWS if law.applies(problem))
