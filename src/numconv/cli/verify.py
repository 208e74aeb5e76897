"""`numconv verify`: holds a backend to the laws."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

import click

from ..core import plugins
from ..core.errors import RefusedError
from ..core.units import plural
from ..testing import LAWS, LAWS_OF_BACKENDS, Request, verify
from ..testing.catalogue import LEVELS
from ..testing.report import Failure, Report, Row
from ..testing.verification import RAISED, checks_of
from . import completion, printing
from .main import CHECK_FAILED, INTERRUPTED, OK
from .options import JSON
from .progress import bar

_MOST_REASONS = 6
_NUMBERS = re.compile(r"\(?\d[\d, ()]*")


@click.command("verify")
@click.option(
    "--backend",
    shell_complete=completion.backends,
    default="cpu",
    show_default=True,
    help="See `numconv backends`.",
)
@click.option("--algorithm", help="One of the backend's, or auto.  [default: each]")
@click.option(
    "--op",
    shell_complete=completion.operators,
    help="Only the problems of this operator; see `numconv ops`.",
)
@click.option(
    "--law",
    "laws",
    multiple=True,
    help="Only this law or stage: "
    + ", ".join(law.name for law in (*LAWS, *LAWS_OF_BACKENDS))
    + ".",
)
@click.option("--level", type=click.Choice(LEVELS), default="quick", show_default=True)
@click.option("--problem", help="A single problem, as a failure's command gives it.")
@JSON
def command(
    backend: str,
    algorithm: str | None,
    op: str | None,
    laws: tuple[str, ...],
    level: str,
    problem: str | None,
    as_json: bool,
) -> int:
    """Check that the algorithms of a backend keep the laws.

    The laws come in stages: shapes, values, gradients, invariances (threads, batch, memory
    layout, several callers), hostile values and sizes, memory. One speaks of the backend as a
    whole, whose algorithm is then called auto: the same is chosen for any batch and any number
    of threads. A broken law is shown by the smallest problem that was
    found to break it, with the command that checks this problem again.

    \b
      numconv verify --backend cpu
      numconv verify --backend mine --algorithm fast --level full

    Checks run in a process of their own: a kernel that kills it is reported like any other.

    Exit status: 0 every law is kept, 1 one is broken, 2 it cannot be verified here or nothing
    ran, with the reason, 130 interrupted.
    """
    request = Request(backend, algorithm, op, laws, level, problem)
    begin = perf_counter()
    with bar("choosing the checks") as advance:
        report = verify(request, advance)
    nothing = not report.results and not report.interrupted
    if as_json:
        printing.as_json(report.to_dict())
    elif not nothing:
        _print(report, perf_counter() - begin)
    if nothing:
        raise RefusedError(f"nothing ran: {_why_nothing(report)}{_who_else(request)}")
    if report.interrupted:
        return INTERRUPTED
    return OK if report.passed else CHECK_FAILED


def _why_nothing(report: Report) -> str:
    """Return for each algorithm what it says most often to the problems that it refuses."""
    backend, checks = report.request.backend, report.checks
    if not checks.algorithms:
        return f"backend {backend!r} has no algorithm for these problems"
    reasons = []
    for algorithm in checks.algorithms:
        own = Counter(each.reason for each in checks.refusals if each.algorithm == algorithm)
        if own:
            reasons.append(f"{backend}/{algorithm}: {own.most_common(1)[0][0]}")
    return "; ".join(reasons) or f"no such law speaks of what backend {backend!r} accepts"


def _who_else(request: Request) -> str:
    """Return which other backends would be checked, as the end of a sentence."""
    others = [
        each.name
        for each in plugins.backends().values()
        if each.name != request.backend
        and plugins.status(each).state != "unavailable"
        and checks_of(replace(request, backend=each.name, algorithm=None)).checks
    ]
    return f" (checked for --backend {' or '.join(others)})" if others else ""


def _print(report: Report, seconds: float) -> None:
    rows = report.rows()
    for algorithm in report.checks.algorithms:
        own = [row for row in rows if row.algorithm == algorithm]
        if own:
            printing.say()
            printing.table(
                ("stage", "law", "kept", "of", "n/a", "largest error", "time"),
                map(_cells, own),
                f"{report.request.backend}/{algorithm}",
            )
    _print_refusals(report)
    for number, alike in enumerate(_by_cause(report.failures), 1):
        _print_failure(number, *alike)
    for name in report.unverified:
        printing.say()
        printing.say(f"{name} accepts none of these problems: nothing is known of it")
    printing.say()
    printing.say(f"{_verdict(report)} ({printing.seconds(seconds)})")


def _by_cause(failures: Sequence[Failure]) -> list[list[Failure]]:
    """Return the failures together that are one and the same: what an algorithm raises."""
    found: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        raised = failure.message.startswith(RAISED) and failure.message
        found.setdefault((failure.algorithm, raised or failure.law), []).append(failure)
    return list(found.values())


def _print_failure(number: int, failure: Failure, *alike: Failure) -> None:
    printing.say()
    title = f"{number}. {failure.algorithm} breaks {failure.law}: {failure.promise}"
    printing.say(title, hang=3)
    printing.say(f"   {failure.operator}, {failure.case}: {failure.message}")
    if failure.smallest_message != failure.message:
        again = failure.smallest_message or "it did not break again: what it reads may be unset"
        printing.say(f"   on the smallest problem found: {again}")
    printing.command("   again: ", failure.command)
    if alike:
        laws = ", ".join(each.law for each in alike)
        printing.say(f"   so it does with {plural(len(alike), 'more law')}: {laws}", hang=3)


def _cells(row: Row) -> tuple[str, ...]:
    ran = row.kept + row.broken
    error = f"{row.largest_fraction:.2g} of the bound" if row.largest_fraction else "-"
    verdict = f"BROKEN {row.broken}" if row.broken else str(row.kept)
    inapplicable = str(row.not_applicable or "")
    return row.stage, row.law, verdict, str(ran), inapplicable, error, printing.seconds(row.seconds)


def _print_refusals(report: Report) -> None:
    for algorithm in report.checks.algorithms:
        own = [each for each in report.checks.refusals if each.algorithm == algorithm]
        alike: dict[str, list[str]] = {}
        for each in own:
            alike.setdefault(_NUMBERS.sub("N", each.reason), []).append(each.reason)
        if not alike:
            continue
        printing.say()
        printing.say(f"{algorithm} refused {len(own)} problems:")
        often = sorted(alike.values(), key=len, reverse=True)
        rows = [
            (f"  {len(reasons):4}", reasons[0] + " and the like" * (len(set(reasons)) > 1))
            for reasons in often[:_MOST_REASONS]
        ]
        if len(often) > _MOST_REASONS:
            more = plural(len(often) - _MOST_REASONS, "more reason")
            rows.append(("", f"and {more} (--json has all)"))
        printing.pairs(rows)


def _verdict(report: Report) -> str:
    ran = f"{len(report.results)} of {len(report.checks.checks)} checks"
    if report.interrupted:
        return f"interrupted after {ran}"
    if report.passed:
        return f"every law is kept: {ran}"
    broken = sum(row.broken for row in report.rows())
    left_out = ", the rest left out after three crashes" if report.left_out else ""
    return f"FAILED: {broken} broken, {ran} ran{left_out}"
