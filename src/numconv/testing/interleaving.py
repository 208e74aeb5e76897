"""Two calls at once, in every order that may matter: one is made in the midst of the other.

Threads that merely run side by side meet in a line of Python's once in a million times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from time import perf_counter
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

DEEPEST = 5
"""Functions within each other whose lines count."""

LEAST_LINES, MOST_LINES = 20, 32
SECONDS = 0.03
"""After which no further line is taken, if there were so few."""

LATE = 0.5
"""A call that takes more seconds than this is waiting for the other one, as it may."""


def interleaved(
    one: Callable[[], Result], other: Callable[[], Result]
) -> Iterator[tuple[Result, Result]]:
    """Yield what two functions return, the other called by a thread between two lines of the one.

    Each line of the one is such a place in its turn, those of its outermost functions first.
    """
    with ThreadPoolExecutor(1) as pool:
        lines = _Lines(lambda: None, -1)
        lines.run(one)
        deadline = perf_counter() + SECONDS
        for turn, (_, number) in enumerate(sorted(lines.met)[:MOST_LINES]):
            if turn >= LEAST_LINES and perf_counter() > deadline:
                return
            asked: list[Future[Result]] = []

            def call(asked: list[Future[Result]] = asked) -> None:
                asked.append(pool.submit(other))
                asked[0].exception(LATE)

            lines = _Lines(call, number)
            first = lines.run(one)
            if asked:
                yield first, asked[0].result()
            if lines.late:
                return


class _Lines:
    """Follows the lines of a function, and does something before that of a number."""

    def __init__(self, do: Callable[[], object], number: int) -> None:
        self._do, self._number = do, number
        self._depth = 0
        self.met: list[tuple[int, int]] = []
        """Of each line how deep it is, and its number."""
        self.late = False

    def run(self, function: Callable[[], Result]) -> Result:
        """Return what the function returns."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            return function()
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "call":
            if self._depth == DEEPEST:
                return None
            self._depth += 1
        elif event == "return":
            self._depth -= 1
        elif event == "line":
            self._meet()
        return self._trace

    def _meet(self) -> None:
        number = len(self.met)
        self.met.append((self._depth, number))
        if number == self._number:
            try:
                self._do()
            except Late:
                self.late = True
