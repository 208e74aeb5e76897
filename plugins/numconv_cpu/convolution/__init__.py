"""Convolutions on register tiles, in both directions. Importing this does not import Numba."""

from __future__ import annotations

from .direct import Direct

ALGORITHMS = (Direct(),)
