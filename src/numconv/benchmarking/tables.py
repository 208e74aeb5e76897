"""A report as tables of text: header, rows, and which rows are losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from ..core.units import plural
from .compare import SAME, SLOWER, Comparison
from .process import KERNEL, USER
from .ratios import Ratio
from .report import MOVED, LayerReport, Measurement, Report

MEANINGS = {
    USER: "as a user meets it",
    KERNEL: "page faults out of the way on all sides",
}
LOSS = "LOSS"
SEE_NOTES = "see notes"
# Of those that a reason holds for; all are in the report's JSON.
_MOST_LAYERS = 3


@dataclass(frozen=True)
class Row:
    cells: list[str]
    loss: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a header, and lines that belong below them."""

    title: str
    header: list[str]
    rows: list[Row]
    below: list[str] = field(default_factory=list)


def milliseconds(seconds: float) -> str:
    """Return a time in ms with three digits.

    >>> from numconv.benchmarking.tables import milliseconds
    >>> milliseconds(0.0123456), milliseconds(0.00001)
    ('12.3', '0.0100')
    """
    value = seconds * 1e3
    return f"{value:.{max(0, 3 - len(str(int(value)))) if value >= 1 else 4}f}"


def ratio_words(ratio: Ratio) -> str:
    """Return a ratio, its quartiles in brackets, and that of the minima.

    >>> from numconv.benchmarking.tables import ratio_words
    >>> from numconv.benchmarking.ratios import ratio
    >>> ratio_words(ratio([1.0, 1.0], [2.0, 3.0]))
    '2.50 (2.25-2.75) 2.00'
    """
    spread = ratio.rounds
    return f"{spread.median:.2f} ({spread.lower:.2f}-{spread.upper:.2f}) {ratio.minima:.2f}"


def layer_name(report: Report, layer: LayerReport) -> str:
    """Return what a layer is called, with its suite where there are several."""
    times = f" (x{layer.layer.count})" if layer.layer.count > 1 else ""
    suite = f"{layer.suite}: " if len(report.suites) > 1 else ""
    return f"{suite}{layer.layer.name}{times}"


def gflops(layer: LayerReport, seconds: float) -> float:
    return layer.flops / seconds * 1e-9


def column_table(report: Report, column: str) -> Table:
    """Return what was measured in a column."""
    header = ["layer", "algorithm", f"{report.subject} min ms", "median", "GFLOP/s", "of peak"]
    for peer in report.peers:
        header += [f"{peer} min ms", "median", "ratio (quartiles) of minima", ""]
    rows = [_row(report, column, each) for each in report.layers if each.columns]
    return Table(
        title=f"{column}: {MEANINGS.get(column, '')}",
        header=header,
        rows=rows,
        below=[
            *(_summary(report, column, peer) for peer in report.peers),
            f"first calls, plans and compilation included: {_first_calls(report, column)}",
        ],
    )


def _first_calls(report: Report, column: str) -> str:
    taken = dict.fromkeys(report.contestants, 0.0)
    for layer in report.layers:
        for name, found in layer.columns.get(column, {}).items():
            taken[name] += found.first_seconds or 0.0
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in taken.items())


def _row(report: Report, column: str, layer: LayerReport) -> Row:
    own = layer.measurement(column, report.subject)
    cells = [layer_name(report, layer), own.algorithm if own else "", *_times(own)]
    cells += _rates(report, layer, own)
    lost = False
    for peer in report.peers:
        theirs = layer.measurement(column, peer)
        found = layer.ratio(column, report.subject, peer)
        cells += _times(theirs)
        if found is None:
            cells += [_why_none(own, theirs), ""]
        else:
            cells += [ratio_words(found), LOSS if found.loss else ""]
            lost = lost or found.loss
    if own is not None and not own.seconds and not report.peers:
        cells[1] = SEE_NOTES if own.reason else ""
    return Row(cells, lost)


def _times(found: Measurement | None) -> list[str]:
    if found is None or not found.seconds:
        return ["-", "-"]
    return [milliseconds(min(found.seconds)), milliseconds(median(found.seconds))]


def _rates(report: Report, layer: LayerReport, own: Measurement | None) -> list[str]:
    if own is None or not own.seconds or not layer.flops:
        return ["-", "-"]
    rate = gflops(layer, median(own.seconds))
    roof = report.roofs.get(layer.layer.dtype)
    return [f"{rate:.3g}", f"{rate * 1e9 / roof['flops']:.0%}" if roof else "-"]


def _why_none(own: Measurement | None, theirs: Measurement | None) -> str:
    for each in (own, theirs):
        if each is not None and each.reason:
            return f"no ratio: {each.contestant}: {SEE_NOTES}"
    return "no ratio: not measured"


