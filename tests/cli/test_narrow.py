"""Terminals of 45 columns: every line fits, no word is broken, and nothing is left out."""

from __future__ import annotations

import dataclasses
import doctest
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv.cli import lines, main, printing

Run = Callable[..., Any]
WIDTH = 45
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SUITE = """
title = "A small one"

[[layers]]
name = "1x1 8@12"
function = "conv2d"
operands = [[1, 8, 12, 12], [4, 8, 1, 1]]
"""
PHOTO = ("run", "photo.png", "--weight", "gaussian", "--size", "5", "-o", "blurred.png")
LAYERS = ("--layer", "k=7,s=2,p=3,c=64", "--layer", "k=3,s=2,p=0:1")

COMMANDS = {
    "info": ("info",),
    "ops": ("ops",),
    "backends": ("backends",),
    "filters": ("filters",),
    "filter": ("filters", "gaussian", "--size", "9"),
    "explain": ("explain", "dilated"),
    "explain_stages": ("explain", "involution_block", "--shape", "1x16x20x20"),
    "explain_nothing": ("explain", "channel_shuffle"),
    "shape": ("shape", "--op", "transposed", "--kernel", "3", "--padding", "1"),
    "shape_layers": ("shape", "--input-shape", "3x224x224", *LAYERS),
    "shape_involution": ("shape", "--op", "involution", "--input-shape", "16x30x30"),
    "shape_drawn": ("shape", "--draw", "drawing-with-a-name-of-more-than-thirty-letters.png"),
    "run": ("run", "--shape", "1x8x20x20", "--check"),
    "run_stages": ("run", "--op", "separable", "--shape", "1x8x20x20", "--check"),
    "run_picture": PHOTO,
    "run_folder": ("run", "folder/", "--weight", "box", "-o", "out/", "--existing", "overwrite"),
    "verify": ("verify", "--op", "pointwise", "--law", "linear", "--algorithm", "pointwise"),
    "verify_refused": ("verify", "--op", "dilated", "--law", "linear", "--algorithm", "pointwise"),
    "tune": ("tune", "--shape", "1x16x20x20"),
    "tune_refused": ("tune", "--shape", "1x16x20x20", "--backend", "cuda"),
    "warmup": ("warmup", "--op", "pointwise", "--op", "channel_shuffle"),
    "bench": ("bench", "--suite", "small.toml", "--quick", "--backend", "reference", "--vs", "cpu"),
    "bench_suites": ("bench", "--suite", "nope"),
    "new_refused": ("new", "backend", "cpu"),
    "unknown_operator": ("run", "--op", "nope"),
    "unknown_option": ("run", "--nope"),
    "unreadable": ("run", "--input", "a-picture-with-a-name-of-more-than-forty-five-letters.png"),
}
MEASURED = ("run", "verify", "tune", "warmup", "bench")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    (tmp_path / "folder").mkdir()
    Image.fromarray(pixels).save(tmp_path / "folder" / "photo.png")
    (tmp_path / "folder" / "a-broken-file-with-a-name-of-forty-five-letters.png").touch()
    (tmp_path / "small.toml").write_text(SUITE)


def _pieces(text: str, command: str) -> set[str]:
    """Return the words; without numbers where those differ from run to run."""
    words = set(text.split())
    if command not in MEASURED:
        return words
    units = ("s", "ms", "µs", "ns")
    return {each for each in words if not re.search(r"\d", each) and each.strip(",") not in units}


