"""Two commits side by side: each in a process of its own, taking turns every few milliseconds.

What neighbours on the machine take away lasts for seconds, so it is taken from both, and the ratio
of a round stays what it was.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from serving import FailedError, Process

from numconv.benchmarking.turns import Effort, alternate

ROUNDS = 24
TURN_SECONDS = 0.02
SERVER = Path(__file__).with_name("commit.py")


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of asv, with one of its parameters where it has any."""

    name: str
    index: int | None = None
    parameter: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}({self.parameter})" if self.parameter else self.name


@dataclass(frozen=True)
class Comparison:
    """What a pass of rounds found for one benchmark: seconds of a call before and after.

    `ratio` is the median of the rounds' ratios, `ratio_of_minima` that of the fastest calls.
    """

    before: float
    after: float
    ratio: float
    ratio_of_minima: float


class BrokenBenchmarkError(RuntimeError):
    """A benchmark that one of the commits cannot run, though it does not say that it lacks it."""

    def __init__(self, commit: str, reason: str) -> None:
        super().__init__(reason)
        self.commit = commit
        self.reason = reason


class Worker:
    """A process that runs benchmarks with the numconv of one commit, from an unpacked wheel."""

    def __init__(
        self, commit: str, python: Path, installed: Path, variables: Mapping[str, str]
    ) -> None:
        self._commit = commit
        environment = {**os.environ, **variables, "PYTHONPATH": str(installed)}
        self._process = Process([str(python), str(SERVER)], environment)

    def prepare(self, benchmark: Benchmark) -> None:
        """Let it get ready for a benchmark, without waiting for it."""
        self._process.send(("prepare", benchmark.name, benchmark.index))

    def receive(self) -> bool | float:
        """Return the answer to what was asked.

        Raises
        ------
        BrokenBenchmarkError
            If the benchmark raised, or took its process with it.
        """
        try:
            answer: bool | float = self._process.receive()
        except FailedError as error:
            raise BrokenBenchmarkError(self._commit, str(error)) from None
        return answer

    def turn(self) -> float:
        """Return the seconds of the fastest call of a turn."""
        self._process.send(("turn", TURN_SECONDS))
        return float(self.receive())

    def close(self) -> None:
        self._process.close()


@contextmanager
def unpacked(wheel: Path) -> Iterator[Path]:
    """Give a folder from which the contents of a wheel can be imported."""
    with TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        yield Path(folder)


def compare(before: Worker, after: Worker, benchmark: Benchmark) -> Comparison | None:
    """Measure one benchmark in turns; return None where a commit says that it lacks it.

    Raises
    ------
    BrokenBenchmarkError
        If it fails. Both workers must be closed then, for the other's answer may be left.
    """
    for worker in (before, after):
        worker.prepare(benchmark)
    ready = [worker.receive() for worker in (before, after)]
    if not all(ready):
        return None
    effort = Effort(ROUNDS, TURN_SECONDS, patience_seconds=float("inf"))
    turns = {"before": before.turn, "after": after.turn}
    rounds = [(each["before"], each["after"]) for each in alternate(turns, effort)]
    fastest = [min(side) for side in zip(*rounds, strict=True)]
    return Comparison(
        before=median(first for first, _ in rounds),
        after=median(second for _, second in rounds),
        ratio=median(second / first for first, second in rounds),
        ratio_of_minima=fastest[1] / fastest[0],
    )
