"""A forked child may call: no abort, no deadlock, right answers, on threads of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fork_scenarios.py")
SCENARIOS = (
    *("after_import", "fork", "new_shape", "compiles", "on_threads", "grandchild"),
    *("while_computing", "process", "worker_pool", "executor", "parent"),
)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(scope="module")
def printed(run_script: Callable[..., str]) -> str:
    """Run every scenario in one process; what is missing from its output failed or hung."""
    return run_script(SCRIPT)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_forked_child_computes(printed: str, scenario: str) -> None:
    assert f"ok {scenario}\n" in printed, printed
