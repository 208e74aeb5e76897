"""Libraries side by side: each in a process of its own, taking turns.

A script that compares libraries is run again with ``--serve LIBRARY``, once for each of them, and
there calls `serve`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

from numconv.benchmarking.process import COLUMNS

TURN_SECONDS = 0.03
# The threads of one process spin for a while after its turn, and would slow the other's.
PAUSE_SECONDS = 0.003
LEAST_ROUNDS = 3
PATIENCE_SECONDS = 8.0

Call = Callable[[], Any]
Prepare = Callable[[dict[str, Any]], tuple[Call, Any]]


class LackingError(RuntimeError):
    """A library that cannot make the call that it was asked for; the message says why."""


class Process:
    """One library in one column, as seen by who compares."""

    def __init__(self, script: str, library: str, column: str, threads: int) -> None:
        number = dict.fromkeys(("NUMCONV_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
        self._process = subprocess.Popen(
            [sys.executable, script, "--serve", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **COLUMNS[column], **number},
        )
        self._library = library

    def prepare(self, case: Mapping[str, Any]) -> Any:
        """Let it make its call for `case`; return what it says of the result.

        Raises
        ------
        LackingError
            If it cannot.
        """
        return self._ask({"prepare": case})

    def turn(self) -> float:
        """Return the seconds of the fastest call of a turn."""
        seconds = float(self._ask({}))
        time.sleep(PAUSE_SECONDS)
        return seconds

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, question: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "its process ended"}
        if "error" in answer:
            raise LackingError(f"{self._library}: {answer['error']}")
        return answer["result"]


@contextmanager
def processes(
    script: str, libraries: tuple[str, ...], column: str, threads: int
) -> Iterator[dict[str, Process]]:
    """Give a process of `script` for each library, by its name."""
    started = {each: Process(script, each, column, threads) for each in libraries}
    try:
        yield started
    finally:
        for process in started.values():
            process.close()


def alternate(started: Mapping[str, Process], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each library's turns; fewer than `rounds` where calls are long."""
    times: dict[str, list[float]] = {each: [] for each in started}
    begin = time.perf_counter()
    for number in range(rounds):
        if number >= LEAST_ROUNDS and time.perf_counter() - begin > PATIENCE_SECONDS:
            break
        for each in reversed(list(started)) if number % 2 else list(started):
            times[each].append(started[each].turn())
    return times


def ratios(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Return how many times as long theirs took: the median of the rounds, and of the minima."""
    of_rounds = median(b / a for a, b in zip(ours, theirs, strict=True))
    return of_rounds, min(theirs) / min(ours)


def serve(prepare: Prepare) -> None:
    """Answer on standard output what is asked on standard input, until that ends.

    `prepare` makes the call for a case, and says what there is to say of its result.
    """
    call: Call = lambda: None  # noqa: E731
    # Whatever a library prints goes elsewhere.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if "prepare" in question:
                call, said = prepare(question["prepare"])
            else:
                said = _turn(call)
            answer = {"result": said}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def _turn(call: Call) -> float:
    end = time.perf_counter() + TURN_SECONDS
    fastest, begin = float("inf"), time.perf_counter()
    while begin < end:
        call()
        now = time.perf_counter()
        fastest, begin = min(fastest, now - begin), now
    return fastest