def _summary(report: Report, column: str, peer: str) -> str:
    mean, whole = report.geometric_mean(column, peer), report.whole(column, peer)
    if mean is None or whole is None:
        return f"{report.subject} against {peer}: no ratios"
    count, lost = len(report.ratios(column, peer)), len(report.losses(column, peer))
    lost_of = f"{plural(lost, 'loss', 'losses')} in {plural(count, 'layer')}"
    return (
        f"{report.subject} against {peer}: geometric mean {mean:.2f}; whole network "
        f"(layers weighted by count x time) {whole:.2f}; {lost_of}"
    )


def losses(report: Report) -> list[str]:
    """Return every loss in a line, the worst first."""
    found = [
        (ratio, layer, column, peer)
        for column in report.columns
        for peer in report.peers
        for layer, ratio in report.losses(column, peer)
    ]
    found.sort(key=lambda each: each[0].median)
    return [
        f"{ratio_words(ratio)}  {column}, against {peer}: {layer.suite}: {layer.layer.name}"
        for ratio, layer, column, peer in found
    ]


def notes(report: Report) -> list[str]:
    """Return what a reader should know, and why what is missing is missing."""
    found = [f"{each.layer.name}: {note}" for each in report.layers for note in each.notes]
    found += [
        f"{contestant}: {reason}: {_where(report, places)}"
        for (contestant, reason), places in _reasons(report).items()
    ]
    unsteady = report.unsteady()
    if unsteady:
        moved = ", ".join(f"{each.layer.name} ({each.moved:+.0%})" for each in unsteady)
        found.append(
            f"the machine's own rate moved by more than {MOVED:.0%} during {len(unsteady)} of "
            f"{plural(len(report.layers), 'layer')}, so doubt their times: {moved}"
        )
    return list(dict.fromkeys(found))


def _reasons(report: Report) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return why there is no time or no ratio: by contestant and reason, each layer's columns."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for layer in report.layers:
        for column, measured in layer.columns.items():
            for each in measured.values():
                if each.reason:
                    places = found.setdefault((each.contestant, each.reason), {})
                    places.setdefault(layer_name(report, layer), []).append(column)
    return found


def _where(report: Report, places: dict[str, list[str]]) -> str:
    words = [
        name if len(columns) == len(report.columns) else f"{name} ({', '.join(columns)})"
        for name, columns in places.items()
    ]
    more = len(words) - _MOST_LAYERS
    return ", ".join(words[:_MOST_LAYERS]) + (f" and {plural(more, 'more layer')}" * (more > 0))


def heading(report: Report) -> list[tuple[str, str]]:
    """Return where and with what it was measured, as names and values."""
    versions = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    rows = [
        ("suites", ", ".join(f"{name} ({title})" for name, title in report.suites.items())),
        ("processor", f"{report.machine['processor']}, {plural(report.threads, 'thread')}"),
        ("versions", f"Python {report.machine['python']}, {versions}"),
    ]
    for dtype, roof in report.roofs.items():
        peak, bandwidth = roof["flops"] * 1e-9, roof["bytes_per_second"] * 1e-9
        rows.append((f"roof, {dtype}", f"{peak:.0f} GFLOP/s, {bandwidth:.0f} GB/s, measured"))
    rows.append(("measured", f"{report.date}, {report.rounds} rounds"))
    return rows


def contests(report: Report) -> Sequence[Table]:
    """Return a table for each column."""
    return [column_table(report, column) for column in report.columns]


def comparison_table(comparison: Comparison) -> Table:
    """Return what changed beyond the spread, and how much did not."""
    rows = [
        Row(
            [
                f"{each.suite}: {each.layer}",
                each.column,
                f"ratio to {each.peer}" if each.peer else "speed relative to the machine",
                f"{each.old.median:.3g} ({each.old.lower:.3g}-{each.old.upper:.3g})",
                f"{each.new.median:.3g} ({each.new.lower:.3g}-{each.new.upper:.3g})",
                f"{each.factor:.2f}",
                each.verdict.upper(),
            ],
            loss=each.verdict == SLOWER,
        )
        for each in sorted(comparison.changes, key=lambda each: each.factor)
        if each.verdict != SAME
    ]
    same = len(comparison.changes) - len(rows)
    return Table(
        title="changes beyond the spread" if rows else "no change beyond the spread",
        header=["layer", "column", "of", "before (quartiles)", "now (quartiles)", "factor", ""],
        rows=rows,
        below=[f"{same} of {len(comparison.changes)} unchanged", *comparison.warnings],
    )
