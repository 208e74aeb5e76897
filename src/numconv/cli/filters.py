"""`numconv filters`: the named kernels and windows that `numconv run --weight` takes."""

from __future__ import annotations

import sys
from itertools import chain
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from .. import filters
from ..core.errors import ArgumentError
from . import completion, printing
from .options import JSON


@click.command("filters")
@click.argument("name", shell_complete=completion.kernels, required=False)
@click.option(
    "--size", type=click.IntRange(min=1), help="Taps along an axis, where it has a choice."
)
@JSON
def command(name: str | None, size: int | None, as_json: bool) -> None:
    """List the kernels for pictures and the windows for signals, or print the weights of one.

    They are written for cross-correlation: on the picture as printed, x right and y down.
    """
    if name is not None:
        _print(name, size, as_json)
        return
    if size is not None:
        raise click.UsageError("--size needs the name of a kernel")
    kernels = [(each, filters.kernel(each).shape) for each in filters.names()]
    windows = [(each, filters.window(each).shape) for each in filters.window_names()]
    if as_json:
        printing.as_json({"filters": _entries(kernels), "windows": _entries(windows)})
        return
    for header, listed in (("kernel", kernels), ("window", windows)):
        rows = [(each, printing.shape(taps), filters.formula(each)) for each, taps in listed]
        printing.table((header, "shape", "formula"), rows)


def _entries(listed: list[tuple[str, tuple[int, ...]]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "shape": list(taps), "formula": filters.formula(name)}
        for name, taps in listed
    ]


def _print(name: str, size: int | None, as_json: bool) -> None:
    """Print the kernel of this name, and the window, where there are both."""
    formula, found, refused = filters.formula(name), {}, []
    for kind, names, make in (
        ("weights", filters.names(), filters.kernel),
        ("window", filters.window_names(), filters.window),
    ):
        if name in names:
            try:
                found[kind] = make(name, size)
            except ArgumentError as error:  # the other one may well have this size
                refused.append(error)
    if not found:
        raise refused[0]
    if as_json:
        printing.as_json({"name": name, "formula": formula, **found})
        return
    printing.say(f"{name}: {formula}")
    for kind, weights in found.items():
        if len(found) > 1:
            printing.say("for pictures" if kind == "weights" else "for signals")
        _print_weights(np.atleast_2d(weights))


def _print_weights(weights: NDArray[np.float64]) -> None:
    """Print rows of weights, in parts one below the other where the terminal is too narrow."""
    texts = [[f"{weight:8.4g}" for weight in row] for row in weights]
    widest, count = max(map(len, chain.from_iterable(texts))), weights.shape[1]
    room = printing.columns(sys.stdout)
    fitting = count if room is None else max(1, (room + 1) // (widest + 1))
    for first in range(0, count, fitting):
        last = min(first + fitting, count)
        if fitting < count:
            printing.say(f"columns {first + 1} to {last} of {count}")
        for row in texts:
            printing.say(" ".join(text.rjust(widest) for text in row[first:last]))
