"""What a caller gives besides arrays, as plain values that nobody can change afterwards.

A call is recognised by its parameters. An object of the caller's may mean another number the next
time, and numbers of NumPy count in 8 bits and overflow: neither goes further than this border.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentTypeError

PLAIN = frozenset((int, str, bool, float, complex, bytes, type(None)))
"""The types, exactly these, whose values never change and compare as what they are."""

# Deeper than any parameter is nested; a list that holds itself ends here.
_MOST_LEVELS = 8


def plain(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """Return `value` as a plain one, tuples for sequences; itself where it is or has none.

    Parameters
    ----------
    value : object
        A number of any library, an object with ``__index__``, a string, or a sequence of these.
    levels : int
        Of nested sequences; what lies deeper stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv.core.parameters import plain
    >>> plain([np.int8(2), (np.array(3), "same")])
    (2, (3, 'same'))
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if (kind is tuple or kind is list) and levels > 0:
        made = tuple([e if type(e) in PLAIN else plain(e, levels - 1) for e in value])
        same = kind is tuple and all(map(operator.is_, made, value))
        return value if same else made
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.ndim else value[()]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return value if levels == 0 else plain(list(value), levels)
    try:
        return int(operator.index(value))
    except TypeError:
        return float(value) if isinstance(value, (float, np.floating)) else value


def is_plain(value: Any) -> bool:
    """Return whether `value` is plain, or a tuple of what is."""
    if type(value) is not tuple:
        return type(value) in PLAIN
    return all(map(is_plain, value))


def flag(argument: str, value: Any) -> bool:
    """Return `value` as a bool; what merely counts as true or false is refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(argument, value, "True or False")
    return bool(value)
