"""The laws: what every algorithm keeps on every problem that it accepts.

They are ordered in stages, each of which makes sense once the one before holds. A law is a
function of a problem and an algorithm that raises `LawBroken` where the algorithm breaks it and
returns the largest error it met, as a fraction of what is allowed. The only tolerance is
`numconv.core.bound.bound`.

`LAWS_OF_BACKENDS` speak of all algorithms of a backend together: `Auto` of it stands in the place
of one.
"""

from __future__ import annotations

from typing import Any

from . import (
    choosing,
    gradients,
    hostile,
    invariances,
    memory,
    quiet,
    shapes,
    sharing,
    strictness,
    values,
)
from .choosing import Auto
from .law import STAGES, Law

LAWS: tuple[Law, ...] = (
    *quiet.LAWS,  # the first, since many a warning comes only once
    *shapes.LAWS,
    *values.LAWS,
    *gradients.LAWS,
    *invariances.LAWS,
    *sharing.LAWS,
    *hostile.LAWS,
    *strictness.LAWS,
    *memory.LAWS,
)

LAWS_OF_BACKENDS: tuple[Law, ...] = choosing.LAWS

__all__ = ["LAWS", "LAWS_OF_BACKENDS", "STAGES", "Auto", "Law", "laws_of"]


def laws_of(problem: Any) -> tuple[Law, ...]:
    """Return the laws of algorithms that speak of `problem`."""
    return tuple(law for law in LAWS if law.applies(problem))
