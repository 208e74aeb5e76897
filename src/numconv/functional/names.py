"""Names that other libraries have for arguments."""

from __future__ import annotations

from typing import Any

from ..core.errors import ArgumentTypeError


def named_input(x: Any, input: Any) -> Any:
    """Return `input`, which PyTorch calls `x`; raise if both were given."""
    if x is not None:
        raise ArgumentTypeError("input", input, "x or input, of which one is the other")
    return input
