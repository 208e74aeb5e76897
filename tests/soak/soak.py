"""A soak: many shapes in many threads, with forks and interrupts, for as long as is asked.

Usage: ``python tests/soak/soak.py [MINUTES [THREADS]]``; 15 minutes and 8 threads by default. It is
no part of the tests: it says every half minute what was done and how much memory the process
takes, and ends with status 1 if a result was wrong, a child or a thread hung, or the memory passed
its bound.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

import numconv

SHAPES, LENGTHS = 20_000, 200
SHORTEST, LONGEST = 100_000, 2_000_000
FORK_SECONDS, INTERRUPT_SECONDS, SAY_SECONDS, CHILD_SECONDS = 1.0, 10.0, 30.0, 60.0

# Of the process, besides what it takes before the first call: idle results (256 MiB), workspaces
# (128 MiB and 2 MiB for each call at once) and plans (64 MiB of tables, 4096 of them) as numconv
# bounds them; compiled kernels; and for each thread the arrays it works on.
BOUND_BYTES = (256 + 128 + 64 + 400) * 2**20
BOUND_BYTES_PER_THREAD = 64 * 2**20
# What is left after `release_memory`: compiled kernels, and what the C library's heap keeps of
# each thread.
RELEASED_BYTES = 450 * 2**20


class Draw:
    """Calls of one thread, drawn from all shapes and lengths, with a check of each result."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._samples = self._rng.standard_normal(LONGEST).astype(np.float32)
        self._taps = self._rng.standard_normal((16, 16, 7, 7)).astype(np.float32)

    def call(self) -> bool:
        """Make one call; return whether its result is right."""
        if self._rng.integers(40) == 0:
            return self._long(int(self._rng.integers(LENGTHS)))
        return self._small(int(self._rng.integers(SHAPES)))

    def _small(self, number: int) -> bool:
        """Convolve a small picture of one of many shapes and kinds."""
        rest, height = divmod(number, 20)
        rest, width = divmod(rest, 25)
        kind, channels = rest % 5, 1 + rest // 5
        x = self._samples[: channels * (8 + height) * (8 + width)]
        x = x.reshape(1, channels, 8 + height, 8 + width)
        size = (1, 3, 5, 3, 2)[kind]
        if kind == 3:
            weight = np.ascontiguousarray(self._taps[:channels, :1, :size, :size])
            got = numconv.conv2d(x, weight, groups=channels)
            expected = np.einsum("cyxhw,chw->cyx", _windows(x[0], size), weight[:, 0])
        else:
            weight = np.ascontiguousarray(self._taps[:, :channels, :size, :size])
            got = numconv.conv2d(x, weight)
            expected = np.einsum("cyxhw,ochw->oyx", _windows(x[0], size), weight)
        return bool(np.allclose(got[0], expected, rtol=1e-3, atol=1e-3))

    def _long(self, number: int) -> bool:
        """Convolve a long signal, in one of several ways; a few results are looked at."""
        length = SHORTEST + number * (LONGEST - SHORTEST) // (LENGTHS - 1) + number % 7
        taps = (3, 7, 16, 64)[number % 4]
        x = self._samples[:length]
        weight = self._taps.ravel()[:taps].copy()
        way = number % 3
        if way == 0:
            got = numconv.conv1d(x.reshape(1, 1, -1), weight.reshape(1, 1, -1)).ravel()
        elif way == 1:
            got = numconv.signal.convolve(x, weight[::-1], mode="valid")
        else:
            given = x[: length - taps + 1].reshape(1, 1, -1)
            got = numconv.conv_transpose1d(given, weight[::-1].reshape(1, 1, -1).copy())
            x, got = np.concatenate([given.ravel(), np.zeros(taps, x.dtype)]), got.ravel()[taps:]
            x = x[1:]
        places = self._rng.integers(0, length - 2 * taps, 20)
        expected = [x[i : i + taps].astype(np.float64) @ weight for i in places]
        return bool(np.allclose(got[places], expected, rtol=1e-3, atol=1e-3))


def _windows(x: Any, size: int) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))


def resident() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


class Soak:
    """All that happens at once, and what went wrong."""

    def __init__(self, minutes: float, threads: int) -> None:
        self._until = time.monotonic() + 60 * minutes
        self._threads = threads
        self._calls = [0] * threads
        self._children = self._interrupts = self._highest = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        """Run until the time is over."""
        before = resident()
        working = [
            threading.Thread(target=self._work, args=(i,), daemon=True)
            for i in range(self._threads)
        ]
        for each in working:
            each.start()
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, INTERRUPT_SECONDS, INTERRUPT_SECONDS)
        said = time.monotonic()
        draw = Draw(1000)
        while time.monotonic() < self._until and not self.wrong:
            try:
                self._fork()
                begin = time.monotonic()
                while time.monotonic() < begin + FORK_SECONDS:
                    if not draw.call():
                        self.wrong.append("a result of the main thread")
                if time.monotonic() > said + SAY_SECONDS:
                    said = time.monotonic()
                    self._say(before)
            except KeyboardInterrupt:
                self._interrupts += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._until = 0
        for each in working:
            each.join(CHILD_SECONDS)
            if each.is_alive():
                self.wrong.append("a thread hangs")
        self._say(before)
        self._check_memory(before)

    def _work(self, number: int) -> None:
        draw = Draw(number)
        while time.monotonic() < self._until:
            try:
                well = draw.call()
            except BaseException:
                self.wrong.append(traceback.format_exc())
                return
            self._calls[number] += 1
            if not well:
                self.wrong.append(f"a result of thread {number}")
                return

    def _fork(self) -> None:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                draw = Draw(self._children)
                status = 0 if all(draw.call() for _ in range(5)) else 2
            finally:
                os._exit(status)
        # An interrupt as `waitpid` returns would lose what it says of the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        until, status = time.monotonic() + CHILD_SECONDS, None
        while status is None and time.monotonic() < until:
            ended, found = os.waitpid(child, os.WNOHANG)
            status = found if ended else None
            time.sleep(0.002)
        if status is None:
            os.kill(child, signal.SIGABRT)
            os.waitpid(child, 0)
        if status != 0:
            self.wrong.append(f"child {self._children}: status {status}")
        self._children += 1
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})

    def _say(self, before: int) -> None:
        now = resident()
        self._highest = max(self._highest, now)
        print(
            f"{sum(self._calls):,} calls, {self._children} children, "
            f"{self._interrupts} interrupts, {(now - before) >> 20} MiB more than at the beginning",
            flush=True,
        )

    def _check_memory(self, before: int) -> None:
        bound = BOUND_BYTES + self._threads * BOUND_BYTES_PER_THREAD
        taken = self._highest - before
        numconv.release_memory()
        left = resident() - before
        print(
            f"memory: {taken >> 20} MiB at most (bound {bound >> 20}), "
            f"{left >> 20} MiB after release_memory (bound {RELEASED_BYTES >> 20})"
        )
        if taken > bound or left > RELEASED_BYTES:
            self.wrong.append("the memory passed its bound")


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the soak that the command line asks for."""
    minutes, threads = (*map(float, sys.argv[1:3]), *(15.0, 8.0)[len(sys.argv) - 1 :])
    soak = Soak(minutes, int(threads))
    soak.run()
    for each in soak.wrong:
        print(each)
    sys.exit(bool(soak.wrong))


if __name__ == "__main__":
    main()
