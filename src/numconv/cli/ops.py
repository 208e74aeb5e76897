"""`numconv ops`: which operators there are."""

from __future__ import annotations

import click

from ..core import plugins
from . import printing
from .options import JSON


@click.command("ops")
@JSON
def command(as_json: bool) -> None:
    """List the operators, those of plugins included.

    `numconv run --op NAME` runs one, `numconv explain NAME` says how.
    """
    operators = sorted(plugins.operators().values(), key=lambda each: each.name)
    if as_json:
        printing.as_json(
            {
                "operators": [
                    {"name": each.name, "summary": each.summary, "operands": list(each.operands)}
                    for each in operators
                ]
            }
        )
        return
    rows = [(each.name, ", ".join(each.operands), each.summary) for each in operators]
    printing.table(("operator", "operands", "summary"), rows)
