"""A good guest: PyTorch and Numba find their threads as they were, and their workers may call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("process_scenarios.py")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]


@pytest.mark.parametrize(
    "scenario",
    [
        *("threads_kept", "loaders", "forked_after_torch"),
        *("forked_after_numba", "forked_during_first_call"),
    ],
)
def test_guests_and_workers(scenario: str, run_script: Callable[..., str]) -> None:
    printed = run_script(SCRIPT, scenario)
    # Python's tracker of semaphores may still say something of its own at the end.
    assert "\nok\n" in f"\n{printed}", printed
    assert printed.endswith("status 0\n"), printed
