"""What a call takes: no more memory than its plan says."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.memory import release_memory
from ...core.protocol import Algorithm
from ..checks import hold
from ..operands import random_operands
from .law import Law, always

# Objects of Python that any call makes (those of a pool of Python's threads are 6 KB for each), and
# what blocks of a pool of memory are larger than is asked for.
OBJECTS, ROUNDING = 32 * 1024, 1 / 8


def told(problem: Any, algorithm: Algorithm) -> float:
    """A call takes no more memory than its plan says, besides its operands and its result."""
    operands, plan = random_operands(problem, 16), algorithm.plan(problem)
    out = np.empty(problem.result_shape, problem.result_dtype)
    plan(*operands, out=out)  # the first call compiles
    # What was kept of it would not be counted.
    release_memory()
    taken = peak_of(lambda: plan(*operands, out=out))
    said = plan.workspace_bytes
    hold(
        taken <= (1 + ROUNDING) * said + OBJECTS,
        f"a call takes {taken} bytes, its plan says {said}",
    )
    return 0.0


def peak_of(call: Callable[[], object]) -> int:
    """Return the most memory that a call takes at a time, of what Python and NumPy allocate."""
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        if not traced:
            tracemalloc.stop()


LAWS = (Law("memory", "memory", told, always),)
