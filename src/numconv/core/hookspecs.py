"""The hooks through which everything that computes comes in, the bundled parts included.

A distribution registers a module under the entry-point group ``numconv``; the module
implements any of these, marked with `hookimpl`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from .protocol import Backend, Operator

PROJECT = "numconv"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def numconv_backends() -> Sequence[Backend]:  # type: ignore[empty-body]
    """Return the backends this plugin brings."""


@hookspec
def numconv_operators() -> Sequence[Operator]:  # type: ignore[empty-body]
    """Return the operators this plugin brings."""


@hookspec
def numconv_commands(cli: Any) -> None:
    """Add commands to `cli`, a `click.Group`."""
