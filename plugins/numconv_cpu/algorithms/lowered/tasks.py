"""Who does what: tasks shared out beforehand, and what is left of them taken from the others."""

from __future__ import annotations

from ...runtime.compile import kernel
from ...simd.memory import at, fetch_add


@kernel
def next_task(counters, worker, workers, tasks):  # type: ignore[no-untyped-def]
    """Return the next task of a worker's own share, then of the others'; -1 if none is left.

    A worker has the same share at every call, and neighbouring tasks in it. So what it wrote is
    where it is read and written again: cores need not share a cache, and then a line that another
    one wrote last costs several times as much as one from memory.

    Parameters
    ----------
    counters : pointer to int64
        One for each worker, in cache lines of their own.
    """
    for ahead in range(workers):
        owner = (worker + ahead) % workers
        first, last = owner * tasks // workers, (owner + 1) * tasks // workers
        task = first + fetch_add(at(counters, 8 * owner), 1)
        if task < last:
            return task
    return -1
