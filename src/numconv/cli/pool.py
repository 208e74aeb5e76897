"""Work on many files by several threads: each ends by itself, and all stop when asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event
from time import perf_counter

from ..core.errors import ArgumentError
from ..core.plugins import describe
from .progress import bar
from .sources import Job


class StoppedError(Exception):
    """The work was given up before it had a result."""


class Stop:
    """What work asks between its steps, so that an interruption need not wait for the last."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        self._event.set()

    def check(self) -> None:
        """Raise `StoppedError` once the work is to end."""
        if self._event.is_set():
            raise StoppedError


@dataclass(frozen=True)
class Ended:
    """What became of a file: a result, or the error that there is none for."""

    job: Job
    seconds: float
    notes: tuple[str, ...] = ()
    error: str | None = None


Work = Callable[[Job, Stop], tuple[str, ...]]


def work(do: Work, jobs: Sequence[Job], threads: int) -> tuple[list[Ended], bool]:
    """Call ``do(job, stop)``, which returns notes, for each job; draw a bar on a terminal.

    Returns
    -------
    list of Ended
        In the order of `jobs`, without those that an interruption left undone.
    bool
        Whether there was an interruption.
    """
    stop, interrupted = Stop(), False
    pool, running = ThreadPoolExecutor(threads), {}
    try:
        for job in jobs:
            running[pool.submit(_ended, do, job, stop)] = job
        with bar("") as advance:
            advance(0, len(jobs), "")
            for done, future in enumerate(as_completed(running), 1):
                advance(done, len(jobs), str(running[future].source.name))
    except KeyboardInterrupt:
        interrupted = True
        stop.set()
    finally:
        pool.shutdown(cancel_futures=True)
    return [each for future in running if (each := _result(future)) is not None], interrupted


def _ended(do: Work, job: Job, stop: Stop) -> Ended:
    begin = perf_counter()
    notes: tuple[str, ...] = ()
    error = None
    try:
        notes = do(job, stop)
    except StoppedError:
        raise
    except ArgumentError as problem:
        # Where it is the file itself that is wrong, its name is said already.
        named = problem.argument == "input" and problem.value == str(job.source)
        error = f"expected {problem.expected}" if named else str(problem)
    except MemoryError:
        error = "not enough memory"
    except Exception as problem:  # what breaks for one file must not end the others
        error = describe(problem)
    return Ended(job, perf_counter() - begin, notes, error)


def _result(future: Future[Ended]) -> Ended | None:
    if future.cancelled():
        return None
    try:
        return future.result()
    except StoppedError:
        return None
