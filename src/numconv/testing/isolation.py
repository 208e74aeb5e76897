"""Verification in a child process, so that a kernel that kills its process is only a finding."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from .report import Failure, Report
from .verification import Check, Checks, Request, Result, checks_of, command

PATIENCE_SECONDS = 120.0
"""For one check: a first one compiles."""
_MOST_DEATHS = 3
"""Of one algorithm: what it still has to show is left out then."""


Progress = Callable[[Check], None]


def verify(request: Request, progress: Progress = lambda check: None) -> Report:
    """Verify a backend, and report what was found.

    An interruption (KeyboardInterrupt) ends it early: the report holds what was found so far and
    says that it is not complete.

    Parameters
    ----------
    request : Request
    progress : callable
        Called with each check before it is made.

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
    first = 0
    try:
        while first < len(checks.checks):
            if report.deaths_of(checks.checks[first]) < _MOST_DEATHS:
                first = _run_child(request, checks, first, report, progress)
            else:
                report.left_out += 1
                first += 1
    except KeyboardInterrupt:
        report.interrupted = True
    return report


def _run_child(
    request: Request,
    checks: Checks,
    first: int,
    report: Report,
    progress: Progress,
) -> int:
    """Run checks from number `first` on; return the number of the next one to run."""
    following, under_way = first, False
    asked = {**asdict(request), "first": first, "broken": report.broken_kinds()}
    with tempfile.TemporaryFile("w+") as errors:
        for event in _events(asked, errors):
            if "begin" in event:
                following, under_way = event["begin"], True
                progress(checks.checks[following])
            elif "end" in event:
                report.add(checks.checks[following], Result(**event["result"]))
                following, under_way = following + 1, False
            elif "shrunk" in event:
                report.explain(checks.checks[event["shrunk"]], event)
            elif under_way:
                _add_crash(request, report, checks.checks[following], event["died"], errors)
                following += 1
            elif following == first:
                raise RuntimeError(f"no check can be started: {_last_line(errors)}")
    return following


def _add_crash(request: Request, report: Report, check: Check, status: int, errors: Any) -> None:
    how = _cause(status)
    if status > 0:
        how += f": {_last_line(errors)}"
    report.add(check, Result("crashed", how, 0.0, 0.0))
    problem = check.named.problem
    again = command(request.backend, check.algorithm.name, check.law.name, problem)
    report.failures.append(Failure.of(check, how, again))


def _last_line(errors: Any) -> str:
    errors.seek(0)
    lines = errors.read().strip().splitlines()
    return str(lines[-1]) if lines else "it said nothing"


def _events(asked: dict[str, Any], errors: Any) -> Iterator[dict[str, Any]]:
    """Yield what the child says; last of all, its exit status where that is not 0."""
    child = subprocess.Popen(
        [sys.executable, "-m", "numconv.testing.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=_environment(),
    )
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


def _watch(child: subprocess.Popen[str]) -> threading.Timer:
    timer = threading.Timer(PATIENCE_SECONDS, child.kill)
    timer.daemon = True
    timer.start()
    return timer


def _environment() -> dict[str, str]:
    """Return an environment in which three threads are three, on fewer processors too."""
    processors = os.cpu_count() or 1
    return {"NUMBA_NUM_THREADS": str(max(4, processors)), **os.environ}


def _cause(status: int) -> str:
    if status == -signal.SIGKILL:
        return f"the process was killed, or did not answer for {PATIENCE_SECONDS:.0f} s"
    if status < 0:
        return f"the process died of {signal.Signals(-status).name}"
    return f"the process ended with status {status}"
