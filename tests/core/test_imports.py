"""What ``import numconv`` brings with it, and what it costs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = (
    *("numba", "llvmlite", "click", "PIL", "rich", "pluggy", "torch", "scipy"),
    "importlib.metadata",
)
MOST_TIMES_NUMPY = 1.5
ROUNDS = 7


def _stdout(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


@pytest.mark.parametrize("module", HEAVY)
def test_import_brings_nothing_heavy(module: str, imported: frozenset[str]) -> None:
    assert module not in imported


def test_import_makes_the_public_names(imported: frozenset[str]) -> None:
    assert "numconv.functional" in imported
    missing = _stdout(
        "import numconv; print([n for n in numconv.__all__ if not hasattr(numconv, n)])"
    )
    assert missing.strip() == "[]"


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    code = (
        "import sys; before = set(sys.modules); from numconv import conv2d; "
        "print(*set(sys.modules) - before)"
    )
    return frozenset(_stdout(code).split())


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="processor time of a child is not known here")
def test_import_costs_at_most_half_again_what_numpy_does() -> None:
    """Processor time in fresh interpreters, alternating, the least of several."""
    seconds: dict[str, list[float]] = {"numpy": [], "numconv": []}
    for _ in range(ROUNDS):
        for module, taken in seconds.items():
            taken.append(_processor_time(f"import {module}"))
    numpy, numconv = min(seconds["numpy"]), min(seconds["numconv"])
    assert numconv <= MOST_TIMES_NUMPY * numpy, f"{numconv:.3f} s, numpy alone {numpy:.3f} s"


def _processor_time(code: str) -> float:
    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code])
    _, status, usage = os.wait4(child, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime
