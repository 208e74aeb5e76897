"""The algorithm that the page on kernels writes: it is whole, and keeps the laws of values."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numconv_cpu

PAGE = Path(__file__).parents[2] / "docs" / "kernels.md"
FILE = re.compile(
    r"^`(algorithms/im2col/\w+\.py)`:.*?^```python\n(.*?)^```", re.MULTILINE | re.DOTALL
)


def test_the_algorithm_of_the_page_keeps_the_laws_of_values(tmp_path: Path) -> None:
    assert numconv_cpu.__file__ is not None
    package = tmp_path / "numconv_cpu"
    shutil.copytree(Path(numconv_cpu.__file__).parent, package)
    written = FILE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(written) == 2
    for name, code in written:
        (package / name).parent.mkdir(exist_ok=True)
        (package / name).write_text(code)
    listed = package / "algorithms" / "__init__.py"
    text = listed.read_text()
    text = text.replace("from .involution", "from .im2col import Im2col\nfrom .involution", 1)
    listed.write_text(
        text.replace(
            "    ConvolutionProblem: (\n", "    ConvolutionProblem: (\n        Im2col(),\n", 1
        )
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "numconv", "verify", "--backend", "cpu"),
            *("--algorithm", "im2col", "--law", "values"),
        ],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]),
            "NUMCONV_CACHE_DIR": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cpu/im2col" in done.stdout
    assert "every law is kept" in done.stdout
