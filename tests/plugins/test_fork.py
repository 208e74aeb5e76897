"""A forked child may call: no abort, no deadlock, right answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fork_scenarios.py")
SCENARIOS = (
    *("after_import", "fork", "new_shape", "compiles", "on_threads", "grandchild"),
    *("while_computing", "process", "worker_pool", "executor", "parent"),
)
SECONDS = 300

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(scope="module")
def printed() -> str:
    """Run every scenario in one process; what is missing from its output failed or hung."""
    # One processor would make every call a serial one.
    variables = {**os.environ, "NUMCONV_NUM_THREADS": "2"}
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", str(SCRIPT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=variables,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            lines, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            lines = process.communicate()[0] + f"hung for {SECONDS} s\n"
    return lines


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_forked_child_computes(printed: str, scenario: str) -> None:
    assert f"ok {scenario}\n" in printed, printed
