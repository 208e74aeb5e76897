"""PTX instructions as Python functions of the threads that execute them."""

from __future__ import annotations

from . import (
    arithmetic,
    bits,
    comparison,
    control,
    conversion,
    copies,
    integers,
    movement,
    tensor,
    warp,
)
from .building import UnknownError, build
from .control import END
from .copies import Copies

__all__ = ["END", "Copies", "UnknownError", "build"]

# Their builders enter themselves into the table.
_ENTERED = (
    *(arithmetic, bits, comparison, control, conversion, copies),
    *(integers, movement, tensor, warp),
)
