"""`numconv run` on many files, of which one that is broken spoils no other."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from ..core.errors import ArgumentError, printable
from . import decoding, files, memory, pool, printing, results, sounds, sources, weights
from .main import CHECK_FAILED, INTERRUPTED, OK
from .request import Request
from .sources import Job

_MOST_JOBS = 8
_NUMBER = re.compile(r"\d[\d.e+-]*")


@dataclass(frozen=True)
class Report:
    """What became of the files.

    `skipped` had a result already; `left` were not come to before an interruption.
    """

    done: Sequence[pool.Ended]
    failed: Sequence[pool.Ended]
    skipped: int
    left: int
    jobs: int
    seconds: float
    notes: Sequence[str]
    interrupted: bool


def run(
    request: Request,
    inputs: Sequence[str],
    output: str | None,
    recursive: bool,
    existing: str,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Filter every file, print what became of them, and return the exit status."""
    begin = perf_counter()
    if output is None:
        reason = f"--input {printable(inputs[0])} is a directory, or one of several files"
        raise click.UsageError(f"{reason}: --output must name a folder for the results")
    if not request.wishes.weights:
        raise click.UsageError("several files need a --weight to be filtered with")
    wanted = sources.jobs(inputs, output, recursive, request.sheet)
    _check(request, wanted)
    folder = Path(output)
    begun = _begun(wanted, folder, existing)
    threads = 1 if request.mover.moves else jobs or min(os.cpu_count() or 1, _MOST_JOBS)
    budget = memory.Budget(memory.physical() // 2)

    def filtered(job: Job, stop: pool.Stop) -> tuple[str, ...]:
        files.check_regular(job.source)
        with budget.lent(_taken(job.source)):
            return _filtered(request, job, stop)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ended, interrupted = pool.work(filtered, begun, threads)
    report = Report(
        done=[each for each in ended if each.error is None],
        failed=[each for each in ended if each.error is not None],
        skipped=len(wanted) - len(begun),
        left=len(begun) - len(ended),
        jobs=threads,
        seconds=perf_counter() - begin,
        notes=[str(each.message) for each in caught],
        interrupted=interrupted,
    )
    if as_json:
        printing.as_json(_facts(request, folder, report))
    else:
        _show(request, folder, report)
    _complain(report)
    return INTERRUPTED if interrupted else CHECK_FAILED if report.failed else OK


def _check(request: Request, jobs: Sequence[Job]) -> None:
    """Raise what would be wrong for every file, before the first."""
    wishes = request.wishes
    wishes.check()
    kinds = {files.kind(job.source) for job in jobs}
    for kind in sorted(kinds):
        wishes.check_kind(kind)
    for kind, ranks in (("picture", (2,)), ("sound", (1,))):
        if kind in kinds:
            weights.read(request.operator, wishes.weights, wishes.size, ranks)


def _begun(jobs: Sequence[Job], folder: Path, existing: str) -> Sequence[Job]:
    """Return the jobs to be done, and make the folder of their results."""
    # A link to nowhere is there as well: what was written to it would go through.
    there = [job for job in jobs if os.path.lexists(job.target)]
    if there and existing == "refuse":
        names = ", ".join(job.target.name for job in there[:3]) + ", …" * (len(there) > 3)
        expected = f"a folder without {names}; or --existing overwrite, or --existing skip"
        raise ArgumentError("output", str(folder), expected)
    try:
        for job in jobs:
            job.target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.unreadable("output", folder, "a folder that can be made", error) from None
    return [job for job in jobs if job not in there] if existing == "skip" else jobs


def _taken(path: Path) -> int:
    """Return about how much memory it takes to filter a file."""
    if files.kind(path) == "picture":
        return decoding.working_bytes(path)
    return sounds.working_bytes(path)


def _filtered(request: Request, job: Job, stop: pool.Stop) -> tuple[str, ...]:
    stop.check()
    chosen = request.gather(job.source)
    results.check(job.target, chosen, request.sheet)
    stop.check()
    result = request.apply(chosen)
    stop.check()
    return results.write(request.operator.name, chosen, result, job.target, request.sheet)


def _facts(request: Request, folder: Path, report: Report) -> dict[str, Any]:
    """Return everything that is known of the files, as plain data."""
    return {
        "operator": request.operator.name,
        "weight": list(request.wishes.weights),
        "output": str(folder),
        "done": len(report.done),
        "failed": len(report.failed),
        "skipped": report.skipped,
        "left": report.left,
        "interrupted": report.interrupted,
        "jobs": report.jobs,
        "seconds": report.seconds,
        "notes": list(dict.fromkeys(report.notes)),
        "files": [
            {
                "input": str(each.job.source),
                "output": None if each.error else str(each.job.target),
                "error": each.error,
                "seconds": each.seconds,
                "notes": list(each.notes),
            }
            for each in (*report.done, *report.failed)
        ],
    }


def _show(request: Request, folder: Path, report: Report) -> None:
    count = len(report.done) + len(report.failed) + report.left
    rate = len(report.done) / report.seconds
    rows = [
        ("operator", f"{request.operator.name}, --weight {' '.join(request.wishes.weights)}"),
        (
            "done",
            f"{len(report.done)} of {count} files" + f", {report.left} left" * (report.left > 0),
        ),
    ]
    if report.skipped:
        rows.append(("skipped", f"{report.skipped}, of which there are results"))
    if report.failed:
        rows.append(("failed", f"{len(report.failed)}, named on stderr"))
    took = f"{printing.seconds(report.seconds)}, {rate:.3g} files/s, {report.jobs} at a time"
    rows += [("time", took), ("written to", str(folder))]
    printing.pairs(rows)
    for note in (*_alike(report.done), *dict.fromkeys(report.notes)):
        printing.say(f"note: {note}", err=True)


def _alike(done: Sequence[pool.Ended]) -> list[str]:
    """Return each kind of note once: those of a kind differ in their numbers alone."""
    kinds: dict[str, list[str]] = {}
    for each in done:
        for note in each.notes:
            kinds.setdefault(_NUMBER.sub("#", note), []).append(note)
    said = []
    for notes in kinds.values():
        first = notes[0] if len(set(notes)) == 1 else f"{notes[0]}, or the like"
        said.append(f"{first} ({len(notes)} of {len(done)} files)")
    return said


def _complain(report: Report) -> None:
    """Say on stderr which files have no result, and why."""
    for each in report.failed:
        printing.say(f"numconv: {each.job.source}: {each.error}", err=True)
    if report.interrupted:
        printing.say(f"numconv: interrupted, with {len(report.done)} results written", err=True)
