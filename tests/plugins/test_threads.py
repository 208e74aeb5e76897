"""Any number of Python threads may call at once: no abort, no deadlock, the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from numconv.core.threads import most_threads

SCRIPTS = Path(__file__).parent
# Ten times what it takes with kernels that are still to be compiled, on a busy machine.
SECONDS = 300


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a process that sets no number of threads itself."""
    chosen = {k: v for k, v in os.environ.items() if k != "NUMCONV_NUM_THREADS"}
    return {**chosen, **variables}


def output(script: str, *arguments: str, variables: dict[str, str]) -> str:
    """Return what a script prints; whatever it started is ended with it."""
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", str(SCRIPTS / script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=variables,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(f"hung for {SECONDS} s after: {process.communicate()[0]}")
    return f"{printed}status {process.returncode}\n"


@pytest.mark.parametrize("scenario", ["first_calls", "one_call", "changing_count", "prepared_plan"])
def test_python_threads_get_the_bits_of_a_single_thread(scenario: str) -> None:
    printed = output("thread_scenarios.py", scenario, variables=environment())
    assert printed.endswith("ok\nstatus 0\n"), printed


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine has one processor")
@pytest.mark.parametrize(
    ("variables", "chosen", "expected"),
    [
        pytest.param({"NUMCONV_NUM_THREADS": "1"}, "", "1 pool 0", id="environment_1"),
        pytest.param({"NUMCONV_NUM_THREADS": "2"}, "", "2 pool 1", id="environment_2"),
        pytest.param({"NUMCONV_NUM_THREADS": "2"}, "1", "1 pool 0", id="set_1_over_environment_2"),
        pytest.param({"NUMCONV_NUM_THREADS": "1"}, "2", "2 pool 1", id="set_2_over_environment_1"),
    ],
)
def test_the_number_of_threads_is_the_one_asked_for(
    variables: dict[str, str], chosen: str, expected: str
) -> None:
    arguments = filter(None, ("count", chosen))
    printed = output("thread_scenarios.py", *arguments, variables=environment(**variables))
    assert printed.endswith(f"used {expected}\nnumba untouched\nok\nstatus 0\n"), printed


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [({"NUMCONV_NUM_THREADS": "1000000000"}, ""), ({}, "1000000000")],
    ids=["environment", "set"],
)
def test_there_are_never_more_threads_than_processors(
    variables: dict[str, str], chosen: str
) -> None:
    most = most_threads()
    arguments = filter(None, ("count", chosen))
    printed = output("thread_scenarios.py", *arguments, variables=environment(**variables))
    assert f"used {most} pool {most - 1}\n" in printed, printed
