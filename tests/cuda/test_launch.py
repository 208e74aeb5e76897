"""Everything between a call and the GPU, on a driver made up for it; see `launching.py`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")
if shutil.which("cc") is None:
    pytest.skip("no C compiler makes the made-up driver", allow_module_level=True)

SCRIPT = Path(__file__).with_name("launching.py")
NAMES = [
    line.strip(" ,")
    for line in SCRIPT.read_text().partition("] = (\n")[2].partition("\n)\n")[0].splitlines()
]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Run all scenes in a process that has the driver; return what went wrong, by scene."""
    folder = tmp_path_factory.mktemp("driver")
    variables = {**os.environ, "NUMBA_ENABLE_CUDASIM": "0", "NUMCONV_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, env=variables
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("scene", NAMES)
def test_scene(wrong: dict[str, str], scene: str) -> None:
    assert scene not in wrong, wrong[scene]
