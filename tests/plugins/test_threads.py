"""Any number of Python threads may call at once: no abort, no deadlock, the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent
LIBRARIES = Path(sys.prefix) / "lib"
LAYERS = ("omp", "workqueue", "tbb")
# Ten times what it takes with kernels that are still to be compiled, on a busy machine.
SECONDS = 300


def environment(layer: str, **variables: str) -> dict[str, str]:
    """Return the environment of a process whose Numba runs on `layer`, or skip."""
    if layer == "tbb" and not (any(LIBRARIES.glob("libtbb.so.12*")) or find_library("tbb")):
        pytest.skip("Intel's TBB is not installed (pip install tbb)")
    if layer == "omp" and sys.platform == "darwin" and not find_library("omp"):
        pytest.skip("libomp is not installed")
    path = os.pathsep.join(filter(None, (str(LIBRARIES), os.environ.get("LD_LIBRARY_PATH"))))
    chosen = {k: v for k, v in os.environ.items() if k != "NUMCONV_NUM_THREADS"}
    return {**chosen, "LD_LIBRARY_PATH": path, "NUMBA_THREADING_LAYER": layer, **variables}


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


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("scenario", ["first_calls", "one_call", "changing_count", "prepared_plan"])
def test_python_threads_get_the_bits_of_a_single_thread(scenario: str, layer: str) -> None:
    printed = output("thread_scenarios.py", scenario, variables=environment(layer))
    assert printed.endswith("ok\nstatus 0\n"), printed
    assert f"layer {layer}\n" in printed


@pytest.mark.parametrize(
    ("variables", "chosen", "expected"),
    [
        pytest.param({"NUMCONV_NUM_THREADS": "1"}, "", "1 serial", id="environment_1"),
        pytest.param({"NUMCONV_NUM_THREADS": "2"}, "", "2 parallel", id="environment_2"),
        pytest.param({"NUMCONV_NUM_THREADS": "2"}, "1", "1 serial", id="set_1_over_environment_2"),
        pytest.param(
            {"NUMCONV_NUM_THREADS": "1"}, "3", "3 parallel", id="set_3_over_environment_1"
        ),
        pytest.param({"NUMCONV_NUM_THREADS": "9"}, "", "4 parallel", id="more_than_numba_has"),
    ],
)
def test_the_number_of_threads_is_the_one_asked_for(
    variables: dict[str, str], chosen: str, expected: str
) -> None:
    given = {**environment("omp", NUMBA_NUM_THREADS="4"), **variables}
    arguments = filter(None, ("count", chosen))
    printed = output("thread_scenarios.py", *arguments, variables=given)
    assert printed.endswith(f"used {expected}\nmask kept\nok\nstatus 0\n"), printed
