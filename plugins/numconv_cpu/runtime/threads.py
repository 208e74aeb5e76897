"""Runs workers on threads, where that pays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import get_num_threads

from .launch import FEW, LINE, start
from .pool import pool

# Chosen when a launch took 2 µs, in which one core does 60 thousand multiply-adds. A thread of the
# pool that is awake joins within 0.5 µs, but to wake one takes some 50.
SERIAL_WORK = 60_000


class Launch(NamedTuple):
    """A worker and what it is told in every call, whatever the arrays.

    The small call takes 5 µs: to hand over all of this each time would be some per cent of that.
    """

    worker: int
    """Its address, as `launch.worker` returns it."""

    stages: int
    """All workers of a stage are done before the next one begins."""

    workers: int
    """No more are ever called at once."""

    tables: NDArray[Any]
    parts: NDArray[Any]
    geometry: NDArray[Any]
    """What `launch.start` is given."""

    work: int
    """Multiply-adds of a call, or something as costly."""

    def run(self, x: Any, weight: Any, bias: Any, residual: Any, out: Any, workspace: Any) -> None:
        """Call the worker for every stage, on as many threads as numconv is configured to use."""
        worker, stages, workers, tables, parts, geometry, work = self
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
