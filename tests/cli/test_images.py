"""Images in and out: modes, depths, orientation, damage; and values as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from numconv import ArgumentError
from numconv.cli import images, panels

RAMP = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
COLOUR = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], axis=-1)


def _read(tmp_path: Path, picture: Image.Image, name: str = "p.png", **options: Any) -> Any:
    picture.save(tmp_path / name, **options)
    return images.read("input", tmp_path / name)


def test_photograph_is_small_and_in_colour() -> None:
    x = images.photograph()
    assert x.dtype == np.float32
    assert x.shape == (3, 320, 480)
    assert 0 <= x.min() < 0.1
    assert 0.9 < x.max() <= 1


def test_grey(tmp_path: Path) -> None:
    x = _read(tmp_path, Image.fromarray(RAMP))
    np.testing.assert_array_equal(x, RAMP[None] / np.float32(255))


def test_colour(tmp_path: Path) -> None:
    x = _read(tmp_path, Image.fromarray(COLOUR))
    np.testing.assert_array_equal(x, COLOUR.transpose(2, 0, 1) / np.float32(255))
    assert x.flags.c_contiguous


def test_transparency_is_composited_onto_white(tmp_path: Path) -> None:
    alpha = np.zeros((4, 6, 1), np.uint8)
    alpha[0] = 255
    x = _read(tmp_path, Image.fromarray(np.concatenate([COLOUR, alpha], axis=-1)))
    np.testing.assert_array_equal(x[:, 0], COLOUR[0].T / np.float32(255))
    assert (x[:, 1:] == 1).all()


def test_16_bits_are_kept(tmp_path: Path) -> None:
    deep = np.arange(24, dtype=np.uint16).reshape(4, 6) * 2000 + 1
    x = _read(tmp_path, Image.fromarray(deep))
    np.testing.assert_allclose(x[0] * 65535, deep, rtol=1e-6)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "CMYK", "YCbCr"])
def test_other_modes_become_grey_or_colour(tmp_path: Path, mode: str) -> None:
    name = "p.jpg" if mode in ("CMYK", "YCbCr") else "p.png"
    picture = Image.fromarray(COLOUR)
    x = _read(
        tmp_path,
        picture.convert("L").convert("LA") if mode == "LA" else picture.convert(mode),
        name,
    )
    assert x.shape[0] in (1, 3)
    assert x.dtype == np.float32
    assert 0 <= x.min() <= x.max() <= 1


def test_recorded_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    x = _read(tmp_path, Image.fromarray(RAMP), exif=exif)
    np.testing.assert_array_equal(x[0], np.rot90(RAMP, -1) / np.float32(255))


def test_truncated_image_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    half = (tmp_path / "whole.png").read_bytes()[:5000]
    (tmp_path / "half.png").write_bytes(half)
    with pytest.raises(ArgumentError, match=r"half.png.*truncated"):
        images.read("input", tmp_path / "half.png")


@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.npz"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("not an image, nor an array")
    with pytest.raises(ArgumentError, match=name):
        images.read("input", tmp_path / name)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ArgumentError, match="objects"):
        images.read("input", tmp_path / "x.npy")


def test_npz_of_two_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=RAMP, b=RAMP)
    with pytest.raises(ArgumentError, match="it holds a, b"):
        images.read("input", tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["y.npy", "y.npz", "y.NPY"])
def test_written_array_reads_back(tmp_path: Path, name: str) -> None:
    images.write_array(tmp_path / name, COLOUR)
    np.testing.assert_array_equal(images.read("input", tmp_path / name), COLOUR)


def test_signed_values_are_centred_at_mid_grey() -> None:
    values = np.linspace(-2, 2, 101).reshape(1, 101, 1)
    levels, note = panels.shade(values)
    assert levels[0, 50, 0] == pytest.approx(0.5)
    assert levels[0, 0, 0] == 0
    assert levels[0, -1, 0] == 1
    assert "mid-grey is 0" in note


def test_values_of_a_picture_stay_as_they_are() -> None:
    x = images.photograph().astype(float)
    levels, note = panels.shade(x)
    np.testing.assert_array_equal(levels, x)
    assert note == ""


def test_large_values_are_scaled() -> None:
    levels, note = panels.shade(np.linspace(0, 1000, 101).reshape(1, 101, 1))
    assert levels[0, 50, 0] == pytest.approx(0.5, abs=0.01)
    assert "black is 0" in note


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        pytest.param((1, 5, 7), (5, 7), id="grey"),
        pytest.param((3, 5, 7), (5, 7), id="colour"),
        pytest.param((2, 3, 5, 7), (5, 7), id="first_of_a_batch"),
        pytest.param((2, 5, 7), (12, 7), id="two_channels"),
        pytest.param((9,), (1, 9), id="row"),
        pytest.param((1, 2, 2, 5, 7), (12, 16), id="volume"),
    ],
)
def test_panel_keeps_the_size_in_samples(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(shape)
    pixels = panels.panel("x", values).pixels
    assert pixels.shape[2] == 3
    if shape != (2, 5, 7):
        assert pixels.shape[:2] == size
    else:
        assert pixels.shape[:2] in {(12, 7), (5, 16)}


def test_infinities_do_not_reach_the_picture() -> None:
    values = np.array([[[np.nan, np.inf, 0.25, 0.75]]])
    assert panels.panel("x", values).pixels[0, 2:, 0].tolist() == [64, 191]


def test_panels_are_drawn_at_one_scale() -> None:
    small = np.zeros((1, 10, 20))
    large = np.ones((1, 20, 40))
    sheet = np.asarray(
        panels.side_by_side([panels.panel("a", small), panels.panel("b", large)], "caption")
    )
    black, white = (sheet == 0).all(axis=-1), sheet.shape[1]
    assert black.sum() == 10 * 20 * 9 * 9
    assert white > 60 * 9
