"""The commands that plugins bring, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import click

from ..core import plugins
from ..core.plugins import Fault


def brought(own: Collection[str]) -> tuple[dict[str, click.Command], list[Fault]]:
    """Return the commands of plugins by name, and the faults of those that were set aside.

    Each plugin adds to a group of its own, so that what it brings is known to be its. A name of
    numconv's `own` commands stays numconv's; one that two plugins bring is nobody's.
    """
    faults: list[Fault] = []
    claims: dict[str, dict[str, Any]] = {}
    registry = plugins.registry()
    for each in plugins.implementations(registry, "numconv_commands"):
        group = click.Group()
        wrong: list[Fault] = []
        answered = plugins.ask(registry, "numconv_commands", each, wrong, cli=group)
        faults += [replace(fault, error=f"its commands: {fault.error}") for fault in wrong]
        if not answered:
            continue
        for name, command in group.commands.items():
            claims.setdefault(name, {})[each.plugin_name] = command
    kept: dict[str, click.Command] = {}
    for name, by_plugin in claims.items():
        for plugin, command in by_plugin.items():
            others = [each for each in by_plugin if each != plugin]
            if name in own:
                faults.append(Fault(plugin, f"command {name!r} is numconv's own"))
            elif others:
                text = f"command {name!r} is also brought by {', '.join(others)}"
                faults.append(Fault(plugin, text))
            else:
                kept[name] = command
    return kept, faults
