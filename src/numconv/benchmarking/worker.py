"""A contestant in a process of its own: two libraries' threads in one slow each other.

Run as ``python -m numconv.benchmarking.worker``. Reads commands from stdin and answers on stdout,
one JSON object a line; whatever the libraries print goes to stderr.

    {"do": "open", "contestant": "cpu/direct", "threads": 2}
    {"do": "layer", "layer": {...}}         what it is and how long the first calls take
    {"do": "save", "path": "result.npy"}    the first call's result, for comparison with the others'
    {"do": "turn", "seconds": 0.02}         the median time of the calls that take so long together
    {"do": "roof", "dtype": "float32"}      what the backend's device gives now
"""

from __future__ import annotations

import gc
import json
import os
import sys
import warnings
from collections.abc import Callable
from importlib import metadata
from statistics import median
from time import perf_counter
from typing import Any, TextIO

import numpy as np

from ..core import arrays, hookspecs, machine, plugins
from ..core.errors import BackendError, NumconvError
from ..core.optional import Roofed
from ..core.threads import set_num_threads
from . import calls
from .contestants import Contestant
from .suites import layer_from
from .turns import MOST_CALLS

WARM_UP_SECONDS = 0.02


class Server:
    """Answers commands; `contestant`, `call` and its first `result` are what the last ones set."""

    def __init__(self) -> None:
        self.contestant = Contestant("auto")
        self.call: Callable[[], Any] | None = None
        self.result: Any = None

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a command, or why there is none."""
        known: dict[str, Callable[..., dict[str, Any]]] = {
            "open": self.open,
            "layer": self.layer,
            "save": self.save,
            "turn": self.turn,
            "roof": self.roof,
        }
        do = known[command.pop("do")]
        try:
            return do(**command)
        except NumconvError as error:
            return {"refused": str(error)}
        # A stranger's backend may raise anything; the next layer may still be fine.
        except Exception as error:
            return {"refused": plugins.describe(error)}

    def open(self, contestant: str, threads: int) -> dict[str, Any]:
        set_num_threads(threads)
        self.contestant = Contestant.parse(contestant)
        known = plugins.backends()
        if self.contestant.backend not in ("auto", *known):
            raise BackendError(
                f"backend {self.contestant.backend!r} is unknown: expected one of "
                + ", ".join(known)
            )
        if self.contestant.backend != "auto":
            status = plugins.status(known[self.contestant.backend])
            if status.state == "unavailable":
                reason = "; ".join(filter(None, (status.reason, status.remedy)))
                raise BackendError(f"backend {self.contestant.backend!r} is unavailable: {reason}")
        return {"versions": versions_of(self.contestant.backend)}

    def layer(self, layer: dict[str, Any]) -> dict[str, Any]:
        self.call = self.result = None
        given = layer_from(layer)
        work = calls.work_of(given)
        facts = {"flops": work.flops, "min_bytes": work.min_bytes}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            begin = perf_counter()
            prepared = calls.prepare(self.contestant, given, work)
            self.result = prepared.call()
            first = perf_counter() - begin
        self.call = prepared.call
        self._times(WARM_UP_SECONDS)
        return {
            **facts,
            "algorithm": prepared.algorithm,
            "first_seconds": first,
            "notes": list(dict.fromkeys(str(each.message) for each in caught)),
        }

    def save(self, path: str) -> dict[str, Any]:
        result, self.result = self.result, None
        np.save(path, arrays.plain(arrays.adapt("result", result)), allow_pickle=False)
        return {"path": path}

    def turn(self, seconds: float) -> dict[str, Any]:
        taken = self._times(seconds)
        return {"seconds": median(taken), "calls": len(taken)}

    def roof(self, dtype: str) -> dict[str, Any]:
        backend = plugins.backends()[self.contestant.backend]
        if not isinstance(backend, Roofed):
            raise BackendError(f"backend {backend.name!r} does not measure its roof")
        found = backend.roof(dtype)
        return {"flops": found.flops, "bytes_per_second": found.bytes_per_second}

    def _times(self, seconds: float) -> list[float]:
        """Return the times of at least one call, and of as many as take so long.

        The clock ends it, not a number worked out of an earlier call: one that was interrupted
        for milliseconds would let a turn of calls of microseconds be next to none, and over
        before whatever disturbs it is.
        """
        call = self.call
        assert call is not None
        taken: list[float] = []
        gc.disable()
        try:
            end = perf_counter() + seconds
            while len(taken) < MOST_CALLS:
                begin = perf_counter()
                call()
                done = perf_counter()
                taken.append(done - begin)
                if done >= end:
                    break
        finally:
            gc.enable()
        return taken


def versions_of(backend: str) -> dict[str, str]:
    """Return the versions of numconv, of what it stands on, and of the library `backend`."""
    brought = {
        point.dist.name
        for point in metadata.entry_points(group=hookspecs.PROJECT)
        if point.dist is not None
    }
    found = machine.versions(("numba", "numpy", *sorted(brought), backend))
    return {name: version for name, version in found.items() if version is not None}


def serve(commands: TextIO, answers: TextIO) -> None:
    """Answer commands until there are no more."""
    server = Server()
    for line in commands:
        answer = server.answer(json.loads(line))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def main() -> None:
    """Keep stdout for answers alone, and serve."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
