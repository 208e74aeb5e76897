"""Pictures larger than their format holds: one error, before anything is computed or written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv.cli import files, limits

Run = Callable[..., Any]
MODES = {"grey": "L", "colour": "RGB", "transparent": "RGBA"}
SIZES = [(1, 1), (70_000, 1), (1, 70_000)]
KERNEL = ("--weight", "box", "--size", "1")


def _formats() -> dict[str, str]:
    """Return the first suffix of each format in which a picture can be written."""
    found: dict[str, str] = {}
    for suffix in files.PICTURES:
        if files.pictured(Path("x" + suffix)):
            found.setdefault(str(files.form(Path("x" + suffix))), suffix)
    return found


FORMATS = _formats()


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)


def _picture(path: Path, mode: str, size: tuple[int, int]) -> None:
    width, height = size
    bands = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(0).integers(0, 256, (height, width, bands), np.uint8)
    Image.fromarray(samples[..., 0] if bands == 1 else samples).save(path)


@pytest.mark.parametrize("size", SIZES, ids=["dot", "wide", "tall"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_is_written_as_it_is_or_not_at_all(
    numconv: Run, tmp_path: Path, form: str, mode: str, size: tuple[int, int]
) -> None:
    _picture(tmp_path / "in.png", MODES[mode], size)
    output = tmp_path / f"out{FORMATS[form]}"
    ended = numconv("run", "in.png", *KERNEL, "-o", output.name)
    if ended.status == 0:
        with Image.open(output) as written:
            assert written.size == size
    else:
        assert f"output='{output.name}': expected" in ended.complaint
        assert sorted(os.listdir(tmp_path)) == ["in.png"]
        if form in limits._LONGEST or form in limits._ONLY:
            assert f"{form} " in ended.complaint
            assert f"this one has {size[0]}x{size[1]} pixels" in ended.complaint


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("form", sorted(limits._LONGEST.keys() & FORMATS.keys()))
def test_the_longest_is_written_and_one_more_is_not(
    numconv: Run, tmp_path: Path, form: str, tall: bool
) -> None:
    longest = limits._LONGEST[form]
    output = tmp_path / f"out{FORMATS[form]}"
    for length in (longest, longest + 1):
        size = (1, length) if tall else (length, 1)
        _picture(tmp_path / "in.png", "RGB", size)
        ended = numconv("run", "in.png", *KERNEL, "-o", output.name, "--json")
        if length == longest:
            assert ended.status == 0, ended.err
            with Image.open(output) as written:
                written.load()
                assert written.size == size
            output.unlink()
        else:
            assert f"{form} holds {longest} along an axis" in ended.complaint
            assert not output.exists()


@pytest.mark.parametrize("form", sorted(limits._ONLY))
def test_a_format_of_one_size(numconv: Run, tmp_path: Path, form: str) -> None:
    output = f"out{FORMATS[form]}"
    side = limits._ONLY[form]
    _picture(tmp_path / "in.png", "RGBA", (side, side))
    assert numconv("run", "in.png", *KERNEL, "-o", output).status == 0
    with Image.open(output) as written:
        assert written.size[:2] == (side, side)
    _picture(tmp_path / "in.png", "RGBA", (64, 64))
    expected = f"a picture of {side}x{side} as {form} needs; this one has 64x64 pixels"
    assert expected in numconv("run", "in.png", *KERNEL, "-o", output).complaint


def test_it_is_refused_before_it_is_computed(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numconv.cli import moving

    monkeypatch.setattr(moving.Mover, "fetch", None)
    _picture(tmp_path / "in.png", "RGB", (300, 200))
    call = ("run", "in.png", "--op", "transposed", "--weight", "box", "--stride", "2")
    assert "ICO holds 256 along an axis; this one has 6" in numconv(*call, "-o", "x.ico").complaint


def test_existing_files_stay(numconv: Run, tmp_path: Path) -> None:
    _picture(tmp_path / "in.png", "RGB", (300, 200))
    (tmp_path / "x.ico").write_bytes(b"mine")
    assert "300x200" in numconv("run", "in.png", *KERNEL, "-o", "x.ico").complaint
    assert (tmp_path / "x.ico").read_bytes() == b"mine"


def test_of_a_folder_only_what_fits_is_written(numconv: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (16_383, 1)).save(tmp_path / "in" / "a.webp")
    Image.new("RGB", (300, 1)).save(tmp_path / "in" / "b.gif")
    call = ("run", "in/", "--weight", "box", "--stride", "1x1", "--op", "transposed")
    ended = numconv(*call, "--dilation", "5", "-o", "out/")
    assert ended.status == 1
    assert "WEBP holds 16383 along an axis; this one has 16393x11 pixels" in ended.err
    assert os.listdir(tmp_path / "out") == ["b.gif"]


@pytest.mark.parametrize("call", [("run", "--sheet"), ("shape", "--draw", "x.ico")])
def test_sheets_and_drawings(numconv: Run, tmp_path: Path, call: tuple[str, ...]) -> None:
    _picture(tmp_path / "in.png", "RGB", (200, 200))
    more = ("in.png", *KERNEL, "-o", "x.ico") if call[0] == "run" else ()
    assert "ICO holds 256 along an axis" in numconv(*call, *more).complaint
    assert not (tmp_path / "x.ico").exists()


@pytest.mark.parametrize("error", [OverflowError("too big"), RuntimeError("no"), ValueError("no")])
def test_whatever_an_encoder_raises_is_one_line(
    numconv: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(self: Any, path: Any, *arguments: Any, **options: Any) -> None:
        Path(path).write_bytes(b"half")
        raise error

    _picture(tmp_path / "in.png", "RGB", (20, 20))
    monkeypatch.setattr(Image.Image, "save", failing)
    complaint = numconv("run", "in.png", *KERNEL, "-o", "x.jpg").complaint
    assert f"output='x.jpg': expected a file that can be written ({error})" in complaint
    assert sorted(os.listdir(tmp_path)) == ["in.png"]
