"""The commands that plugins bring, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection
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
    for hook in plugins.registry().manager.hook.numconv_commands.get_hookimpls():
        group = click.Group()
        # A plugin is a stranger's code: whatever it raises must not take the others down.
        try:
            hook.function(group)
        except (Exception, SystemExit) as error:
            faults.append(Fault(hook.plugin_name, f"its commands: {plugins.describe(error)}"))
            continue
        for name, command in group.commands.items():
            claims.setdefault(name, {})[hook.plugin_name] = command
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
