"""Charts of a report: the roofline above, the ratios of the layers below, on one sheet."""

from __future__ import annotations

from importlib import util
from io import StringIO
from pathlib import Path
from typing import Any

from ..core.errors import BackendError
from ..core.units import plural
from . import bars, roofline
from .report import Report
from .tables import layer_name

SUFFIXES = (".svg", ".png", ".html")
DPI = 150
WIDTH = 12.0
# Inches: of the sheet's title, of the roofline with its labels, of a layer's bars, and of what
# stands around them.
TITLE, ROOFLINE, BAR, AROUND_BARS = 0.9, 7.0, 0.42, 1.7
ABOVE, BELOW = 0.4, 0.85
RIGHT = 0.4
# Beside the charts stand the layers' names, so many inches a letter.
LEAST_LEFT, LETTER = 1.2, 0.085
_SETTINGS: Any = {"svg.fonttype": "path", "svg.hashsalt": "numconv", "font.size": 10}


def check_installed() -> None:
    """Raise if there is nothing to draw with."""
    if util.find_spec("matplotlib") is None:
        raise BackendError("charts are drawn by matplotlib: python -m pip install matplotlib")


def write(report: Report, path: Path) -> None:
    """Draw a report into a .svg, .png or .html file.

    Raises
    ------
    BackendError
        If matplotlib is not installed.
    """
    check_installed()
    if path.suffix.lower() == ".html":
        from . import page

        path.write_text(page.page(report, svg(report)), encoding="utf-8")
    elif path.suffix.lower() == ".svg":
        path.write_text(svg(report), encoding="utf-8")
    else:
        figure(report).savefig(path, dpi=DPI, format="png")


def svg(report: Report) -> str:
    """Return the sheet as an SVG document."""
    from matplotlib import rc_context

    text = StringIO()
    with rc_context(_SETTINGS):
        figure(report).savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def figure(report: Report) -> Any:
    """Return the sheet as a figure of matplotlib's."""
    from matplotlib.figure import Figure

    panels = [peer for peer in report.peers if bars.layers_of(report, peer)]
    heights = [BAR * len(bars.layers_of(report, peer)) + AROUND_BARS for peer in panels]
    height = TITLE + ROOFLINE + sum(heights)
    sheet = Figure(figsize=(WIDTH, height))
    sheet.suptitle(title(report), y=1 - 0.15 / height, va="top", fontsize=13)

    letters = [len(layer_name(report, each)) for p in panels for each in bars.layers_of(report, p)]
    left = max(LEAST_LEFT, LETTER * max(letters, default=0) + 0.3)

    def axes(top: float, tall: float) -> Any:
        bottom = (height - top - tall + BELOW) / height
        return sheet.add_axes(
            (left / WIDTH, bottom, 1 - (left + RIGHT) / WIDTH, (tall - BELOW - ABOVE) / height)
        )

    roofline.draw(axes(TITLE, ROOFLINE), report)
    top = TITLE + ROOFLINE
    for peer, tall in zip(panels, heights, strict=True):
        bars.draw(axes(top, tall), report, peer)
        top += tall
    return sheet


def title(report: Report) -> str:
    """Return what was measured, where and with what, in three lines."""
    versions = dict(report.versions)
    versions = {"numconv": versions.pop("numconv-kernels", "?"), **versions}
    against = f" against {', '.join(report.peers)}" if report.peers else ""
    lines = [
        f"numconv bench, {', '.join(report.suites.values())}: {report.subject}{against}",
        f"{report.machine['processor']}, {plural(report.threads, 'thread')}; {report.date[:10]}",
        ", ".join(f"{name} {number}" for name, number in versions.items()),
    ]
    return "\n".join(lines)
