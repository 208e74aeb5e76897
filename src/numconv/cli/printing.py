"""How results are printed: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, TextIO

import click

from ..core.units import seconds as seconds
from ..core.units import three


def as_json(value: Any) -> None:
    """Print `value` as one JSON object on stdout; what is not finite becomes null."""
    click.echo(json.dumps(_plain(value), indent=2, allow_nan=False))


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


def pairs(rows: Iterable[tuple[str, str]], title: str = "") -> None:
    """Print names and values in two columns."""
    rows = list(rows)
    if is_terminal(sys.stdout):
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(name, Text(value))
        _console_print(title, grid)
        return
    if title:
        click.echo(title)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}".rstrip())


def table(header: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> None:
    """Print rows under a header; aligned plain text where stdout is no terminal."""
    rows = [list(row) for row in rows]
    if is_terminal(sys.stdout):
        from rich.box import SIMPLE_HEAD
        from rich.table import Table
        from rich.text import Text

        grid = Table(box=SIMPLE_HEAD, header_style="bold cyan", pad_edge=False)
        for name in header:
            grid.add_column(name, overflow="fold")
        for row in rows:
            grid.add_row(*(Text(cell) for cell in row))
        _console_print(title, grid)
        return
    if title:
        click.echo(title)
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in (header, *rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a person reads `stream`, which is None where it is closed."""
    return stream is not None and stream.isatty()


def _console_print(title: str, grid: Any) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if title:
        console.print(f"[bold]{title}[/bold]")
    console.print(grid)


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
