"""Names that other libraries have for arguments."""

from __future__ import annotations

from ..core.errors import ArgumentTypeError
from ..core.signatures import Kind, Plain


def named_input(x: Plain | Kind | None, input: Plain | Kind) -> Plain | Kind:
    """Return `input`, which PyTorch calls `x`; raise if both were given."""
    if x is not None:
        raise ArgumentTypeError("input", input, "x or input, of which one is the other")
    return input
