"""Problems as text, so that a command line can name one, and back."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from operator import index
from typing import Any

from ..core.errors import ArgumentError
from ..core.problems import Epilogue
from .catalogue import problem_types


def to_text(problem: Any) -> str:
    """Return a problem as JSON: its type's name, and each field that is not at its default."""
    return json.dumps({"type": type(problem).__name__, **_fields(problem)})


def _fields(value: Any) -> dict[str, Any]:
    given = {}
    for each in fields(value):
        held = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if held != default:
            given[each.name] = _fields(held) if isinstance(held, Epilogue) else held
    return given


def from_text(text: str) -> Any:
    """Return the problem that `to_text` gave this text for.

    Raises
    ------
    ArgumentError
        If the text describes no problem of a known type.
    """
    types = problem_types()
    try:
        given = json.loads(text)
        kind = types[given.pop("type")]
    except (ValueError, KeyError, TypeError, AttributeError):
        expected = 'JSON such as {"type": "ConvolutionProblem", ...} with a type of '
        raise ArgumentError("problem", text, expected + ", ".join(sorted(types))) from None
    whole = [each.name for each in fields(kind) if each.type == "int"]
    try:
        for name in set(whole) & set(given):
            given[name] = index(given[name])
        if isinstance(given.get("epilogue"), dict):
            given["epilogue"] = Epilogue(**given["epilogue"])
        return kind(**{name: _tuples(value) for name, value in given.items()})
    except TypeError as error:
        raise ArgumentError("problem", text, f"the fields of {kind.__name__} ({error})") from None


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
