"""Runs workers on threads, where that pays."""

from __future__ import annotations

from typing import Any

from numconv.core.threads import get_num_threads

from .launch import start
from .pool import pool

# Until a second thread has joined, about 0.5 µs pass, in which one core does 20 thousand
# multiply-adds.
SERIAL_WORK = 60_000


def run(worker: int, stages: int, workers: int, *arrays: Any, work: int) -> None:
    """Call a worker for every stage, on as many threads as numconv is configured to use.

    Parameters
    ----------
    worker : int
        Its address, as `launch.worker` returns it.
    stages, workers : int
        All workers of a stage are done before the next one begins; no more than `workers` are
        ever called at once.
    *arrays : ndarray
        The nine arrays that `launch.start` is given.
    work : int
        Multiply-adds of this call, or something as costly.
    """
    entry = start.entry or start.compile()
    threads = pool()
    limit = 1 if work < SERIAL_WORK else min(workers, get_num_threads())
    if limit > threads.threads + 1:
        threads.grow(limit - 1)
    entry(worker, stages, workers, limit, *arrays, threads.memory)
