"""A call that compiles for long says so, once, and not where nobody wants to hear it."""

from __future__ import annotations

import io
import os
import time

import pytest

from numconv.core import patience


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(patience.QUIET, raising=False)
    monkeypatch.setattr(patience, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(patience._Burst, "ended", float("-inf"))


Stderr = pytest.CaptureFixture[str]


def compile_for(seconds: float, result: int = 7) -> int:
    time.sleep(seconds)
    return result


def test_one_line_for_what_takes_long(capsys: Stderr) -> None:
    assert patience.patiently(compile_for, 0.3) == 7
    assert patience.patiently(compile_for, 0.3, 8) == 8
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "compiling kernels" in written
    assert "NUMCONV_QUIET=1" in written


def test_many_short_ones_are_long_together(capsys: Stderr) -> None:
    for _ in range(5):
        patience.patiently(compile_for, 0.05)
    assert capsys.readouterr().err.count("\n") == 1


def test_nothing_for_what_is_short(capsys: Stderr) -> None:
    patience.patiently(compile_for, 0.0)
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("value", "silent"), [("1", True), ("yes", True), ("0", False), ("", False)]
)
def test_quiet(capsys: Stderr, monkeypatch: pytest.MonkeyPatch, value: str, silent: bool) -> None:
    monkeypatch.setenv(patience.QUIET, value)
    patience.patiently(compile_for, 0.3)
    assert (capsys.readouterr().err == "") == silent


def test_an_error_comes_out() -> None:
    with pytest.raises(ZeroDivisionError):
        patience.patiently(lambda: 1 / 0)


@pytest.mark.parametrize("closed", [True, False])
def test_a_stderr_that_cannot_be_written_is_no_error(
    monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream if closed else None)
    assert patience.patiently(compile_for, 0.3) == 7


def test_a_terminal_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    patience.patiently(compile_for, 0.5)
    written = terminal.getvalue()
    assert "compiling kernels" in written
    assert "\n" not in written
    assert written.endswith("\r")
    assert not written.split("\r")[-2].strip()


@pytest.mark.parametrize(("columns", "quiet"), [(45, False), (80, True)])
def test_the_line_fits_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, quiet: bool
) -> None:
    terminal = Terminal()
    terminal.fileno = lambda: 2  # type: ignore[method-assign]
    monkeypatch.setattr("os.get_terminal_size", lambda of: os.terminal_size((columns, 24)))
    monkeypatch.setattr("sys.stderr", terminal)
    patience.patiently(compile_for, 0.5)
    written = terminal.getvalue().split("\r")
    assert "compiling kernels" in written[1]
    assert max(map(len, written)) < columns
    assert ("NUMCONV_QUIET=1" in written[1]) == quiet
