"""A bar on stderr for commands that do one thing after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from .printing import is_terminal, printable

_WIDE = 80

Advance = Callable[[int, int, str], None]


@contextmanager
def bar(first: str) -> Iterator[Advance]:
    """Give a function to call with how much is done, of how much, and what comes next.

    The bar is drawn then and at no other time, so that it disturbs nothing that is measured.
    Where stderr is no terminal there is none.
    """
    if not is_terminal(sys.stderr):
        yield lambda done, total, name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    console = Console(stderr=True)
    whole, cut = Column(no_wrap=True), Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        *(BarColumn(),) * (console.width >= _WIDE),
        *(MofNCompleteColumn(table_column=whole), TimeElapsedColumn(table_column=whole)),
        TextColumn("{task.description}", markup=False, table_column=cut),
    )
    with Progress(
        *columns, console=console, auto_refresh=False, transient=True, expand=True
    ) as drawn:
        task = drawn.add_task(first, total=None)
        drawn.refresh()

        def advance(done: int, total: int, name: str) -> None:
            drawn.update(task, completed=done, total=total, description=printable(name))
            drawn.refresh()

        yield advance


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """Give a function to call before each of `total` steps, with the step's name."""
    numbers = count()
    with bar("") as advance:
        yield lambda name: advance(next(numbers), total, name)
