"""A forked child may call: no abort, no deadlock, right answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fork_scenarios.py")
LIBRARIES = Path(sys.prefix) / "lib"
SCENARIOS = (
    *("after_import", "fork", "new_shape", "compiles", "grandchild"),
    *("while_computing", "process", "pool", "executor", "parent"),
)
SECONDS = 300

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(scope="module", params=["omp", "workqueue", "tbb"])
def printed(request: pytest.FixtureRequest) -> str:
    """Run every scenario in one process; what is missing from its output failed or hung."""
    layer = request.param
    if layer == "tbb" and not (any(LIBRARIES.glob("libtbb.so.12*")) or find_library("tbb")):
        pytest.skip("Intel's TBB is not installed (pip install tbb)")
    path = os.pathsep.join(filter(None, (str(LIBRARIES), os.environ.get("LD_LIBRARY_PATH"))))
    variables = {**os.environ, "LD_LIBRARY_PATH": path, "NUMBA_THREADING_LAYER": layer}
    # One processor would make every call a serial one.
    variables["NUMCONV_NUM_THREADS"] = variables["NUMBA_NUM_THREADS"] = "2"
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
    assert f"layer {layer}\n" in lines, lines
    return lines


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_forked_child_computes(printed: str, scenario: str) -> None:
    assert f"ok {scenario}\n" in printed, printed
