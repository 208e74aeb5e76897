"""Any number of Python threads may call at once: no abort, no deadlock, the same bits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from numconv.core.threads import most_threads

SCRIPT = Path(__file__).with_name("thread_scenarios.py")


@pytest.mark.parametrize("scenario", ["first_calls", "one_call", "changing_count", "prepared_plan"])
def test_python_threads_get_the_bits_of_a_single_thread(
    scenario: str, run_script: Callable[..., str]
) -> None:
    printed = run_script(SCRIPT, scenario)
    assert printed.endswith("ok\nstatus 0\n"), printed


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="processors cannot be chosen")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine has one processor")
def test_threads_may_run_where_their_caller_may(run_script: Callable[..., str]) -> None:
    printed = run_script(SCRIPT, "processors")
    assert printed == "ok\nstatus 0\n"


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine has one processor")
@pytest.mark.parametrize(
    ("environment", "chosen", "expected"),
    [
        pytest.param("1", "", "1 pool 0", id="environment_1"),
        pytest.param("2", "", "2 pool 1", id="environment_2"),
        pytest.param("2", "1", "1 pool 0", id="set_1_over_environment_2"),
        pytest.param("1", "2", "2 pool 1", id="set_2_over_environment_1"),
    ],
)
def test_the_number_of_threads_is_the_one_asked_for(
    environment: str, chosen: str, expected: str, run_script: Callable[..., str]
) -> None:
    arguments = filter(None, ("count", chosen))
    printed = run_script(SCRIPT, *arguments, NUMCONV_NUM_THREADS=environment)
    assert printed.endswith(f"used {expected}\nnumba untouched\nok\nstatus 0\n"), printed


@pytest.mark.parametrize(
    ("environment", "chosen"), [("1000000000", ""), ("1", "1000000000")], ids=["environment", "set"]
)
def test_there_are_never_more_threads_than_processors(
    environment: str, chosen: str, run_script: Callable[..., str]
) -> None:
    most = most_threads()
    arguments = filter(None, ("count", chosen))
    printed = run_script(SCRIPT, *arguments, NUMCONV_NUM_THREADS=environment)
    assert f"used {most} pool {most - 1}\n" in printed, printed
