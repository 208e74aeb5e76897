"""Everything between a call and the GPU, on a driver made up for it; see `launching.py`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
if shutil.which("cc") is None:
    pytest.skip("no C compiler makes the made-up driver", allow_module_level=True)

HERE = Path(__file__).parent
NAMES = [
    name
    for file in sorted(HERE.glob("scenes_*.py"))
    for name in re.findall(r"^def (\w+)\(\) -> None:", file.read_text(), re.MULTILINE)
]
SUITE = """
title = "A few"
source = "a dry run"

[[layers]]
name = "depthwise"
function = "conv2d"
operands = [[1, 3, 5, 6], [3, 1, 3, 3]]
parameters = { groups = 3 }

[[layers]]
name = "involution"
function = "involution2d"
operands = [[1, 3, 5, 6], [1, 1, 3, 3, 5, 6]]
parameters = { padding = 1 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the driver, and of the kernels that are compiled for it."""
    return tmp_path_factory.mktemp("driver")


def run(script: str, folder: Path, *words: str) -> str:
    """Run a script in a process that has the driver; return what it says."""
    variables = {**os.environ, "NUMBA_ENABLE_CUDASIM": "0", "NUMCONV_CACHE_DIR": str(folder)}
    command = [sys.executable, str(HERE / script), str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wrong(folder: Path) -> dict[str, str]:
    """Play all scenes; return what went wrong, by scene."""
    found: dict[str, str] = json.loads(run("launching.py", folder))
    return found


@pytest.mark.parametrize("scene", NAMES)
def test_scene(wrong: dict[str, str], scene: str) -> None:
    assert wrong[scene] == ""


def test_what_is_to_be_run_on_a_gpu_runs(folder: Path) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    suite = folder / "few.toml"
    suite.write_text(SUITE)
    words = ("--seconds", "600", "--batch", "2", "--variant", "float32", "--suite", str(suite))
    told = run("dry_run.py", folder, *words)
    assert told == (folder / "on_device.txt").read_text() + "\n"
    report = json.loads((folder / "on_device.json").read_text())
    assert report["laws"]["kept"] > 0
    assert report["laws"]["broken"] == []
    assert set(report["overhead"]) == {"numconv", "with out", "plan", "torch"}
    assert [row["algorithm"] for row in report["times"]] == ["depthwise", "involution"]
    assert all(set(row["ratios"]) >= {"torch", "torch_tf32"} for row in report["times"])
