"""Python threads that call at once. Run as a script; says ``ok`` or what differs.

Usage: ``python thread_scenarios.py SCENARIO [NUMBER_OF_THREADS]``
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numba.np.ufunc import parallel as numba_threads
from parallel_calls import array, same, table

import numconv
from numconv_cpu.runtime.pool import pool

THREADS, ROUNDS = 8, 3


def first_calls() -> None:
    """Every thread makes every call, in an order of its own, and the first ones meet."""
    calls = table()
    names = list(calls)
    start = threading.Barrier(THREADS)

    def work(thread: int) -> list[tuple[str, Any]]:
        start.wait()
        shift = thread % len(names)
        order = [*names[shift:], *names[:shift]] * ROUNDS
        return [(name, calls[name]()) for name in order]

    with ThreadPoolExecutor(THREADS) as callers:
        results = [each for made in callers.map(work, range(THREADS)) for each in made]
    _must_equal_single_thread(calls, results)


def one_call() -> None:
    """All threads make the same first call of all, into memory of their own."""
    call = table()["convolution"]
    start = threading.Barrier(THREADS)

    def work(_: int) -> list[tuple[str, Any]]:
        start.wait()
        return [("convolution", call()) for _ in range(ROUNDS)]

    with ThreadPoolExecutor(THREADS) as callers:
        results = [each for made in callers.map(work, range(THREADS)) for each in made]
    _must_equal_single_thread({"convolution": call}, results)


def changing_count() -> None:
    """A thread changes the number of threads while others compute."""
    calls = table()
    done = threading.Event()

    def change() -> int:
        changes = 0
        while not done.wait(0.0005):
            numconv.set_num_threads(1 + changes % 3)
            changes += 1
        return changes

    def work(thread: int) -> list[tuple[str, Any]]:
        return [(name, calls[name]()) for _ in range(2 * ROUNDS) for name in calls]

    with ThreadPoolExecutor(5) as callers:
        changing = callers.submit(change)
        results = [each for made in callers.map(work, range(4)) for each in made]
        done.set()
        if changing.result() < 2:
            raise SystemExit("the number of threads was not changed while others computed")
    _must_equal_single_thread(calls, results)


def processors() -> None:
    """Threads that were asleep help again, and may then run wherever their caller may."""
    call = table()["convolution"]
    for _ in range(20):
        for _ in range(3):
            call()
        time.sleep(0.01)
    allowed, threads = (
        os.sched_getaffinity(0),
        [int(each) for each in os.listdir("/proc/self/task")],
    )
    if len(threads) < 2:
        raise SystemExit("nobody helps")
    time.sleep(0.2)
    for thread in threads:
        if os.sched_getaffinity(thread) != allowed:
            raise SystemExit(f"{thread} may run on {os.sched_getaffinity(thread)} of {allowed}")


def prepared_plan() -> None:
    """One plan with a packed weight, called by every thread with an input of its own."""
    weight = array(2, 24, 16, 3, 3)
    plan = numconv.plan("conv2d", (1, 16, 41, 43), weight, padding=1)
    inputs = [array(10 + i, 1, 16, 41, 43) for i in range(THREADS)]

    def work(thread: int) -> list[Any]:
        return [plan(inputs[thread]) for _ in range(4 * ROUNDS)]

    with ThreadPoolExecutor(THREADS) as callers:
        made = list(callers.map(work, range(THREADS)))
    numconv.set_num_threads(1)
    for x, results in zip(inputs, made, strict=True):
        expected = plan(x)
        if not all(same(result, expected) for result in results):
            raise SystemExit("a plan gave one thread another result than the others")


def count() -> None:
    """Say how many threads a call gets, and what became of those of Numba and OpenMP."""
    if len(sys.argv) > 2:
        numconv.set_num_threads(int(sys.argv[2]))
    table()["convolution"]()
    print("used", numconv.get_num_threads(), "pool", pool().running)
    print("numba", "untouched" if not numba_threads._is_initialized else "launched")


def _must_equal_single_thread(calls: dict[str, Any], results: list[tuple[str, Any]]) -> None:
    numconv.set_num_threads(1)
    expected = {name: call() for name, call in calls.items()}
    wrong = sorted({name for name, result in results if not same(result, expected[name])})
    if wrong:
        raise SystemExit(f"other bits than with one thread: {', '.join(wrong)}")


SCENARIOS = (first_calls, one_call, changing_count, processors, prepared_plan, count)

if __name__ == "__main__":
    {each.__name__: each for each in SCENARIOS}[sys.argv[1]]()
    print("ok")
