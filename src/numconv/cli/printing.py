"""How results are printed: tables for people, one JSON object for programs."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, TextIO

import click

from ..core.errors import printable as printable
from ..core.units import seconds as seconds
from ..core.units import three
from . import lines
from .canvas import plain

_PLAINLY = "numconv.plainly"
_COLUMNS = 80  # of a terminal that does not tell


def as_json(value: Any) -> None:
    """Print `value` as one JSON object on stdout; what is not finite becomes null."""
    _write(json.dumps(_plain(value), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def say(text: str = "", hang: int = 2, err: bool = False) -> None:
    """Print a line, in as many as the terminal needs; what would act upon it is escaped.

    Lines after the first begin with `hang` spaces.
    """
    stream = sys.stderr if err else sys.stdout
    for line in lines.wrapped(printable(text), columns(stream), hang):
        _write(line, stream)


def command(label: str, text: str) -> None:
    """Print a command line behind a label, so that it can be copied."""
    for line in lines.command(label + printable(text), columns(sys.stdout)):
        _write(line)


def pairs(rows: Iterable[tuple[str, str]], title: str = "") -> None:
    """Print names and values in two columns."""
    if title:
        _echo(title, bold=True)
    shown = [(printable(name), printable(value)) for name, value in rows]
    for name, value in lines.pairs(shown, columns(sys.stdout)):
        _write((_styled(name, fg="cyan") + value).rstrip())


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str = "",
    marked: Collection[int] = (),
) -> None:
    """Print rows under a header, those whose numbers are `marked` in red.

    On a terminal too narrow for the columns each row is printed as names and values.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    if title:
        _echo(title, bold=True)
    parts = lines.table([header, *shown], columns(sys.stdout))
    for number, named in enumerate(lines.listed(header, shown) if parts is None else ()):
        if number:
            _write("")
        pairs(named)
    for number, part in enumerate(parts or ()):
        style: dict[str, Any] = {"fg": "red", "bold": True} if number - 1 in marked else {}
        for line in part:
            _write(_styled(line, **(style if number else {"fg": "cyan", "bold": True})))


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads `stream`, which is None where it is closed."""
    return stream is not None and stream.isatty()


def columns(stream: TextIO | None) -> int | None:
    """Return how many columns a line on `stream` may have, or None where nobody says.

    The variable COLUMNS says so, or the terminal.
    """
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return max(int(said), lines.LEAST)
    if stream is None or not is_terminal(stream):
        return None
    try:
        return max(os.get_terminal_size(stream.fileno()).columns or _COLUMNS, lines.LEAST)
    except (OSError, ValueError):
        return _COLUMNS


def forgive() -> None:
    """Let what stdout and stderr cannot encode be written in plain letters, or as an escape."""
    codecs.register_error(_PLAINLY, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAINLY)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    texts = map(plain, error.object[error.start : error.end])
    return "".join(t if t.isascii() else ascii(t)[1:-1] for t in texts), error.end


def _write(line: str, stream: TextIO | None = None) -> None:
    # Not to the stream that click would choose: it writes UTF-8 where the encoding is ASCII.
    click.echo(line, file=sys.stdout if stream is None else stream)


def _echo(title: str, **style: Any) -> None:
    for line in lines.wrapped(printable(title), columns(sys.stdout), 2):
        _write(_styled(line, **style))


def _styled(text: str, **style: Any) -> str:
    """Return `text` in colour where a person looks who has not asked for none (no-color.org)."""
    coloured = text and is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")
    return click.style(text, **style) if coloured and style else text


def count(value: float, unit: str = "") -> str:
    """Return a number with three digits and a decimal prefix.

    >>> count(115_605_504), count(42), count(2_500_000, "B")
    ('116 M', '42', '2.50 MB')
    """
    for prefix, factor in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= factor:
            return f"{three(value / factor)} {prefix}{unit}"
    number = str(int(value)) if value == int(value) else three(value)
    return f"{number} {unit}".rstrip()


def shape(value: Sequence[int]) -> str:
    """Return a shape as it can be typed: 1x64x56x56."""
    return "x".join(map(str, value)) or "scalar"


def word(value: Any) -> str:
    """Return a parameter in few letters: a shape as 3x3, an array by its shape.

    >>> word((3, 3)), word("same"), word(((0, 1), (2, 2)))
    ('3x3', 'same', '0:1,2:2')
    """
    if hasattr(value, "shape"):
        return f"array {shape(value.shape)}"
    if isinstance(value, (tuple, list)) and value:
        if all(isinstance(item, int) for item in value):
            return shape(value)
        if all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return ",".join(":".join(map(word, item)) for item in value)
        return ", ".join(map(word, value))
    return str(value)
