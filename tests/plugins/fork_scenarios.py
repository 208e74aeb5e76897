"""Forks of a process that has used the library. Run as a script.

Says ``ok NAME`` for each scenario that gave right answers; none of them may hang.
"""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from numba.core.caching import NullCache
from parallel_calls import Call, array, same, table

import numconv
from children import in_child
from numconv_cpu.runtime import pool
from numconv_cpu.runtime.compile import kernel

context: Any = multiprocessing.get_context("fork")
calls: dict[str, Call] = table()
expected: dict[str, Any] = {}


def right() -> bool:
    """Return whether every call gives here what it gave in the parent."""
    return all(same(call(), expected[name]) for name, call in calls.items())


def after_import() -> bool:
    """The parent has made no call yet; the child may launch threads of its own."""
    numconv.get_num_threads()
    return in_child(lambda: calls["convolution"]().shape == (2, 24, 41, 43))


def fork() -> bool:
    return in_child(right) and right()


def new_shape() -> bool:
    """The child meets a problem that its parent never had."""
    x, weight = array(20, 3, 16, 37, 39), array(21, 8, 16, 5, 5)

    def work() -> bool:
        numconv.set_num_threads(2)
        got = numconv.conv2d(x, weight, padding=2)
        reference = numconv.conv2d(x, weight, padding=2, backend="reference")
        return bool(np.allclose(got, reference, rtol=1e-4, atol=1e-3))

    return in_child(work)


def compiles() -> bool:
    """The child compiles a kernel that no cache holds."""

    def work() -> bool:
        return double(21) == 42

    return in_child(work)


@kernel
def double(number: int) -> int:
    return 2 * number


double._cache = NullCache()


def on_threads() -> bool:
    """The child has threads of its own, and its parent those it had."""
    before = pool.pool().running

    def work() -> bool:
        return pool.pool().running == 0 and right() and pool.pool().running == before

    return in_child(work) and pool.pool().running == before


def grandchild() -> bool:
    return in_child(lambda: right() and in_child(right) and right()) and right()


def while_computing() -> bool:
    """Children are forked while other threads of the parent compute."""
    stop = threading.Event()
    wrong: list[str] = []

    def compute() -> None:
        while not stop.is_set():
            for name in ("convolution", "depthwise"):
                if not same(calls[name](), expected[name]):
                    wrong.append(name)

    computing = [threading.Thread(target=compute) for _ in range(2)]
    for each in computing:
        each.start()
    try:
        children = [in_child(right) for _ in range(4)]
    finally:
        stop.set()
        for each in computing:
            each.join()
    return all(children) and not wrong


def process() -> bool:
    child = context.Process(target=_exit_with_right)
    child.start()
    child.join()
    return child.exitcode == 0


def _exit_with_right() -> None:
    sys.exit(0 if right() else 2)


def worker_pool() -> bool:
    """Workers that outlive a task, so that each calls several times."""
    with context.Pool(2) as workers:
        return all(same(got, expected[name]) for name, got in workers.map(_named, [*calls] * 2))


def executor() -> bool:
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        return all(same(got, expected[name]) for name, got in workers.map(_named, [*calls] * 2))


def _named(name: str) -> tuple[str, Any]:
    return name, calls[name]()


def parent() -> bool:
    """After all this the parent still runs on threads."""
    return right() and pool.pool().running > 0


BEFORE: tuple[Callable[[], bool], ...] = (after_import,)
AFTER = (
    fork,
    new_shape,
    compiles,
    on_threads,
    grandchild,
    while_computing,
    process,
    worker_pool,
    executor,
    parent,
)


def main() -> None:
    for scenario in BEFORE:
        _report(scenario)
    expected.update((name, call()) for name, call in calls.items())
    for scenario in AFTER:
        _report(scenario)


def _report(scenario: Callable[[], bool]) -> None:
    print("ok" if scenario() else "failed", scenario.__name__, flush=True)


if __name__ == "__main__":
    main()
