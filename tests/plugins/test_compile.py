"""The decorator of kernels: what runs on threads, and what does not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.caching import NullCache

from numconv_cpu.compile import kernel


@kernel(parallel=True)
def fill(out, serial):  # type: ignore[no-untyped-def]
    ones = np.ones(out.size, out.dtype)
    if serial:
        for i in range(out.size):
            out[i] = ones[i]
    else:
        for i in numba.prange(out.size):
            out[i] = ones[i]


def parallel_loops(function: Any) -> list[int]:
    """Return the number of parallel loops in each version that has been compiled."""
    found = []
    for signature in function.signatures:
        diagnostics = function.get_metadata(signature)["parfor_diagnostics"]
        found.append(diagnostics.count_parfors())
    return found


def test_nothing_but_prange_runs_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "_cache", NullCache())
    for dtype in ("float32", "float64", "int64"):
        fill(np.zeros(5, dtype), True)
    assert parallel_loops(fill) == [1, 1, 1]


def test_no_two_processes_give_kernels_the_same_name() -> None:
    code = (
        "import numconv_cpu.compile\n"
        "from numba.core.bytecode import FunctionIdentity\n"
        "print(FunctionIdentity.from_function(lambda: None).unique_id)\n"
    )
    numbers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert numbers[0].stdout != numbers[1].stdout