@pytest.mark.parametrize("case", COMMANDS)
def test_output_fits_and_says_all(numconv: Run, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    call = COMMANDS[case]
    if call[0] == "tune":
        numconv(*call)  # what is remembered is said in other words than what was measured
    wide = numconv(*call)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    narrow = numconv(*call)
    assert narrow.status == wide.status
    whole = wide.out + wide.err
    text = narrow.out + narrow.err
    assert max(map(lines.cells, text.splitlines())) <= WIDTH
    assert "Traceback" not in text
    lacking = _pieces(whole, call[0]) - _pieces(text, call[0])
    lacking.discard("n/a")  # the head of a column that is empty
    # Broken are the words alone that are wider than the terminal, or a value's column.
    together = "".join(text.split())
    assert not {each for each in lacking if each not in together}, text
    assert not {each for each in lacking if len(each) < WIDTH - 20}, text


@pytest.mark.parametrize("name", ["", *main.COMMANDS])
def test_help_fits_and_says_all(numconv: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    call = (name, "--help") if name else ("--help",)
    monkeypatch.setenv("COLUMNS", "200")
    wide = numconv(*call).out
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    narrow = numconv(*call).out
    assert max(map(len, narrow.splitlines())) <= WIDTH
    lacking = set(wide.split()) - set(narrow.split())
    assert lacking <= {"[zeros|reflect|symmetric|replicate|circular]"}
    for number in (60, 70, 80, 100):
        monkeypatch.setenv("COLUMNS", str(number))
        assert max(map(len, numconv(*call).out.splitlines())) <= number


def test_examples_in_help_can_be_copied(numconv: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    wide = numconv("run", "--help").out
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    narrow = numconv("run", "--help").out
    joined = re.sub(r" \\\n +", " ", narrow)
    examples = [line for line in wide.splitlines() if line.startswith("    numconv ")]
    assert len(examples) > 3
    for line in examples:
        assert line + "\n" in joined
    assert "--weight \\\n" not in narrow


def test_a_broken_law_is_shown_with_a_command_to_copy(
    numconv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numconv.cli import verify
    from numconv.testing.report import Failure

    command = 'numconv verify --backend cpu --law linear --problem \'{"batch": 1, "more": 2}\''
    names = dict.fromkeys(Failure.__dataclass_fields__, "word " * 30)
    failure = Failure(**{**names, "command": command})
    monkeypatch.setattr(verify, "_print_refusals", lambda report: None)
    whole = verify.verify

    def broken(*arguments: Any) -> Any:
        return dataclasses.replace(whole(*arguments), failures=[failure])

    monkeypatch.setattr(verify, "verify", broken)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    out = numconv("verify", "--op", "pointwise", "--law", "linear", "--algorithm", "loops").out
    assert f"again: {command}" in re.sub(r" \\\n +", " ", out)
    assert max(map(len, out.splitlines())) <= WIDTH


pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")


def _on_a_terminal(columns: int, *arguments: str) -> str:
    """Return what `numconv` writes to a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    child, master = pty.fork()
    if child == 0:  # pragma: no cover
        os.environ.pop("COLUMNS", None)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # Not what the C library has besides: readline puts COLUMNS there.
        call = [sys.executable, "-m", "numconv", *arguments]
        os.execve(sys.executable, call, dict(os.environ))
    written = b""
    while True:
        try:
            read = os.read(master, 65536)
        except OSError:  # the child has ended
            break
        if not read:
            break
        written += read
    os.close(master)
    os.waitpid(child, 0)
    return STYLE.sub("", written.decode())


@pytest.mark.parametrize("case", ["ops", "backends", "shape_layers", "run_folder", "unreadable"])
def test_a_real_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, numconv: Run, case: str
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    text = _on_a_terminal(WIDTH, *COMMANDS[case])
    assert max(map(lines.cells, re.split(r"[\r\n]+", text))) <= WIDTH
    whole = numconv(*COMMANDS[case])
    together = "".join(text.split())
    pieces = _pieces(whole.out + whole.err, COMMANDS[case][0])
    assert not [piece for piece in pieces if piece not in together], text


def test_colours_are_for_people_who_want_them(
    monkeypatch: pytest.MonkeyPatch, numconv: Run
) -> None:
    monkeypatch.setattr(printing, "is_terminal", lambda stream: True)
    monkeypatch.setattr("click._compat.should_strip_ansi", lambda stream, color: False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("click.utils.should_strip_ansi", lambda stream, color: False)
        assert "\x1b[36m" in numconv("backends").out
        patch.setenv("NO_COLOR", "1")
        assert "\x1b" not in numconv("backends").out


@pytest.mark.parametrize("columns", ["0", "-3", "many", ""])
def test_columns_that_say_nothing_cut_nothing(
    numconv: Run, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    whole = numconv("ops").out
    monkeypatch.setenv("COLUMNS", columns)
    assert numconv("ops").out == whole


def test_wide_letters_count_twice() -> None:
    assert lines.cells("畳み込み") == 8
    assert lines.wrapped("畳み込み 畳み込み", 9) == ["畳み込み", "畳み込み"]
    made = lines.table([["a", "b"], ["畳み", "x"], ["long", "y"]], 80)
    assert made == [["a     b"], ["畳み  x"], ["long  y"]]


@pytest.mark.parametrize("width", range(20, 60, 7))
def test_every_table_fits(width: int) -> None:
    rows = [["layer", "kernel", "why it was refused"], ["a", "3x3", "word " * 12], ["b", "5", "no"]]
    made = lines.table(rows, width)
    listed = [line for row in lines.listed(rows[0], rows[1:]) for line in lines.pairs(row, width)]
    shown = [name + value for name, value in listed]
    if made is not None:
        shown = [line for row in made for line in row]
    assert max(map(len, shown)) <= width
    assert " ".join(shown).count("word") == 12


@pytest.mark.parametrize("module", [lines, printing], ids=["lines", "printing"])
def test_examples_in_docstrings_run(module: ModuleType) -> None:
    ran = doctest.testmod(module)
    assert ran.failed == 0
    assert ran.attempted >= 2


def test_a_number_keeps_its_unit() -> None:
    assert lines.wrapped("it took 94.4 ms here", 12) == ["it took", "94.4 ms here"]
