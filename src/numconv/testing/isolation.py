"""Verification in child processes, so that a kernel that kills its process is only a finding."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import Any

from ..core.threads import processors
from .report import Failure, Report
from .verification import Checks, Request, Result, checks_of, command

PATIENCE_SECONDS = 120.0
"""For one check: a first one compiles."""
_MOST_DEATHS = 3
"""Of one algorithm: what it still has to show is left out then."""
_MOST_CHILDREN = 4
_WAKE_SECONDS = 0.2

Progress = Callable[[int, int, str], None]


def verify(request: Request, progress: Progress | None = None) -> Report:
    """Verify a backend, and report what was found.

    Its algorithms are shared out among as many processes as there are processors. An interruption
    (KeyboardInterrupt) ends it early: the report holds what was found so far and says that it is
    not complete.

    Parameters
    ----------
    request : Request
    progress : callable, optional
        Called before each check with the number of checks made, of all, and its name.

    Returns
    -------
    Report

    Raises
    ------
    ArgumentError, BackendError
        As `numconv.testing.verification.checks_of`.
    """
    checks = checks_of(request)
    report = Report(request, checks)
    shares = _shares(checks, min(processors(), _MOST_CHILDREN))
    overseer = _Overseer(report, progress)
    with ThreadPoolExecutor(max(1, len(shares))) as pool:
        running = [pool.submit(overseer.oversee, share) for share in shares]
        try:
            # A signal that another thread receives does not wake this one.
            while wait(running, timeout=_WAKE_SECONDS, return_when=FIRST_EXCEPTION).not_done:
                if any(each.done() and each.exception() for each in running):
                    break
            for each in running:
                if each.done():
                    each.result()
        except BaseException as error:
            overseer.stop()
            if not isinstance(error, KeyboardInterrupt):
                raise
            report.interrupted = True
    return report


def _shares(checks: Checks, most: int) -> list[list[int]]:
    """Share out the checks' numbers, those of an algorithm together: kernels compile only once."""
    numbers: dict[str, list[int]] = {}
    for number, check in enumerate(checks.checks):
        numbers.setdefault(check.algorithm.name, []).append(number)
    shares: list[list[int]] = [[] for _ in range(min(most, len(numbers)))]
    for own in sorted(numbers.values(), key=len, reverse=True):
        min(shares, key=len).extend(own)
    return shares


class _Overseer:
    """Has checks made by children, one after the other, for as long as they die."""

    def __init__(self, report: Report, progress: Progress | None) -> None:
        self._report, self._progress = report, progress
        self._lock = threading.Lock()
        self._children: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def oversee(self, numbers: Sequence[int]) -> None:
        """Make the checks of these numbers."""
        left = list(numbers)
        while left and not self._stopped:
            check = self._report.checks.checks[left[0]]
            if self._report.deaths_of(check.algorithm.name) < _MOST_DEATHS:
                left = self._run_child(left)
            else:
                self._report.left_out += 1
                left = left[1:]

    def stop(self) -> None:
        """End every child."""
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.kill()

    def _run_child(self, numbers: list[int]) -> list[int]:
        """Have checks made by a child; return the numbers of those that it did not come to."""
        report, under_way, done = self._report, None, 0
        asked = {**asdict(report.request), "numbers": numbers, "broken": report.broken_kinds()}
        with tempfile.TemporaryFile("w+") as errors:
            for event in self._events(asked, errors):
                if "begin" in event:
                    under_way = event["begin"]
                    self._tell(under_way)
                elif "end" in event:
                    report.results[event["end"]] = Result(**event["result"])
                    under_way, done = None, done + 1
                elif "shrunk" in event:
                    report.explain(event["shrunk"], event)
                elif under_way is not None:
                    self._add_crash(under_way, event["died"], errors)
                    done += 1
                elif not done and not self._stopped:
                    raise RuntimeError(f"no check can be started: {_last_line(errors)}")
        return numbers[done:]

    def _tell(self, number: int) -> None:
        if self._progress is not None:
            checks = self._report.checks.checks
            self._progress(len(self._report.results), len(checks), checks[number].name)

    def _add_crash(self, number: int, status: int, errors: Any) -> None:
        if self._stopped:
            return
        how = _cause(status)
        if status > 0:
            how += f": {_last_line(errors)}"
        check, backend = self._report.checks.checks[number], self._report.request.backend
        self._report.results[number] = Result("crashed", how, 0.0, 0.0)
        again = command(backend, check.algorithm.name, check.law.name, check.named.problem)
        self._report.failures.append(Failure.of(check, how, again))

    def _events(self, asked: dict[str, Any], errors: Any) -> Iterator[dict[str, Any]]:
        """Yield what a child says; last of all, its exit status where that is not 0."""
        with self._lock:
            if self._stopped:
                return
            child = subprocess.Popen(
                [sys.executable, "-m", "numconv.testing.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=_environment(),
            )
            self._children.add(child)
        assert child.stdin is not None
        assert child.stdout is not None
        watch = _watch(child)
        try:
            child.stdin.write(json.dumps(asked))
            child.stdin.close()
            for line in child.stdout:
                watch.cancel()
                yield json.loads(line)
                watch = _watch(child)
            status = child.wait()
            if status:
                yield {"died": status}
        finally:
            watch.cancel()
            child.kill()
            child.wait()
            child.stdout.close()
            with self._lock:
                self._children.discard(child)


def _watch(child: subprocess.Popen[str]) -> threading.Timer:
    timer = threading.Timer(PATIENCE_SECONDS, child.kill)
    timer.daemon = True
    timer.start()
    return timer


def _environment() -> dict[str, str]:
    """Return an environment in which threads of OpenMP that wait do not spin.

    Those of several processes would be in each other's way.
    """
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


def _cause(status: int) -> str:
    if status == -signal.SIGKILL:
        return f"the process was killed, or did not answer for {PATIENCE_SECONDS:.0f} s"
    if status < 0:
        return f"the process died of {signal.Signals(-status).name}"
    return f"the process ended with status {status}"


def _last_line(errors: Any) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return str(lines[-1]) if lines else "it said nothing"
