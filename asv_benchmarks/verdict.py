"""One verdict for a pull request: is HEAD slower than BASE?

    python asv_benchmarks/verdict.py BASE HEAD [--factor 1.1] [--bench REGEX] [--json]

`asv continuous` builds both commits in its environment and runs every benchmark at both. What it
finds on a machine with neighbours is no more than a hint, so then both commits run side by side and
take turns; what looks slower there is measured again, twice, in new processes. Only what is slower
every time, by the median of the rounds and by the fastest calls, is reported.

The exit status is 0 for no regression, 1 for slower (or broken), 2 where it could not be measured.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from built import Built, NotMeasuredError, commit_hash, measured_by_asv, run_asv
from rich.console import Console
from rich.progress import track
from rich.table import Table
from turns import Benchmark, BrokenBenchmarkError, Comparison, Worker, compare, unpacked

PASSES = 3
FACTOR = 1.1
# What every user meets: the dispatcher's choice for each operator, and the overhead of a call.
BENCHMARKS = r"_auto\.|^overhead\."
CONFIG = Path(__file__).with_name("asv.conf.json")

_status = Console(stderr=True)


@dataclass(frozen=True)
class Finding:
    """What was found for one benchmark, pass by pass, and what asv found before."""

    benchmark: str
    passes: tuple[Comparison, ...]
    asv_ratio: float | None = None

    @property
    def ratio(self) -> float:
        return median(each.ratio for each in self.passes)

    def slower(self, factor: float) -> bool:
        """Say whether every pass shows it, by the median and by the fastest calls."""
        return all(min(each.ratio, each.ratio_of_minima) > factor for each in self.passes)

    def faster(self, factor: float) -> bool:
        return all(max(each.ratio, each.ratio_of_minima) < 1 / factor for each in self.passes)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


@dataclass
class Verdict:
    """The findings, sorted."""

    slower: list[Finding] = field(default_factory=list)
    faster: list[Finding] = field(default_factory=list)
    unchanged: list[Finding] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.slower and not self.broken

    @property
    def line(self) -> str:
        count = len(self.slower) + len(self.faster) + len(self.unchanged)
        if self.passed:
            return f"no regression ({count} benchmarks)"
        slower = [f"{each.benchmark} {each.ratio:.2f}x" for each in self.slower]
        found = {"slower": ", ".join(slower), "broken": ", ".join(self.broken)}
        return "; ".join(f"{kind}: {names}" for kind, names in found.items() if names)

    def to_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = {"verdict": "no regression" if self.passed else "slower"}
        for name in ("slower", "faster", "unchanged"):
            found[name] = [finding.to_dict() for finding in getattr(self, name)]
        return {**found, "broken": self.broken, "skipped": self.skipped}


def decide(
    passes: Mapping[str, Sequence[Comparison]],
    factor: float = FACTOR,
    asv_ratios: Mapping[str, float] | None = None,
) -> Verdict:
    """Sort benchmarks by what their passes show.

    Parameters
    ----------
    passes : mapping of str to sequence of Comparison
        One pass where the first showed no change, else `PASSES` of them.
    factor : float
        How much slower counts.
    asv_ratios : mapping of str to float, optional
        What `asv continuous` found, for the table only.
    """
    verdict = Verdict()
    for benchmark, found in passes.items():
        finding = Finding(benchmark, tuple(found), (asv_ratios or {}).get(benchmark))
        confirmed = len(found) >= PASSES
        if confirmed and finding.slower(factor):
            verdict.slower.append(finding)
        elif confirmed and finding.faster(factor):
            verdict.faster.append(finding)
        else:
            verdict.unchanged.append(finding)
    verdict.slower.sort(key=lambda finding: -finding.ratio)
    verdict.faster.sort(key=lambda finding: finding.ratio)
    return verdict


def measure(built: Built, benchmarks: Iterable[Benchmark], factor: float) -> Verdict:
    """Measure benchmarks side by side, those that look changed `PASSES` times."""
    passes: dict[str, list[Comparison]] = {}
    broken: dict[str, str] = {}
    skipped: dict[str, str] = {}
    left = list(benchmarks)
    with unpacked(built.wheels[0]) as base, unpacked(built.wheels[1]) as head:
        for number in range(1, PASSES + 1):
            suspects = []
            title = f"side by side, pass {number} of {PASSES}"
            for benchmark, found in _side_by_side(built, (base, head), left, title):
                label = benchmark.label
                if isinstance(found, Comparison):
                    passes.setdefault(label, []).append(found)
                    once = Finding(label, (found,))
                    suspects += [benchmark] * (once.slower(factor) or once.faster(factor))
                elif isinstance(found, BrokenBenchmarkError):
                    passes.pop(label, None)
                    kind = broken if found.commit == "HEAD" else skipped
                    kind[label] = f"{found.commit}: {found.reason}"
                else:
                    skipped[label] = "a commit lacks it"
            left = suspects
    verdict = decide(passes, factor, built.asv_ratios)
    verdict.broken, verdict.skipped = broken, skipped
    return verdict


def _side_by_side(
    built: Built, folders: Sequence[Path], benchmarks: Sequence[Benchmark], title: str
) -> Iterator[tuple[Benchmark, Comparison | BrokenBenchmarkError | None]]:
    """Compare benchmark after benchmark, in two processes for as long as nothing breaks."""
    workers: list[Worker] = []
    try:
        for benchmark in track(benchmarks, title, console=_status, disable=not benchmarks):
            if not workers:
                workers = [
                    Worker(commit, built.python, folder, built.environment)
                    for commit, folder in zip(("BASE", "HEAD"), folders, strict=True)
                ]
            try:
                yield benchmark, compare(*workers, benchmark)
            except BrokenBenchmarkError as error:
                _close(workers)
                yield benchmark, error
    finally:
        _close(workers)


def _close(workers: list[Worker]) -> None:
    while workers:
        workers.pop().close()


def report(verdict: Verdict, console: Console) -> None:
    """Print the verdict in a line, with a table of what changed."""
    changed = verdict.slower + verdict.faster
    if changed:
        table = Table("benchmark", "before", "after", "ratio", "passes", "asv")
        table.columns[0].overflow = "fold"
        for each in changed:
            table.add_row(
                each.benchmark,
                _time(median(found.before for found in each.passes)),
                _time(median(found.after for found in each.passes)),
                f"{each.ratio:.2f}",
                " ".join(f"{found.ratio:.2f}" for found in each.passes),
                "" if each.asv_ratio is None else f"{each.asv_ratio:.2f}",
            )
        console.print(table)
    for benchmark, reason in {**verdict.broken, **verdict.skipped}.items():
        console.print(f"{benchmark}: {reason}", markup=False, highlight=False)
    console.print(verdict.line, markup=False, highlight=False, soft_wrap=True)


def _time(seconds: float) -> str:
    unit, name = next((u, n) for u, n in ((1, "s"), (1e-3, "ms"), (0, "µs")) if seconds >= u)
    return f"{seconds / (unit or 1e-6):.3g} {name}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("base", metavar="BASE", help="the commit before")
    parser.add_argument("head", metavar="HEAD", help="the commit to judge")
    parser.add_argument("--factor", type=float, default=FACTOR, help="how much slower counts")
    parser.add_argument("--bench", default=BENCHMARKS, help="which benchmarks, as asv's --bench")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--config", type=Path, default=CONFIG, help="another asv.conf.json")
    given = parser.parse_args(arguments)
    try:
        re.compile(given.bench)
        commits = [commit_hash(given.config, name) for name in (given.base, given.head)]
        if commits[0] == commits[1]:
            raise NotMeasuredError(f"{given.base} and {given.head} are the same commit")
        run_asv(given.config, commits, given.bench, given.factor)
        built = measured_by_asv(given.config, commits, given.bench)
        verdict = measure(built, built.benchmarks, given.factor)
        if not (verdict.slower or verdict.faster or verdict.unchanged or verdict.broken):
            raise NotMeasuredError("no benchmark ran at both commits")
    except (NotMeasuredError, re.error, OSError, subprocess.SubprocessError) as error:
        print(f"could not be measured: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if given.json:
        print(json.dumps({"base": commits[0], "head": commits[1], **verdict.to_dict()}))
    else:
        # In a log, names should stay whole.
        report(verdict, Console(width=None if sys.stdout.isatty() else 140))
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
