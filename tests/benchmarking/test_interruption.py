"""Ctrl-C in the middle of `numconv bench`: what was measured is printed and saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from numconv.benchmarking import Report

SUITE = """
[[layers]]
name = "measured before"
function = "conv2d"
operands = [[1, 4, 9, 9], [2, 4, 3, 3]]

[[layers]]
name = "never ends"
function = "conv2d"
operands = [[1, 5, 9, 9], [2, 5, 3, 3]]
"""
PATIENCE_SECONDS = 120


def _wait_for(marker: Path, process: subprocess.Popen[str]) -> int:
    """Return the number that the stub's process wrote when it fell asleep."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if marker.is_file() and marker.read_text():
            return int(marker.read_text())
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("the second layer was never reached")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_keeps_what_was_measured(stubs: Path) -> None:
    (stubs / "two.toml").write_text(SUITE)
    measure = ["bench", "--suite", "two.toml", "--vs", "sleeping", "--quick"]
    save = ["--json", "part.json"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from numconv.cli.main import main; main()", *measure, *save],
        cwd=stubs,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        sleeper = _wait_for(stubs / "marker", process)
        # As a terminal does: to every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "numconv: interrupted" in err
    assert "Traceback" not in err
    assert "measured before" in out
    assert "never ends" not in out
    report = Report.read(stubs / "part.json")
    assert report.interrupted
    assert [layer.layer.name for layer in report.layers] == ["measured before"]
    assert report.layers[0].measurement("user", "cpu").seconds
    with pytest.raises(ProcessLookupError):
        os.kill(sleeper, 0)
