"""What the shell offers behind options: names that there are, and files.

Switched on by ``eval "$(_NUMCONV_COMPLETE=bash_source numconv)"``, or ``zsh_source``,
``fish_source``.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def operators(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the operators whose names begin so."""
    from ..core import plugins

    return _beginning(incomplete, plugins.operators())


def backends(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the backends whose names begin so."""
    from ..core import plugins

    return _beginning(incomplete, ("auto", *plugins.backends()))


def suites(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the suites whose names begin so, and files."""
    from ..benchmarking import suites as known

    return [*_beginning(incomplete, known.names()), *_files(incomplete)]


def kernels(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the named kernels and windows that begin so, and files."""
    from .. import filters

    names = dict.fromkeys((*filters.names(), *filters.window_names()))
    return [*_beginning(incomplete, names), *_files(incomplete)]


def paths(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Have the shell offer files."""
    return _files(incomplete)


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _files(incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]
