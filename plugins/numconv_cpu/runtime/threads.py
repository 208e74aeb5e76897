"""Runs workers on threads, where that pays."""

from __future__ import annotations

from typing import Any

import numpy as np

from numconv.core.threads import get_num_threads

from .launch import FEW, LINE, start
from .pool import pool

# Chosen when a launch took 2 µs, in which one core does 60 thousand multiply-adds. A thread of the
# pool that is awake joins within 0.5 µs, but to wake one takes some 50.
SERIAL_WORK = 60_000


def run(
    worker: int,
    stages: int,
    workers: int,
    x: Any,
    weight: Any,
    bias: Any,
    residual: Any,
    out: Any,
    workspace: Any,
    tables: Any,
    parts: Any,
    geometry: Any,
    work: int,
) -> None:
    """Call a worker for every stage, on as many threads as numconv is configured to use.

    Parameters
    ----------
    worker : int
        Its address, as `launch.worker` returns it.
    stages, workers : int
        All workers of a stage are done before the next one begins; no more than `workers` are
        ever called at once.
    x, weight, bias, residual, out, workspace, tables, parts, geometry : ndarray
        What `launch.start` is given.
    work : int
        Multiply-adds of this call, or something as costly.
    """
    entry = start.entry or start.compile()
    limit, memory = 1, tables  # of a pool that is not asked
    many = tables if stages * workers <= FEW else np.zeros(LINE * stages * workers, np.int64)
    if work >= SERIAL_WORK:
        limit, threads = min(workers, get_num_threads()), pool()
        if limit > threads.threads + 1:
            threads.grow(limit - 1)
        memory = threads.memory
    entry(
        worker,
        stages,
        workers,
        limit,
        x,
        weight,
        bias,
        residual,
        out,
        workspace,
        tables,
        parts,
        geometry,
        memory,
        many,
    )
