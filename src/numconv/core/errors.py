"""What numconv raises and warns: one class for each thing a caller can act on."""

from __future__ import annotations


class NumconvError(Exception):
    """Base of every error that numconv raises on purpose."""


class ArgumentError(NumconvError, ValueError):
    """An argument has a value that the call cannot be made with.

    Parameters
    ----------
    argument : str
        Name of the argument, as the caller wrote it.
    value : object
        What was given.
    expected : str
        What would have been accepted.
    """

    def __init__(self, argument: str, value: object, expected: str) -> None:
        self.argument, self.value, self.expected = argument, value, expected
        super().__init__(f"{argument}={value!r}: expected {expected}")

    def __reduce__(self) -> tuple[type, tuple[str, object, str]]:
        return type(self), (self.argument, self.value, self.expected)


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument has a type or dtype that the call cannot be made with."""


class BackendError(NumconvError, RuntimeError):
    """A backend is unknown, cannot be used here, or broke its contract."""


class RefusedError(NumconvError, RuntimeError):
    """The backend or algorithm asked for by name refuses this problem."""


class PerformanceWarning(UserWarning):
    """The call is right but takes a much slower road than it need."""
