"""Help that fits the terminal: words stay whole, options below each other, examples to copy."""

from __future__ import annotations

from collections.abc import Iterable
from shutil import get_terminal_size
from typing import Any

import click

from . import lines

_WIDEST, _NARROW = 98, 60
_BESIDE = 12  # columns of a term that has its text beside it, however narrow the terminal is
_UNWRAPPED = "\b"  # the line before a paragraph that keeps its lines, as click has it


class Formatter(click.HelpFormatter):
    """Wraps at words alone; a term has its text below it where there is no room beside it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.width = min(max(get_terminal_size().columns, lines.LEAST), _WIDEST)

    def write_text(self, text: str) -> None:
        for number, paragraph in enumerate(text.strip("\n").split("\n\n")):
            if number:
                self.write("\n")
            self._write_paragraph(paragraph.splitlines())

    def _write_paragraph(self, paragraph: list[str]) -> None:
        room = self.width - self.current_indent
        if paragraph[:1] == [_UNWRAPPED]:
            made = [line for each in paragraph[1:] for line in lines.command(each, room)]
        else:
            made = lines.wrapped(" ".join(map(str.strip, paragraph)), room)
        self._write_lines(made)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        room = self.width - self.current_indent
        longest = max((lines.cells(term) for term, _ in rows), default=0)
        most = _BESIDE if self.width < _NARROW and longest > _BESIDE else col_max
        beside = min(longest, most) + col_spacing
        if most == _BESIDE:
            beside = 2 * col_spacing
        for term, text in rows:
            head = lines.wrapped(term, room, 2 * col_spacing)
            body = lines.wrapped(" ".join(text.split("\n")), room - beside)
            if lines.cells(head[-1]) + col_spacing <= beside and len(head) == 1:
                head = [head[0].ljust(beside) + body[0]]
                body = body[1:]
            self._write_lines([*head, *(" " * beside + line for line in body if line)])

    def _write_lines(self, made: Iterable[str]) -> None:
        for line in made:
            self.write((" " * self.current_indent + line).rstrip() + "\n")


class Context(click.Context):
    """The context of a command whose help is written so."""

    formatter_class = Formatter
