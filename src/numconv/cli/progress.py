"""A bar on stderr for commands that do one thing after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """Give a function to call before each of `total` steps, with the step's name.

    The bar is drawn then and at no other time, so that it disturbs nothing that is measured.
    Where stderr is no terminal there is none.
    """
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        *(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        TextColumn("{task.description}", markup=False),
    )
    bar = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    with bar:
        task = bar.add_task("", total=total, completed=-1)

        def begin(name: str) -> None:
            bar.update(task, advance=1, description=name)
            bar.refresh()

        yield begin
