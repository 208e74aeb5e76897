"""The roofline: what each layer reaches, under what the machine was measured to give."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from statistics import median
from typing import Any

from .process import KERNEL
from .report import LayerReport, Report
from .tables import MEANINGS, gflops

# The palette of Okabe and Ito, which the colour-blind can tell apart.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v")
GREY = "#444444"
_LABEL_POINTS = 7.5
_PLACES = ((6, 4, "left"), (-6, 4, "right"), (6, -10, "left"), (-6, -10, "right"))


def draw(axes: Any, report: Report) -> None:
    """Draw one marker for each layer and contestant, and the measured roofs above them."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    column = KERNEL if KERNEL in report.columns else report.columns[0]
    layers = [each for each in report.layers if each.flops and each.min_bytes]
    drawn: list[tuple[float, float]] = []
    names: list[tuple[float, float, str]] = []
    for index, name in enumerate(report.contestants):
        points = _points(layers, column, name)
        drawn += [(x, y) for x, y, _ in points]
        names += points if index == 0 else []
        axes.scatter(
            [x for x, _, _ in points],
            [y for _, y, _ in points],
            s=52 if index == 0 else 40,
            marker=MARKERS[index % len(MARKERS)],
            facecolor=COLOURS[index % len(COLOURS)] if index == 0 else "none",
            edgecolor=COLOURS[index % len(COLOURS)],
            linewidth=1.6,
            label=name,
            zorder=3 - 0.1 * index,
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    _limits(axes, report, drawn)
    taken = _roofs(axes, report)
    if drawn:
        _label(axes, names, drawn, taken)
        axes.legend(loc="lower right", framealpha=0.9)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(True, which="both", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("arithmetic intensity: operations per byte that must move, FLOP/byte")
    axes.set_ylabel("GFLOP/s, median of the rounds")
    axes.set_title(
        f"Roofline, column {column} ({MEANINGS[column]}). Operands that stay in the caches "
        "may rise above the memory line.",
        fontsize=10,
        loc="left",
    )


def _points(
    layers: Sequence[LayerReport], column: str, name: str
) -> list[tuple[float, float, str]]:
    found = []
    for layer in layers:
        measured = layer.measurement(column, name)
        if measured is not None and measured.valid:
            rate = gflops(layer, median(measured.seconds))
            found.append((layer.flops / layer.min_bytes, rate, layer.layer.name))
    return found


def _limits(axes: Any, report: Report, drawn: Sequence[tuple[float, float]]) -> None:
    xs, ys = [x for x, _ in drawn] or [1.0], [y for _, y in drawn] or [1.0]
    peaks = [roof["flops"] * 1e-9 for roof in report.roofs.values()]
    ridges = [roof["flops"] / roof["bytes_per_second"] for roof in report.roofs.values()]
    axes.set_xlim(min([*xs, *ridges]) / 2, max([*xs, *ridges]) * 3)
    axes.set_ylim(min(ys) / 2, max([*ys, *peaks]) * 1.8)


def _roofs(axes: Any, report: Report) -> list[Any]:
    """Draw the roof of each dtype; return the boxes of what was written."""
    taken = []
    left, right = axes.get_xlim()
    low, _ = axes.get_ylim()
    # Memory is one and the same for every dtype.
    memory = max((roof["bytes_per_second"] for roof in report.roofs.values()), default=1.0) * 1e-9
    for style, (dtype, roof) in zip(("-", "--", "-.", ":") * 4, report.roofs.items(), strict=False):
        peak = roof["flops"] * 1e-9
        ridge = peak / memory
        start = max(left, low / memory)
        axes.plot([start, ridge, right], [start * memory, peak, peak], style, color=GREY, lw=1.6)
        words = f"peak, {dtype}: {peak:.0f} GFLOP/s"
        written = [
            axes.annotate(
                words, (right, peak), (-6, 4), textcoords="offset points", ha="right", color=GREY
            )
        ]
        if style == "-":
            middle = (start * ridge) ** 0.5
            ends = axes.transData.transform([(start, start * memory), (ridge, peak)])
            angle = degrees(atan2(ends[1][1] - ends[0][1], ends[1][0] - ends[0][0]))
            written.append(
                axes.annotate(
                    f"memory: {memory:.0f} GB/s",
                    (middle, middle * memory),
                    (0, 5),
                    textcoords="offset points",
                    rotation=angle,
                    rotation_mode="anchor",
                    ha="center",
                    color=GREY,
                )
            )
        taken += written
    return _boxes(axes, taken)


def _boxes(axes: Any, texts: Sequence[Any]) -> list[Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(axes.figure)
    return [text.get_window_extent(canvas.get_renderer()) for text in texts]


def _label(
    axes: Any,
    names: Sequence[tuple[float, float, str]],
    drawn: Sequence[tuple[float, float]],
    taken: list[Any],
) -> None:
    """Write the layers' names where they cover neither each other nor a marker."""
    from matplotlib.transforms import Bbox

    room = axes.get_window_extent()
    taken = list(taken)
    for x, y in axes.transData.transform(drawn):
        taken.append(Bbox.from_extents(x - 5, y - 5, x + 5, y + 5))
    for x, y, name in names:
        for right, up, side in _PLACES:
            text = axes.annotate(
                name,
                (x, y),
                (right, up),
                textcoords="offset points",
                ha=side,
                fontsize=_LABEL_POINTS,
                color="#222222",
            )
            box = _boxes(axes, [text])[0]
            inside = room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0
            if inside and box.y1 <= room.y1 and not any(box.overlaps(each) for each in taken):
                taken.append(box)
                break
            text.remove()
