"""The digest of results says what has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_differences_are_named() -> None:
    code = (
        "import digest; "
        "print(digest.differences({'a': '1', 'b': '2', 'c': '3'}, {'a': '1', 'b': '4', 'd': '5'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == "['other bits: b', 'missing: c', 'new: d']"
