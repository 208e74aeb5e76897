"""Text in a number of columns: wrapped at words, in tables that fit, or in lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

GAP = 2
LEAST = 20  # columns, below which nothing is made to fit
_ROOM = 16  # columns that a value has at least beside its name, else it stands below it
_ENDS = re.compile(r"(?<=[/\\|,;=+_.:)-])(?=\w)")  # where a word that fits no line is broken
_SPACES = re.compile(r" +(?!(?<=\d )(?:[mµn]?s|[kMGT]?B|GFLOP/s)\b)")  # not before a unit
_WORDS = re.compile(r"(?:-\S+ +(?=[^ -]))?(?:'[^']*'|\S)+")  # an option keeps its value


def cells(text: str) -> int:
    """Return how many columns of a terminal `text` takes.

    >>> from numconv.cli.lines import cells
    >>> cells("kernel"), cells("畳み込み")
    (6, 8)
    """
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: str, width: int | None, hang: int = 0) -> list[str]:
    """Break `text` at its spaces into lines of at most `width` columns, or leave it as it is.

    Lines after the first begin with `hang` spaces. A word that fits no line is broken, after a
    slash or the like where it has one.

    >>> from numconv.cli.lines import wrapped
    >>> wrapped("the quick brown fox", 10, 2)
    ['the quick', '  brown', '  fox']
    >>> wrapped("in /home/somebody/pictures", 12)
    ['in', '/home/', 'somebody/', 'pictures']
    """
    if width is None or cells(text) <= width:
        return [text]
    indent = len(text) - len(text.lstrip(" "))
    lines, line, empty = [], " " * indent, True
    for word in _SPACES.split(text.strip(" ")):
        if not empty and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line, empty = " " * (indent + hang), True
        *pieces, rest = _pieces(word, width - cells(line)) if empty else [word]
        for piece in pieces:
            lines.append(line + piece)
            line = " " * (indent + hang)
        line, empty = line + ("" if empty else " ") + rest, False
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    """Return `word` in pieces of at most `width` columns, as long as can be."""
    pieces: list[str] = []
    piece = ""
    for part in _ENDS.split(word):
        if piece and cells(piece + part) > width:
            pieces.append(piece)
            piece = ""
        piece += part
        while cells(piece) > width:
            end = next(n for n in range(len(piece), 0, -1) if n == 1 or cells(piece[:n]) <= width)
            pieces.append(piece[:end])
            piece = piece[end:]
    return [*pieces, piece]


def command(text: str, width: int | None) -> list[str]:
    """Break a command line as a shell takes it: before a word, behind a backslash.

    A word that fits no line stays whole, for whoever copies it.

    >>> from numconv.cli.lines import command
    >>> command("  numconv run photo.jpg --weight gaussian", 26)
    ['  numconv run photo.jpg \\\\', '      --weight gaussian']
    """
    if width is None or cells(text) <= width:
        return [text]
    indent = " " * (len(text) - len(text.lstrip(" ")))
    made = [indent]
    for word in _WORDS.findall(text):
        if made[-1].strip() and cells(made[-1]) + 1 + cells(word) > width - 2:
            made[-1] += " \\"
            made.append(indent + "    " + word)
        else:
            made[-1] += (" " if made[-1].strip() else "") + word
    return made


def _longest(text: str) -> int:
    return max(map(cells, _SPACES.split(text)))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def pairs(rows: Sequence[tuple[str, str]], width: int | None) -> list[tuple[str, str]]:
    """Return the lines of names and values in two columns, each in two parts: name and value.

    Where there is no room for a value beside its name, it stands below.
    """
    beside = max((cells(name) for name, _ in rows), default=0) + GAP
    lines: list[tuple[str, str]] = []
    for name, value in rows:
        if width is not None and _stands_below(value, width - beside, width):
            lines.append((name, ""))
            lines += [("", " " * GAP + line) for line in wrapped(value, width - GAP)]
        else:
            first, *more = wrapped(value, None if width is None else width - beside)
            lines.append((_padded(name, beside), first))
            lines += [("", " " * beside + line) for line in more]
    return lines


def _stands_below(value: str, room: int, width: int) -> bool:
    longest = _longest(value)
    return (room < _ROOM and cells(value) > room) or room < longest <= width - GAP


def table(rows: Sequence[Sequence[str]], width: int | None) -> list[list[str]] | None:
    """Return the lines of each row, in columns, or None where a list of pairs is better.

    Cells are wrapped where the columns do not fit otherwise, but no word is broken. A list is
    better where words do not fit, or it takes fewer lines.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cells, column)) for column in columns]
    if width is not None:
        least = [max(map(_longest, column)) for column in columns]
        gaps = GAP * (len(columns) - 1)
        if sum(least) + gaps > width:
            return None
        while sum(widths) + gaps > width:
            widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i]) * widths[i])
            widths[widest] -= 1
    made = [_row(row, widths) for row in rows]
    listed = sum(1 + sum(map(bool, row)) for row in rows[1:])
    return None if sum(map(len, made)) > max(listed, len(rows)) else made


def _row(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    parts = [wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for number in range(max(map(len, parts))):
        texts = (part[number] if number < len(part) else "" for part in parts)
        lines.append((" " * GAP).join(map(_padded, texts, widths)).rstrip())
    return lines


def listed(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[list[tuple[str, str]]]:
    """Return each row as names and values, without those that are empty."""
    return [[(name, cell) for name, cell in zip(header, row, strict=True) if cell] for row in rows]
