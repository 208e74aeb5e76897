"""`numconv bench`: backends side by side on the layers of networks, losses in plain sight."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..core.errors import ArgumentError
from . import completion, printing, progress
from .main import CHECK_FAILED, INTERRUPTED, OK

if TYPE_CHECKING:
    from ..benchmarking.compare import Comparison
    from ..benchmarking.report import Report
    from ..benchmarking.tables import Table

STDOUT = "-"


@click.command("bench")
@click.option(
    "--suite",
    "suites",
    shell_complete=completion.suites,
    multiple=True,
    default=("resnet50",),
    show_default=True,
    help="A suite of numconv's, or a .toml file; repeatable. An unknown name lists them.",
)
@click.option(
    "--backend",
    shell_complete=completion.backends,
    default="cpu",
    show_default=True,
    metavar="CONTESTANT",
    help="BACKEND[/ALGORITHM][+plan]: cpu, cpu/direct, cpu+plan (numconv.plan).",
)
@click.option(
    "--vs",
    multiple=True,
    metavar="CONTESTANT",
    help="Whom to compare with, written in the same way, e.g. torch, scipy/fft; repeatable.",
)
@click.option("--rounds", type=click.IntRange(min=1), help="[default: 15, with --quick 3]")
@click.option("--threads", type=click.IntRange(min=1), help="[default: all processors]")
@click.option("--dtype", help="In place of the layers' own, e.g. float64.")
@click.option("--batch", type=click.IntRange(min=1), help="In place of the layers' own.")
@click.option(
    "--layer", "layers", multiple=True, help="Only layers whose name contains this; repeatable."
)
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: to see that all works.")
@click.option("--json", "save", metavar="FILE", help="Save everything; - prints it, alone.")
@click.option(
    "--compare",
    "older",
    type=click.Path(path_type=Path),
    help="A saved report: say what changed since, beyond the spread.",
)
@click.option("--fail-on-regression", is_flag=True, help="Exit 1 where --compare finds one.")
@click.option(
    "--plot",
    "plots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Roofline and ratios: a .svg, .png or .html file; repeatable.",
)
def command(
    suites: tuple[str, ...],
    backend: str,
    vs: tuple[str, ...],
    rounds: int | None,
    threads: int | None,
    dtype: str | None,
    batch: int | None,
    layers: tuple[str, ...],
    quick: bool,
    save: str | None,
    older: Path | None,
    fail_on_regression: bool,
    plots: tuple[Path, ...],
) -> int:
    """Measure backends side by side on the layers of networks.

    Each contestant runs in a process of its own, and they take turns. Two columns: as a user
    meets it, and with the page faults of fresh memory out of the way on all sides. Ratios are
    above 1 where the contestant of --backend is faster. Ctrl-C keeps what was measured.

    \b
      numconv bench --suite resnet50 --vs torch --json new.json --plot new.html
      numconv bench --suite tiny --backend cpu+plan --vs cpu
      numconv bench --suite vgg16 --layer 512 --backend cpu/direct --compare old.json

    Exit status: 0 fine, 1 a regression (with --fail-on-regression), 2 it cannot be measured here,
    130 interrupted.
    """
    from ..benchmarking import compare, measuring, turns
    from ..benchmarking.report import Report
    from ..benchmarking.suites import SuiteError, load

    try:
        loaded = [load(name) for name in suites]
    except SuiteError as error:
        raise click.ClickException(str(error)) from None
    _check_files(save, plots)
    past = None if older is None else Report.read(older)
    effort = turns.QUICK if quick else turns.FULL
    if rounds is not None:
        effort = turns.Effort(rounds, effort.turn_seconds, effort.patience_seconds)
    with progress.bar("starting the contestants") as advance:
        report = measuring.measure(
            *(loaded, backend, vs),
            effort=effort,
            threads=threads,
            dtype=dtype,
            batch=batch,
            layers=layers,
            progress=advance,
        )
    comparison = None if past is None else compare.compare(report, past)
    if save == STDOUT:
        printing.as_json(
            {**report.to_dict(), "comparison": comparison.to_dict() if comparison else None}
        )
    else:
        _print(report, comparison)
    _write(report, save, plots, quiet=save == STDOUT)
    if report.interrupted:
        printing.say("numconv: interrupted; what was measured until then is above", err=True)
        return INTERRUPTED
    regressed = comparison is not None and bool(comparison.slower)
    return CHECK_FAILED if fail_on_regression and regressed else OK


def _check_files(save: str | None, plots: tuple[Path, ...]) -> None:
    """Find out before the measurement what could not be written after it."""
    from ..benchmarking import charts

    paths = list(plots) if save in (None, STDOUT) else [*plots, Path(str(save))]
    for path in plots:
        if path.suffix.lower() not in charts.SUFFIXES:
            raise ArgumentError("plot", str(path), "a .svg, .png or .html file")
    for path in paths:
        if not path.absolute().parent.is_dir():
            raise ArgumentError("file", str(path), "a file in a folder that exists")
    if plots:
        charts.check_installed()


def _print(report: Report, comparison: Comparison | None) -> None:
    from ..benchmarking import tables

    printing.pairs(tables.heading(report))
    for table in tables.contests(report):
        printing.say()
        _print_table(table)
    for title, lines in (
        ("losses, the worst first: ratio (quartiles) of minima", tables.losses(report)),
        ("notes", tables.notes(report)),
    ):
        if lines:
            printing.say()
            printing.say(title)
            for line in lines:
                printing.say(f"  {line}")
    if comparison is not None:
        printing.say()
        _print_table(tables.comparison_table(comparison))


def _print_table(table: Table) -> None:
    if not table.rows:
        printing.say(table.title)
    else:
        losses = [number for number, row in enumerate(table.rows) if row.loss]
        printing.table(table.header, [row.cells for row in table.rows], table.title, losses)
    for line in table.below:
        printing.say(line)


def _write(report: Report, save: str | None, plots: tuple[Path, ...], quiet: bool) -> None:
    from ..benchmarking import charts

    written = []
    if save is not None and save != STDOUT:
        report.write(Path(save))
        written.append(save)
    for path in plots if report.layers else ():
        charts.write(report, path)
        written.append(str(path))
    if written and not quiet:
        printing.say()
        printing.say(f"written to {', '.join(written)}")
