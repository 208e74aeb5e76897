"""What numconv raises and warns: one class for each thing a caller can act on."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches

_MOST_CHARACTERS, _MOST_ELEMENTS = 200, 8


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
        super().__init__(f"{argument}={shown(value)}: expected {printable(expected)}")

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


class PluginWarning(UserWarning):
    """A plugin's backend broke the protocol, and another one computes in its place."""


class _Brief(reprlib.Repr):
    """What `repr` says, but for what would fill a screen."""

    def __init__(self) -> None:
        super().__init__()
        self.maxtuple = self.maxlist = self.maxset = self.maxfrozenset = self.maxdict = 16
        self.maxstring = self.maxother = self.maxlong = _MOST_CHARACTERS

    def repr1(self, x: object, level: int) -> str:
        shape, dtype = getattr(x, "shape", None), getattr(x, "dtype", None)
        shape = shape if isinstance(shape, tuple) and dtype is not None else ()
        if len(shape) > 1 or shape[:1] > (_MOST_ELEMENTS,):
            return f"{type(x).__name__} of shape {tuple(shape)}, dtype {dtype}"
        return super().repr1(x, level)

    def repr_int(self, x: int, level: int) -> str:
        digits = x.bit_length() * 0.30103
        return f"a number of {digits:.0f} digits" if digits > 40 else repr(x)


_brief = _Brief()


def shown(value: object) -> str:
    """Return what `value` is, for an error's text: its ``repr``, cut where that is long."""
    try:
        return _brief.repr(value)
    except Exception:
        return f"a {type(value).__name__}"


def printable(text: str) -> str:
    """Return `text` with escapes, as `repr` writes them, for what a terminal would act upon.

    That is what is neither a letter nor a sign nor a space: control characters, line breaks, marks
    of direction, and the bytes of a file's name that are no text.

    >>> from numconv.core.errors import printable
    >>> printable("a red\\x1b[31m.png"), printable("größe.png")
    ('a red\\\\x1b[31m.png', 'größe.png')
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the end of a sentence that asks whether the closest of `known` was meant, or nothing.

    >>> from numconv.core.errors import did_you_mean
    >>> did_you_mean("involutoin", ["direct", "involution"])
    "; did you mean 'involution'?"
    """
    closest = get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {closest[0]!r}?" if closest else ""


def absent(module: str, name: str, has: str, library: str) -> AttributeError:
    """Return the error of a module that lacks `name`, which `library` may have."""
    message = f"module {module!r} has no {name!r}"
    if not name.startswith("_"):
        message += f": it has {has}; take {name} from {library}"
    return AttributeError(message, name=name)
