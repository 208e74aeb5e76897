"""Scripts written for SciPy print the same with its import exchanged for ours."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

pytestmark = pytest.mark.peer
pytest.importorskip("scipy.signal", reason="SciPy is not installed")

SCRIPTS = sorted(Path(__file__).with_name("scripts").glob("*.py"))
THEIRS, OURS = "from scipy import signal", "import numconv.signal as signal"


def printed(source: str, name: str) -> str:
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        exec(compile(source, name, "exec"), {"__name__": "__main__"})
    return stream.getvalue()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_import_is_all_that_changes(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert source.count(THEIRS) == 1
    expected = printed(source, str(script))
    assert len(expected.splitlines()) > 4
    assert printed(source.replace(THEIRS, OURS), str(script)) == expected
