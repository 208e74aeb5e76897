"""What all tests share: their number of threads is put back, and scripts run under a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from numconv.core import threads

# A shell lets what it starts in the background ignore interrupts, and so would the processes that
# are interrupted by tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


TESTS = Path(__file__).parent

# Readline, which pytest has loaded, tells its children how wide its terminal is.
os.environ.pop("COLUMNS", None)

# Tests look at stderr, and whether kernels are compiled depends on what ran before.
os.environ["NUMCONV_QUIET"] = "1"


# Longest first, in this order: what two processes have left in the end is then little. Files
# that compile the same kernels are apart, so that one finds what the other has kept.
LONGEST = (
    *("cuda/test_laws.py", "plugins/test_winograd.py", "conformance/test_laws.py"),
    *("cuda/test_kernels.py", "benchmarking/test_measuring.py", "cli/test_bench.py"),
    *("testing/test_mutants.py", "cuda/test_wrong_kernels.py", "cuda/test_products.py"),
    *("plugins/test_direct.py", "plugins/test_spectral.py", "plugins/test_fft.py"),
    *("plugins/test_interrupts.py", "cuda/test_launch.py", "cuda/test_backend.py"),
    "peer/test_processes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    places = {TESTS / each: place for place, each in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.fixture(autouse=True)
def _threads_put_back() -> Iterator[None]:
    before = threads.get_num_threads()
    yield
    threads.set_num_threads(before)


# Ten times what the longest takes with kernels that are still to be compiled, on a busy machine.
SCRIPT_SECONDS = 200


@pytest.fixture(scope="session")
def run_script() -> Callable[..., str]:
    """Return a function that runs a script in a process of its own, and returns what it prints.

    Two threads, unless `variables` say otherwise: one processor would make every call a serial one.
    The last line is ``status`` and the exit status.
    """

    def run(script: Path, *arguments: str, **variables: str) -> str:
        environment = {**os.environ, "NUMCONV_NUM_THREADS": "2", **variables}
        environment["PYTHONPATH"] = str(Path(__file__).parent)  # where `children` is
        with subprocess.Popen(
            [sys.executable, "-X", "faulthandler", str(script), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                printed, _ = process.communicate(timeout=SCRIPT_SECONDS)
            except subprocess.TimeoutExpired:
                # Whatever it started is ended with it.
                os.killpg(process.pid, signal.SIGKILL)
                printed = process.communicate()[0] + f"hung for {SCRIPT_SECONDS} s\n"
        return f"{printed}status {process.returncode}\n"

    return run
