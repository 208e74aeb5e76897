"""What is raised where SciPy raises something other than a ValueError or TypeError: both kinds."""

from __future__ import annotations

from numpy.exceptions import AxisError

from ..core.errors import ArgumentError, ArgumentTypeError


class UnsupportedError(ArgumentError, RuntimeError):
    """An argument that SciPy refuses with a RuntimeError."""


class NoNumbersError(UnsupportedError, ArgumentTypeError):
    """Samples or a dtype that are no numbers."""


class NoAxisError(ArgumentError, AxisError):
    """An axis that the array does not have."""


class NoWidthError(ArgumentError, ZeroDivisionError):
    """A Gaussian of no width."""


class TooLargeError(ArgumentError, OverflowError):
    """A number or a window without an end."""


class NoLineError(UnsupportedError, IndexError):
    """Weights that are no line."""
