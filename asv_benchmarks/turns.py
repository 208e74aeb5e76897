"""Two commits side by side: each in a process of its own, taking turns every few milliseconds.

What neighbours on the machine take away lasts for seconds, so it is taken from both, and the ratio
of a round stays what it was. The processes run benchmarks of this folder by name.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

ROUNDS = 24
TURN_SECONDS = 0.02
# The threads of one process spin for a while after its turn, and would slow the other's.
PAUSE_SECONDS = 0.003


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
        self._process = subprocess.Popen(
            [str(python), __file__],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def send(self, *message: Any) -> None:
        """Ask for something, without waiting for the answer."""
        assert self._process.stdin is not None
        # A process that ended is noticed when its answer is missing.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def receive(self) -> Any:
        """Return the answer to what was asked.

        Raises
        ------
        BrokenBenchmarkError
            If the benchmark raised, or took its process with it.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "its process ended"}
        if "error" in answer:
            raise BrokenBenchmarkError(self._commit, answer["error"])
        return answer["result"]

    def turn(self) -> float:
        """Return the seconds of the fastest call of a turn."""
        self.send("turn", TURN_SECONDS)
        seconds = float(self.receive())
        time.sleep(PAUSE_SECONDS)
        return seconds

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


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
        worker.send("prepare", benchmark.name, benchmark.index)
    ready = [worker.receive() for worker in (before, after)]
    if not all(ready):
        return None
    rounds = []
    for index in range(ROUNDS):
        order = (before, after) if index % 2 else (after, before)
        seconds = {worker: worker.turn() for worker in order}
        rounds.append((seconds[before], seconds[after]))
    fastest = [min(side) for side in zip(*rounds, strict=True)]
    return Comparison(
        before=median(first for first, _ in rounds),
        after=median(second for _, second in rounds),
        ratio=median(second / first for first, second in rounds),
        ratio_of_minima=fastest[1] / fastest[0],
    )


class _Server:
    """Answers in the process of a `Worker`."""

    def prepare(self, name: str, index: int | None) -> bool:
        module, kind, method = name.split(".")
        made = getattr(importlib.import_module(f"benchmarks.{module}"), kind)()
        parameters = () if index is None else (made.params[0][index],)
        try:
            made.setup(*parameters)
        except NotImplementedError:
            return False
        self._call = lambda: getattr(made, method)(*parameters)
        self._call()
        return True

    def turn(self, seconds: float) -> float:
        end = time.perf_counter() + seconds
        fastest = float("inf")
        begin = time.perf_counter()
        while begin < end:
            self._call()
            now = time.perf_counter()
            fastest, begin = min(fastest, now - begin), now
        return fastest

    def serve(self) -> None:
        # Answers go where standard output went; whatever a benchmark prints goes elsewhere.
        answers, sys.stdout = sys.stdout, sys.stderr
        for line in sys.stdin:
            request, *arguments = json.loads(line)
            try:
                answer = {"result": getattr(self, request)(*arguments)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    _Server().serve()
