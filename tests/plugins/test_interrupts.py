"""An interrupt at any moment leaves nothing locked and nothing half made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("interrupt_scenarios.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.mark.parametrize(
    ("scenario", "step"),
    [
        # Some lines of each, others than a loop's; without a step, all of them are tried.
        ("first_call", "103"),
        ("warm_call", "1"),
        ("planning", "41"),
        ("prepared", "43"),
        ("tuning", "59"),
        ("pools", "17"),
    ],
)
def test_an_exception_at_any_line_harms_no_other_call(
    scenario: str, step: str, run_script: Callable[..., str]
) -> None:
    printed = run_script(SCRIPT, scenario, step)
    assert printed.endswith("ok\nstatus 0\n"), printed


def test_a_process_is_usable_after_its_first_call_was_interrupted(
    run_script: Callable[..., str],
) -> None:
    printed = run_script(SCRIPT, "first_interrupted", "0.03", "0.1", "0.25", "0.5")
    assert printed.endswith("ok\nstatus 0\n"), printed
    assert "interrupted\n" in printed


@pytest.mark.parametrize("scenario", ["often_interrupted", "handlers_call"])
def test_signals_in_the_midst_of_calls(scenario: str, run_script: Callable[..., str]) -> None:
    printed = run_script(SCRIPT, scenario)
    assert printed.endswith("ok\nstatus 0\n"), printed
