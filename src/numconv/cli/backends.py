"""`numconv backends`: where problems can be solved here, and what is missing where not."""

from __future__ import annotations

import click

from ..core import plugins
from . import printing
from .options import JSON


@click.command("backends")
@JSON
def command(as_json: bool) -> None:
    """List the backends, the highest priority first, and the plugins that were set aside."""
    backends = [(each, plugins.status(each)) for each in plugins.backends().values()]
    if as_json:
        printing.as_json(
            {
                "backends": [
                    {
                        "name": each.name,
                        "device": each.device,
                        "priority": each.priority,
                        "status": status.state,
                        "reason": status.reason,
                        "remedy": status.remedy,
                    }
                    for each, status in backends
                ],
                "faults": [
                    {"plugin": fault.plugin, "error": fault.error} for fault in plugins.faults()
                ],
            }
        )
        return
    rows = [(each.name, each.device, str(each.priority), status.state) for each, status in backends]
    printing.table(("backend", "device", "priority", "status"), rows)
    for each, status in backends:
        if status.reason or status.remedy:
            advice = "; ".join(filter(None, (status.reason, status.remedy)))
            click.echo(f"{each.name}: {advice}")
    for fault in plugins.faults():
        click.echo(f"set aside: plugin {fault.plugin}: {fault.error}")
