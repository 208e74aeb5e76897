"""What README, CONTRIBUTING and the page on arrays show in Python runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in ("README.md", "CONTRIBUTING.md", "docs/arrays.md")
    for number, block in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.S)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_code_block_runs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "import torch" in block:
        pytest.importorskip("torch")
    monkeypatch.chdir(ROOT)
    exec(compile(block, "<block>", "exec"), {})
