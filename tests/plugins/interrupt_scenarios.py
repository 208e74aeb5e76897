"""Exceptions and signals at any moment of a call. Run as a script; says ``ok`` or what is wrong.

Usage: ``python interrupt_scenarios.py SCENARIO [ARGUMENT …]``
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from parallel_calls import array

import numconv
from children import SECONDS, in_child

warnings.simplefilter("ignore", numconv.PerformanceWarning)

OWN = ("numconv", "numconv_cpu")


class Injected(BaseException):
    """What is raised where an interrupt might have been."""


X, WEIGHT = array(1, 1, 8, 31, 33), array(2, 16, 8, 3, 3)


def convolve() -> Any:
    return numconv.conv2d(X, WEIGHT, padding=1)


def right(result: Any) -> bool:
    return bool(np.allclose(result, EXPECTED, rtol=1e-4, atol=1e-3))


def _reference() -> Any:
    """Return what is expected, without a call of the library."""
    padded = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    return np.einsum("nchwyx,ocyx->nohw", windows, WEIGHT, optimize=True)


EXPECTED = _reference()


def raised_at(line: int, call: Callable[[], Any]) -> bool:
    """Make a call that raises when its `line`-th line of ours begins; return whether it did."""
    left = line

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_globals.get("__name__", "").partition(".")[0] not in OWN:
            return None
        if event == "line":
            if left == 0:
                sys.settrace(None)
                left = -1
                raise Injected
            left -= 1
        return trace

    sys.settrace(trace)
    try:
        call()
    except Injected:
        return True
    finally:
        sys.settrace(None)
    # A callback of the garbage collector may have had the exception, and nobody sees those.
    return left < 0


def others_are_well() -> bool:
    """Return whether another thread, this one, and a forked child get right answers."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(right(convolve())), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return found == [True] and in_child(lambda: right(convolve())) and right(convolve())


def _every_line(call: Callable[[], Any], step: int, apart: bool) -> None:
    """Raise at each `step`-th line of a call, in this process or each time in a fresh child."""
    mark = Path(tempfile.gettempdir()) / f"reached-{os.getpid()}"

    def well_after(line: int) -> bool:
        # Whether the line was reached is perhaps a child's to know: it says so by a file.
        if raised_at(line, call):
            mark.touch()
        return others_are_well()

    line, reached = 0, True
    while reached:
        well = in_child(partial(well_after, line)) if apart else well_after(line)
        reached = mark.exists()
        mark.unlink(missing_ok=True)
        if not well:
            raise SystemExit(f"after an exception at line {line} calls are wrong or hang")
        line += step
    if line < 5 * step:
        raise SystemExit("hardly any lines were reached")
    print("lines", line)


def first_call(step: str) -> None:
    _every_line(convolve, int(step), apart=True)


def warm_call(step: str) -> None:
    convolve()
    _every_line(convolve, int(step), apart=False)


def planning(step: str) -> None:
    """Each call meets a new problem."""
    convolve()
    sizes = iter(range(9, 100_000))

    def call() -> None:
        numconv.conv2d(np.ones((1, 8, 20, next(sizes)), np.float32), WEIGHT)

    _every_line(call, int(step), apart=False)


def prepared(step: str) -> None:
    convolve()
    _every_line(lambda: numconv.plan("conv2d", X.shape, WEIGHT, padding=1)(X), int(step), False)


def tuning(step: str) -> None:
    convolve()
    sizes = iter(range(9, 100_000))

    def call() -> None:
        numconv.conv2d(np.ones((1, 8, 5, next(sizes)), np.float32), WEIGHT, tune=True)

    call()
    _every_line(call, int(step), apart=False)


def pools(step: str) -> None:
    """Threads are started, and memory is given back."""
    numconv.set_num_threads(1)
    convolve()

    def call() -> None:
        numconv.release_memory()
        numconv.set_num_threads(2)
        convolve()

    _every_line(call, int(step), apart=True)


def first_interrupted(*delays: str) -> None:
    """The first call is interrupted after a while, by a real signal; the next one is right."""
    convolve_in_child = 0
    for delay in delays:

        def work(delay: str = delay) -> bool:
            signal.signal(signal.SIGALRM, _interrupt)
            signal.setitimer(signal.ITIMER_REAL, float(delay))
            try:
                convolve()
            except KeyboardInterrupt:
                print("interrupted", flush=True)
            signal.setitimer(signal.ITIMER_REAL, 0)
            return others_are_well()

        if not in_child(work):
            raise SystemExit(f"unusable after an interrupt at {delay} s")
        convolve_in_child += 1
    print("children", convolve_in_child)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def often_interrupted() -> None:
    """Hundreds of interrupts while two threads compute."""
    convolve()
    stop, wrong = threading.Event(), []

    def compute() -> None:
        while not stop.is_set():
            if not right(convolve()):
                wrong.append("thread")

    computing = [threading.Thread(target=compute, daemon=True) for _ in range(2)]
    for each in computing:
        each.start()
    signal.signal(signal.SIGALRM, _interrupt)
    interrupts, sizes = 0, iter(range(9, 100_000))
    until = time.monotonic() + 4
    while time.monotonic() < until:
        try:
            begin = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.0005 + 0.00001 * (interrupts % 97))
            while time.monotonic() < begin + 2:
                convolve()
                numconv.conv2d(np.ones((1, 8, 9, next(sizes)), np.float32), WEIGHT)
            raise SystemExit("an interrupt was lost")
        except KeyboardInterrupt:
            interrupts += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    stop.set()
    for each in computing:
        each.join(SECONDS)
    hung = any(each.is_alive() for each in computing)
    if hung or wrong or not others_are_well():
        raise SystemExit(f"after {interrupts} interrupts: hung {hung}, wrong {wrong}")
    if interrupts < 100:
        raise SystemExit(f"only {interrupts} interrupts")


def handlers_call() -> None:
    """A signal's handler and finalisers call while the same thread is within a call."""
    convolve()
    calls = {"handler": 0, "finaliser": 0}
    wrong: list[str] = []
    other = array(5, 1, 8, 31, 33)
    large, filters = array(6, 4, 32, 60, 60), array(7, 32, 32, 3, 3)
    expected = {
        "handler": numconv.conv2d(other, WEIGHT, padding=1),
        "finaliser": numconv.conv2d(other, WEIGHT, dilation=2),
        "large": numconv.conv2d(large, filters),
    }

    def handle(number: int, frame: Any) -> None:
        calls["handler"] += 1
        if not np.array_equal(numconv.conv2d(other, WEIGHT, padding=1), expected["handler"]):
            wrong.append("handler")
        signal.setitimer(signal.ITIMER_REAL, 0.0007)

    class Cycle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            calls["finaliser"] += 1
            if not np.array_equal(numconv.conv2d(other, WEIGHT, dilation=2), expected["finaliser"]):
                wrong.append("finaliser")

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0007)
    gc.set_threshold(10)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        Cycle()
        if not right(convolve()):
            wrong.append("interrupted call")
        if not np.array_equal(numconv.conv2d(large, filters), expected["large"]):
            wrong.append("large call")
    signal.setitimer(signal.ITIMER_REAL, 0)
    if wrong or min(calls.values()) < 50:
        raise SystemExit(f"wrong: {sorted(set(wrong))}, calls: {calls}")


SCENARIOS = (
    *(first_call, warm_call, planning, prepared, tuning, pools),
    *(first_interrupted, often_interrupted, handlers_call),
)

if __name__ == "__main__":
    {each.__name__: each for each in SCENARIOS}[sys.argv[1]](*sys.argv[2:])
    print("ok")
