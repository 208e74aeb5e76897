"""What is raised where SciPy raises something other than a ValueError or TypeError: both kinds."""

from __future__ import annotations

from numpy.exceptions import AxisError

from ..core.errors import ArgumentError


class UnsupportedError(ArgumentError, RuntimeError):
    """An argument that SciPy refuses with a RuntimeError."""


class NoAxisError(ArgumentError, AxisError):
    """An axis that the array does not have."""


class NoWidthError(ArgumentError, ZeroDivisionError):
    """A Gaussian of no width."""
