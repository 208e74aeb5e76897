"""What all tests share: their number of threads is put back, and scripts run under a time limit."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from numconv.core import threads

# A shell lets what it starts in the background ignore interrupts, and so would the processes that
# are interrupted by tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Readline, which pytest has loaded, tells its children how wide its terminal is.
os.environ.pop("COLUMNS", None)

# Tests look at stderr, and whether kernels are compiled depends on what ran before.
os.environ["NUMCONV_QUIET"] = "1"


# Longest first, in this order: what two processes have left in the end is then little.
LONGEST = (
    *("cuda/test_kernels.py", "cuda/test_wrong_kernels.py", "cli/test_bench.py", "cpu-winograd"),
    *("benchmarking/test_measuring.py", "cuda-tensor", "testing/test_mutants.py"),
    *("cuda-depthwise", "cpu-direct", "testing/test_pytest_plugin.py", "cuda-direct"),
    *("plugins/test_interrupts.py", "cuda-loops", "cpu-loops", "cli/test_narrow.py"),
    *("test_modes.py", "peer/test_processes.py", "cuda/test_products.py", "cuda/test_block.py"),
    *("plugins/test_passes.py", "conformance/test_drawn.py", "cpu-spectral", "cpu-fft"),
)
# The laws of an algorithm, of whatever problems, and the tests of what is its own.
_LAWS = re.compile(r"conformance/test_(?:laws|large)\.py::test_law\[(\w+-\w+)-")
_CUDA_LAWS = re.compile(r"cuda/test_laws\.py::test_law\[(\w+)-")
_OWN = re.compile(r"plugins/test_(depthwise|direct|fft|involution|scattered|spectral|winograd)\.py")


def together(test: str) -> str:
    """Return what a test is run together with, by one process.

    That is its file, or the algorithm whose laws it checks: each is compiled by one process alone,
    while another has another one.
    """
    test = test.removeprefix("tests/")
    if found := _LAWS.match(test):
        return found[1]
    if found := _CUDA_LAWS.match(test):
        return f"cuda-{found[1]}"
    if found := _OWN.match(test):
        return f"cpu-{found[1]}"
    return test.partition("::")[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest, and what belongs together side by side."""
    places = {each: place for place, each in enumerate(LONGEST)}
    for item in items:
        places.setdefault(together(item.nodeid), len(places))
    items.sort(key=lambda item: places[together(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With pytest-xdist's ``--dist loadscope``, give each process what belongs together."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Scheduling(config, log)


def pytest_collection_finish() -> None:
    _leave_out_of_collections()


@pytest.fixture(autouse=True, scope="module")
def _less_to_collect() -> Iterator[None]:
    yield
    _leave_out_of_collections()


def _leave_out_of_collections() -> None:
    """Let later garbage collections pass over what is there.

    Some ten thousand tests and all that the compiler remembers are a million objects, for which a
    collection takes seconds; laws and tests of memory ask for hundreds.
    """
    gc.collect()
    gc.freeze()


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
