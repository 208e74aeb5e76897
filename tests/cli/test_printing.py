"""Names of files, and all text from outside, are printed so that no terminal acts upon them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv import ArgumentError
from numconv.cli import printing
from numconv.core.errors import printable

Run = Callable[..., Any]
SMALL = ("--repeat", "0", "--backend", "reference")
NAME, SHOWN = "a\x1b[31mred\nb.png", r"a\x1b[31mred\nb.png"
UNDECODED = os.fsdecode(b"\xff\x9b31m.png")
SHOWN_UNDECODED = r"\udcff\udc9b31m.png"
NAMES = pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param(NAME, SHOWN, id="escape_sequence"),
        pytest.param(UNDECODED, SHOWN_UNDECODED, id="bytes_that_are_no_text"),
        pytest.param("\u202egnp.png", r"\u202egnp.png", id="right_to_left"),
        pytest.param("größe 畳.png", "größe 畳.png", id="letters"),
    ],
)


def _safe(text: str) -> bool:
    return all(each.isprintable() or each == "\n" for each in text)


def _picture(name: str) -> None:
    Image.new("L", (20, 20), 77).save(name)


@NAMES
def test_names_of_files_of_a_run(numconv: Run, name: str, shown: str) -> None:
    _picture(name)
    for call in (("--sheet", "--weight", "box"), ("--weight", "box"), ()):
        ended = numconv("run", name, *call, "-o", f"out-{name}", *SMALL)
        assert ended.status == 0, ended.err
        assert _safe(ended.out + ended.err)
        assert f"input       {shown}\n" in ended.out
        assert f"written to  out-{shown}\n" in ended.out


@NAMES
def test_names_in_json_are_exact(numconv: Run, name: str, shown: str) -> None:
    _picture(name)
    ended = numconv("run", name, "--weight", "box", "-o", f"out-{name}", *SMALL, "--json")
    assert ended.out.isascii()
    assert ended.json["source"] == name
    assert ended.json["output"] == f"out-{name}"
    assert Path(ended.json["output"]).is_file()


@NAMES
def test_names_in_complaints(numconv: Run, name: str, shown: str) -> None:
    _picture(name)
    Path(f"broken-{name}").write_bytes(b"nothing")
    # glob's own patterns are in one of the names, so all are given one by one
    for call in (
        ("run", "--weight", "box", "--input", f"broken-{name}", "-o", "x.png"),
        ("run", name, "--weight", f"none-{name}.npy", "-o", "x.png"),
        ("run", name, "--weight", "box", "-o", f"none-{name}/x.png"),
        ("run", name, "--weight", "box", "-o", f"x.{name}q"),
        ("run", name, name + "2.png", "--weight", "box"),
        ("run", name, name, "--weight", "box", "-o", name),
        ("shape", "--draw", f"none-{name}/x.png"),
        ("run", "--op", name),
        ("run", f"--{name}"),
        ("run", "--shape", name),
        ("run", "--set", name),
        ("run", "--dtype", name),
        ("bench", "--suite", name),
        ("bench", "--json", f"none-{name}/x.json"),
        ("bench", "--compare", name),
        ("filters", name),
        ("explain", name),
        (name,),
    ):
        complaint = numconv(*call).complaint
        assert _safe(complaint)
        assert shown in complaint, call


@NAMES
def test_names_in_the_report_of_a_folder(numconv: Run, name: str, shown: str) -> None:
    folder = Path("in")
    folder.mkdir()
    _picture(f"in/{name}")
    Path(f"in/broken-{name}").write_bytes(b"nothing")
    call = ("run", "in/", "--weight", "box", "--output", f"out-{name}/", "--existing", "overwrite")
    ended = numconv(*call)
    assert ended.status == 1
    assert _safe(ended.out + ended.err)
    assert f"numconv: in/broken-{shown}: expected" in ended.err
    assert ended.err.count("\n") == 1
    assert f"written to  out-{shown}\n" in ended.out
    files = {each["input"]: each["output"] for each in numconv(*call, "--json").json["files"]}
    assert files == {f"in/{name}": f"out-{name}/{name}", f"in/broken-{name}": None}


def test_notes_are_escaped(numconv: Run) -> None:
    _picture("p.png")
    numconv("run", "p.png", "--weight", "box", "-o", "q.png", *SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("numconv.cli.results.write", lambda *_: ("a \x1b[2Jnote\nof two lines",))
        ended = numconv("run", "p.png", "--weight", "box", "-o", "q.png", *SMALL)
    assert ended.err == "note: a \\x1b[2Jnote\\nof two lines\n"


def test_escaped_once() -> None:
    error = ArgumentError("output", NAME, f"a file in a folder that exists (there is none {NAME})")
    assert str(error) == (
        rf"output='{SHOWN}': expected a file in a folder that exists (there is none {SHOWN})"
    )
    assert printable(str(error)) == str(error)


def test_progress_shows_names_with_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from numconv.cli.progress import bar

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("sys.stderr", terminal)
    with bar("") as advance:
        advance(1, 2, NAME)
    assert SHOWN in terminal.getvalue()
    assert "\x1b[31mred" not in terminal.getvalue()


ENCODINGS: dict[str, dict[str, str]] = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin": {"PYTHONIOENCODING": "latin-1"},
    "no_locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "locale_C": {"LC_ALL": "C"},
    "utf8": {"PYTHONUTF8": "1"},
}
CHILD = [sys.executable, "-m", "numconv"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_encoding_is_too_small(encoding: str, tmp_path: Path) -> None:
    names = [NAME, UNDECODED, "größe 畳.png"]
    for name in names:
        _picture(str(tmp_path / name))
    (tmp_path / "broken\x1b.png").write_bytes(b"nothing")
    environment = {**os.environ, **ENCODINGS[encoding]}
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment, "capture_output": True}
    call = ["run", *names, "broken\x1b.png", "--weight", "box", "--output", "größe/"]
    ended = subprocess.run([*CHILD, *call], **options, check=False, timeout=120)
    text = (ended.stdout + ended.stderr).decode("latin-1")
    assert ended.returncode == 1, text
    assert "Traceback" not in text
    assert "\x1b" not in text
    assert "numconv: broken\\x1b.png: expected" in text
    assert len(list((tmp_path / "größe").iterdir())) == len(names)
    if encoding in ("ascii", "no_locale"):
        assert text.isascii()
        assert "written to  gr" in text
    told = subprocess.run(
        [*CHILD, *call, "--existing", "overwrite", "--json"], **options, check=False, timeout=120
    )
    files = json.loads(told.stdout)["files"]
    if encoding not in ("no_locale", "locale_C"):  # where the names are other text to Python
        assert {each["input"] for each in files} == {*names, "broken\x1b.png"}
    assert all(os.path.lexists(os.path.join(tmp_path, each["input"])) for each in files)


def test_letters_that_an_encoding_lacks_are_written_plainly(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    code = (
        "from numconv.cli import printing; printing.forgive();"
        "printing.say('12 \\u00b5s \\u00d7 3\\u2026 \\u7573')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, timeout=60
    )
    assert ended.stdout == b"12 us x 3... \\u7573\n"


def test_arrays_by_their_names(numconv: Run) -> None:
    np.save("a\x1b.npy", np.ones((3, 8, 8), np.float32))
    ended = numconv("run", "a\x1b.npy", "--kernel", "3", *SMALL, "-o", "b\x1b.npy")
    assert ended.status == 0, ended.err
    assert "input       a\\x1b.npy" in ended.out
    assert Path("b\x1b.npy").is_file()


def test_text_of_plugins_is_escaped(numconv: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from numconv.core import plugins

    fault = plugins.Fault("bad\x1b[1m", "Error: two\nlines")
    monkeypatch.setattr(plugins, "faults", lambda: (fault,))
    ended = numconv("backends")
    assert "set aside: plugin bad\\x1b[1m: Error: two\\nlines\n" in ended.out
    assert printing.printable("plain") == "plain"
