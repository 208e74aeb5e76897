"""Ratio bars: how many times faster than a peer each layer is, losses in another colour."""

from __future__ import annotations

from typing import Any

from .process import KERNEL
from .ratios import Ratio
from .report import LayerReport, Report
from .tables import MEANINGS, layer_name

# From the palette of Okabe and Ito; a hatch tells the columns apart where colours don't.
FASTER = {KERNEL: "#0072B2"}
SLOWER = {KERNEL: "#D55E00"}
FASTER_USER, SLOWER_USER = "#A9CFE8", "#F4B183"
_TICKS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7),
    *(1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100, 200, 500),
)


def layers_of(report: Report, peer: str) -> list[LayerReport]:
    """Return the layers that have a ratio in some column."""
    return [
        each
        for each in report.layers
        if any(each.ratio(column, report.subject, peer) for column in report.columns)
    ]


def draw(axes: Any, report: Report, peer: str) -> None:
    """Draw a bar for each layer and column, from 1 to the median ratio."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    layers = layers_of(report, peer)
    thick = 0.8 / len(report.columns)
    ends = [1.0]
    handles = []
    for index, column in enumerate(report.columns):
        colours = _colours(column)
        for row, layer in enumerate(layers):
            ratio = layer.ratio(column, report.subject, peer)
            if ratio is not None:
                place = row - 0.4 + (index + 0.5) * thick
                _bar(axes, place, thick, ratio, colours, column != KERNEL)
                ends += [ratio.median, ratio.rounds.lower, ratio.rounds.upper]
        hatch = None if column == KERNEL else "////"
        for colour, word in zip(colours, ("faster", "slower: a loss"), strict=True):
            words = f"{column}, {word}"
            handles.append(Patch(facecolor=colour, edgecolor="white", hatch=hatch, label=words))
    axes.set_xscale("log")
    # Room for the numbers that stand at the bars' ends.
    left, right = min(ends) / 1.5, max(ends) * 1.5
    axes.set_xlim(left, right)
    ticks = [tick for tick in _TICKS if left <= tick <= right]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_yticks(range(len(layers)), [layer_name(report, each) for each in layers], fontsize=9)
    axes.axvline(1.0, color="black", linewidth=1.2)
    axes.grid(True, axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(
        f"time of {peer} / time of {report.subject}: median of the rounds, whiskers are quartiles; "
        f"right of 1 {report.subject} is faster"
    )
    axes.set_title(_title(report, peer), fontsize=10, loc="left")
    tall = axes.get_window_extent().height / axes.figure.dpi
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.5 / tall), "ncols": len(handles)}
    axes.legend(handles=handles, **below, fontsize=8, frameon=False)


def _colours(column: str) -> tuple[str, str]:
    return FASTER.get(column, FASTER_USER), SLOWER.get(column, SLOWER_USER)


def _bar(
    axes: Any, place: float, thick: float, ratio: Ratio, colours: tuple[str, str], hatched: bool
) -> None:
    spread = ratio.rounds
    axes.barh(
        place,
        spread.median - 1,
        left=1,
        height=thick * 0.92,
        color=colours[ratio.loss],
        edgecolor="white",
        linewidth=0,
        hatch="////" if hatched else None,
    )
    axes.plot([spread.lower, spread.upper], [place, place], color="#222222", linewidth=1)
    end = max(spread.upper, 1) if not ratio.loss else min(spread.lower, 1)
    axes.annotate(
        f"{spread.median:.2f}",
        (end, place),
        (-3 if ratio.loss else 3, 0),
        textcoords="offset points",
        ha="right" if ratio.loss else "left",
        va="center",
        fontsize=7.5,
        fontweight="bold" if ratio.loss else "normal",
    )


def _title(report: Report, peer: str) -> str:
    parts = [
        f"{column} ({MEANINGS[column]}) {mean:.2f}"
        for column in report.columns
        if (mean := report.geometric_mean(column, peer)) is not None
    ]
    return f"{report.subject} against {peer}; geometric mean: " + "; ".join(parts)
