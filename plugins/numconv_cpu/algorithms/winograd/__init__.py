"""`winograd`: 3x3 convolutions by Winograd's minimal filtering. Importing it imports no Numba."""

from __future__ import annotations

from .algorithm import Winograd

__all__ = ["Winograd"]
