"""Prints the tables of `docs/performance.md` from the reports in a folder, by default this one.

python docs/bench/tables.py [FOLDER]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from statistics import geometric_mean
from typing import Any

NETWORKS = ("resnet50", "vgg16", "alexnet", "shufflenet", "resnext50", "mobilenet", "unet")
OTHERS = ("rednet", "transposed", "signal1d", "volume3d", "involution", "tiny")
LEAST = 0.95


def kinds(layer: dict[str, Any]) -> Iterator[str]:
    """Return the classes a layer counts in: several, if it is strided and grouped, say."""
    function, parameters = layer["function"], layer["parameters"]
    if function.startswith("involution"):
        yield "involution"
        return
    if function.startswith("conv_transpose"):
        yield "transposed"
        return
    weight = layer["operands"][1]
    kernel, groups = weight[2:], parameters.get("groups", 1)
    stride, dilation = parameters.get("stride", 1), parameters.get("dilation", 1)
    depthwise = groups > 1 and weight[1] == 1
    if depthwise:
        yield "depthwise"
    elif groups > 1:
        yield "grouped"
    if len(kernel) == 1:
        yield "1D"
    if len(kernel) == 3:
        yield "3D"
    if stride not in (1, [1] * len(kernel)):
        yield "strided, dense" if groups == 1 else "strided, grouped or depthwise"
    elif dilation not in (1, [1] * len(kernel)):
        yield "dilated"
    elif kernel == [3, 3] and not depthwise:
        yield "3x3, stride 1"
    elif prod(kernel) == 1:
        yield "1x1"


def entries(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return the suite, the layer and the ratios by column, of every layer that was measured."""
    for suite in (*NETWORKS, *OTHERS):
        path = folder / f"{suite}.json"
        if not path.exists():
            continue
        report = json.loads(path.read_text())
        for entry in report["layers"]:
            key = f"{suite}/{entry['layer']['name']}"
            columns = {each["column"]: each["layers"].get(key) for each in report["summary"]}
            if all(columns.values()):
                yield suite, entry["layer"], columns


def ratios(columns: Iterable[dict[str, Any]], column: str) -> tuple[list[float], list[float]]:
    """Return the medians of the rounds and the ratios of the minima."""
    chosen = [each[column] for each in columns]
    return [each["rounds"]["median"] for each in chosen], [each["minima"] for each in chosen]


def row(name: str, columns: list[dict[str, Any]]) -> str:
    """Return a row of a table: geometric means by column, medians and minima, and losses."""
    cells = [name, str(len(columns))]
    for column in ("user", "kernel"):
        medians, minima = ratios(columns, column)
        below = sum(ratio < LEAST for ratio in medians)
        cells += [f"{geometric_mean(medians):.2f} / {geometric_mean(minima):.2f}", str(below)]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print a table of suites, one of classes, and the layers below the least ratio."""
    head = "| {} | layers | user | below 0.95 | kernel | below 0.95 |\n|---|---|---|---|---|---|"
    measured = list(entries(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent))
    print(head.format("suite"))
    for suite in dict.fromkeys(name for name, _, _ in measured):
        print(row(suite, [columns for name, _, columns in measured if name == suite]))
    networks = [columns for name, _, columns in measured if name in NETWORKS]
    print(row("networks together", networks), end="\n\n")
    print(head.format("class"))
    classes: dict[str, list[dict[str, Any]]] = {}
    for _, layer, columns in measured:
        for kind in kinds(layer):
            classes.setdefault(kind, []).append(columns)
    for kind, columns_of_kind in sorted(classes.items()):
        print(row(kind, columns_of_kind))
    print("\n| layer | user | kernel |\n|---|---|---|")
    for suite, layer, columns in measured:
        user, kernel = (columns[name]["rounds"]["median"] for name in ("user", "kernel"))
        if min(user, kernel) < LEAST:
            print(f"| {suite}: {layer['name']} | {user:.2f} | {kernel:.2f} |")


if __name__ == "__main__":
    main()
