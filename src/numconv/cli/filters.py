"""`numconv filters`: the named image kernels that `numconv run --weight` takes."""

from __future__ import annotations

import click

from .. import filters
from . import printing
from .options import JSON


@click.command("filters")
@click.argument("name", required=False)
@click.option("--size", type=click.IntRange(min=1), help="Rows and columns, where it has a choice.")
@JSON
def command(name: str | None, size: int | None, as_json: bool) -> None:
    """List the named image kernels, or print the weights of one.

    They are written for cross-correlation: on the picture as printed, x right and y down.
    """
    if name is not None:
        weights = filters.kernel(name, size)
        if as_json:
            formula = filters.formula(name)
            printing.as_json({"name": name, "formula": formula, "weights": weights})
            return
        click.echo(f"{name}: {filters.formula(name)}")
        for row in weights:
            click.echo(" ".join(f"{weight:8.4g}" for weight in row))
        return
    if size is not None:
        raise click.UsageError("--size needs the name of a kernel")
    listed = [(each, filters.kernel(each).shape, filters.formula(each)) for each in filters.names()]
    if as_json:
        entries = [{"name": each, "shape": list(s), "formula": f} for each, s, f in listed]
        printing.as_json({"filters": entries})
        return
    rows = [(each, printing.shape(s), f) for each, s, f in listed]
    printing.table(("kernel", "shape", "formula"), rows)
