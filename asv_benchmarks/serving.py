"""A process that answers questions, a line of JSON each: it works while the others wait.

Imports nothing of numconv: what is measured may be that of another commit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any


class FailedError(RuntimeError):
    """A question that a process cannot answer; the message says why."""


class Process:
    """A process that runs `serve`, as seen by who asks."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, question: Any) -> Any:
        """Return the answer.

        Raises
        ------
        FailedError
            If it raised there, or took the process with it.
        """
        self.send(question)
        return self.receive()

    def send(self, question: Any) -> None:
        """Ask without waiting for the answer, which `receive` returns."""
        assert self._process.stdin is not None
        # A process that ended is noticed when its answer is missing.
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()

    def receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "its process ended"}
        if "error" in answer:
            raise FailedError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()


def serve(answer: Callable[[Any], Any]) -> None:
    """Answer on standard output what is asked on standard input, until that ends."""
    # Whatever is printed meanwhile goes elsewhere.
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        try:
            said = {"result": answer(json.loads(line))}
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), file=answers, flush=True)


def fastest(call: Callable[[], Any], seconds: float) -> float:
    """Return the seconds of the fastest of the calls that are made until so long has passed."""
    end = time.perf_counter() + seconds
    least, begin = float("inf"), time.perf_counter()
    while begin < end:
        call()
        now = time.perf_counter()
        least, begin = min(least, now - begin), now
    return least
