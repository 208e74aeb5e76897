"""Libraries side by side: each in a process of its own, taking turns.

A script that compares libraries is run again with ``--serve LIBRARY``, once for each of them, and
there calls `serve`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

import serving

from numconv.benchmarking import turns
from numconv.benchmarking.process import COLUMNS

TURN_SECONDS = 0.03
PATIENCE_SECONDS = 8.0

Call = Callable[[], Any]
Prepare = Callable[[dict[str, Any]], tuple[Call, Any]]


class LackingError(RuntimeError):
    """A library that cannot make the call that it was asked for; the message says why."""


class Process:
    """One library in one column, as seen by who compares."""

    def __init__(self, script: str, library: str, column: str, threads: int) -> None:
        number = dict.fromkeys(("NUMCONV_NUM_THREADS", "OMP_NUM_THREADS"), str(threads))
        command = [sys.executable, script, "--serve", library]
        self._process = serving.Process(command, {**os.environ, **COLUMNS[column], **number})
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
        return float(self._ask({}))

    def close(self) -> None:
        self._process.close()

    def _ask(self, question: Mapping[str, Any]) -> Any:
        try:
            return self._process.ask(question)
        except serving.FailedError as error:
            raise LackingError(f"{self._library}: {error}") from None


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
    effort = turns.Effort(rounds, TURN_SECONDS, PATIENCE_SECONDS)
    found = list(turns.alternate({each: started[each].turn for each in started}, effort))
    return {each: [times[each] for times in found] for each in started}


def ratios(ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Return how many times as long theirs took: the median of the rounds, and of the minima."""
    of_rounds = median(b / a for a, b in zip(ours, theirs, strict=True))
    return of_rounds, min(theirs) / min(ours)


def serve(prepare: Prepare) -> None:
    """Answer what a `Process` asks.

    `prepare` makes the call for a case, and says what there is to say of its result.
    """
    call: Call = lambda: None  # noqa: E731

    def answer(question: dict[str, Any]) -> Any:
        nonlocal call
        if "prepare" not in question:
            return serving.fastest(call, TURN_SECONDS)
        call, said = prepare(question["prepare"])
        return said

    serving.serve(answer)
