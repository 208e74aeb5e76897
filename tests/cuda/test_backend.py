"""The backend `cuda` as users meet it: without a GPU, and with one that Numba simulates."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from numconv_cuda import status

HERE = Path(__file__).parent


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let the status be found anew, on a Linux without a simulator."""
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(status, "status", status.status.__wrapped__)
    return monkeypatch


def driver(version: int = 13000, devices: int = 1, error: int = 0) -> Any:
    """Return a driver that answers so."""

    def answer(value: int) -> Any:
        def call(place: Any) -> int:
            place._obj.value = value
            return error

        return call

    return SimpleNamespace(
        cuDriverGetVersion=answer(version),
        cuInit=lambda flags: error,
        cuDeviceGetCount=answer(devices),
    )


def test_without_a_driver(fresh: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise OSError

    fresh.setattr(ctypes, "CDLL", absent)
    found = status.status()
    assert found.state == "unavailable"
    assert "libcuda.so.1 not found" in found.reason
    assert "install NVIDIA's driver" in found.remedy


@pytest.mark.parametrize(
    ("present", "reason", "remedy"),
    [
        (driver(12040), "driver is for CUDA 12.4, and 13.0 is needed", "580 or newer"),
        (driver(devices=0), "finds no NVIDIA GPU", "use backend='cpu'"),
        (driver(error=999), "does not answer", "use backend='cpu'"),
    ],
    ids=["old", "no_gpu", "broken"],
)
def test_with_a_driver_that_will_not_do(
    fresh: pytest.MonkeyPatch, present: Any, reason: str, remedy: str
) -> None:
    fresh.setattr(ctypes, "CDLL", lambda name: present)
    found = status.status()
    assert found.state == "unavailable"
    assert reason in found.reason
    assert remedy in found.remedy


def test_packages_that_are_missing_or_do_not_fit(fresh: pytest.MonkeyPatch) -> None:
    fresh.setattr(ctypes, "CDLL", lambda name: driver())
    fresh.setattr(status, "_found", lambda name: True)
    fresh.setattr(status, "_loads", lambda name: True)
    versions: dict[str, str | None] = dict.fromkeys(status.OF_ONE_MAJOR, "13.1")
    fresh.setattr(status, "_version", versions.get)
    assert status.status().state == "ready"
    # What conda installed is not known to pip.
    versions["nvidia-nvjitlink"] = None
    assert status.status().state == "ready"
    versions["nvidia-nvvm"] = "12.9"
    assert "different CUDA versions: cuda-bindings 13, nvidia-nvvm 12" in status.status().reason
    fresh.setattr(status, "_loads", lambda name: name != "nvJitLink")
    found = status.status()
    assert found.reason == "not installed: nvJitLink"
    assert found.remedy == "pip install 'numba-cuda[cu13]>=0.30,<0.31' 'cuda-toolkit==13.0.*'"
    fresh.setattr(status, "_found", lambda name: name != "numba_cuda")
    assert status.status().reason == "not installed: numba_cuda"


def run(*words: str, simulated: bool) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "NUMBA_ENABLE_CUDASIM": str(int(simulated))}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=variables, check=False
    )


@pytest.mark.skipif(status.status().state == "ready", reason="there is a GPU")
def test_the_command_without_a_gpu_says_in_a_line_what_to_do() -> None:
    command = "from numconv.cli.main import main; main()"
    done = run("-c", command, "run", "--op", "involution", "--backend", "cuda", simulated=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "backend 'cuda' is unavailable" in done.stderr


def test_the_command_with_the_simulator_says_so(tmp_path: Path) -> None:
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    command = "from numconv.cli.main import main; main()"
    output = str(tmp_path / "involution.png")
    words = ("run", "--op", "involution", "--backend", "cuda", "--check", "--output", output)
    done = run("-c", command, *words, simulated=True)
    assert done.returncode == 0, done.stderr
    assert "cuda/involution" in done.stdout
    assert "passed" in done.stdout
    assert "simulated" in done.stderr
    listed = run("-c", command, "backends", simulated=True)
    assert "simulated" in listed.stdout


def test_arrays_of_the_simulator() -> None:
    pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
    done = run(str(HERE / "simulated.py"), simulated=True)
    assert done.stdout == "ok\n", done.stderr


def test_the_import_of_numba_waits_for_the_first_call() -> None:
    code = (
        "import sys, numconv\n"
        "from numconv.core import plugins\n"
        "plugins.status(plugins.backend('cuda'))\n"
        "assert 'numba' not in sys.modules"
    )
    done = run("-c", code, simulated=False)
    assert done.returncode == 0, done.stderr
