"""Pictures that are filtered: what comes back is the same kind of picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageSequence

from numconv import ArgumentError, filters
from numconv.cli import decoding, deep_png, encoding, memory
from numconv.cli.pictures import Picture

Run = Callable[..., Any]
SMALL = ("--backend", "reference")
HEIGHT, WIDTH = 13, 17


def _random(depth: str, channels: int, seed: int = 0) -> Any:
    generator = np.random.default_rng(seed)
    shape = (HEIGHT, WIDTH, channels)
    if depth == "float32":
        return generator.normal(2, 9, shape).astype(depth)
    return generator.integers(0, np.iinfo(depth).max, shape, endpoint=True).astype(depth)


def _pixels(name: str) -> Any:
    with Image.open(name) as opened:
        return np.asarray(opened)


def _filter(numconv: Run, source: str, target: str, weight: str = "identity", *more: str) -> Any:
    ended = numconv("run", "--input", source, "--weight", weight, "--output", target, *SMALL, *more)
    assert ended.status == 0, ended.err
    return ended


def _make_8_bits(path: Path, channels: int) -> None:
    samples = _random("uint8", channels)
    Image.fromarray(samples[..., 0] if channels == 1 else samples).save(path)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["p.png", "p.tif", "p.tga"])
def test_8_bits_are_kept(numconv: Run, name: str, channels: int) -> None:
    _make_8_bits(Path(name), channels)
    _filter(numconv, name, "out-" + name)
    with Image.open(name) as before, Image.open("out-" + name) as after:
        assert after.mode == before.mode
        # Where nothing is seen there is no colour to keep.
        seen = np.asarray(before)[..., -1:] > 0 if channels in (2, 4) else True
        np.testing.assert_array_equal(np.asarray(after) * seen, np.asarray(before) * seen)


@pytest.mark.parametrize("depth", ["uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_deep_tiff_is_kept(numconv: Run, channels: int, depth: str) -> None:
    samples = _random(depth, channels)
    if channels in (2, 4):
        samples[..., -1] = np.abs(samples[..., -1]) % 1 if depth == "float32" else 40_000
    tifffile.imwrite(
        "p.tif",
        np.squeeze(samples),
        photometric="rgb" if channels > 2 else "minisblack",
        extrasamples=["unassalpha"] * (channels in (2, 4)),
        planarconfig="contig" if channels > 1 else None,
    )
    _filter(numconv, "p.tif", "q.tif")
    after = tifffile.imread("q.tif")
    assert after.dtype == depth
    np.testing.assert_allclose(after, np.squeeze(samples), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_is_kept(numconv: Run, channels: int) -> None:
    samples = _random("uint16", channels)
    samples[..., -1] |= 1
    deep_png.write(Path("p.png"), samples, {})
    _filter(numconv, "p.png", "q.png")
    before, after = (decoding.read("input", Path(name)) for name in ("p.png", "q.png"))
    assert before.depth == after.depth == "uint16"
    np.testing.assert_array_equal(np.rint(before.colours * 65535)[0], samples[..., 0])
    np.testing.assert_array_equal(after.colours, before.colours)
    assert (after.alpha is None) == (channels in (1, 3))


def test_16_bit_png_is_read_by_others(tmp_path: Path) -> None:
    """By Pillow, which keeps the upper bytes of colours, and all of grey."""
    samples = _random("uint16", 3)
    deep_png.write(tmp_path / "p.png", samples, {"dpi": (300, 300), "icc_profile": b"abc" * 50})
    with Image.open(tmp_path / "p.png") as opened:
        np.testing.assert_array_equal(np.asarray(opened), samples >> 8)
        assert opened.info["icc_profile"] == b"abc" * 50
        assert opened.info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "raw"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_of_either_byte_order_is_read(
    tmp_path: Path, byteorder: str, compression: str
) -> None:
    samples = _random("uint16", 3)
    known = {"tiff_lzw": None, "tiff_adobe_deflate": "zlib", "raw": "none"}[compression]
    path = tmp_path / "p.tif"
    if known is None:
        Image.fromarray((samples >> 8).astype(np.uint8)).save(path, compression=compression)
        expected = (samples >> 8) / np.float32(255)
    else:
        tifffile.imwrite(path, samples, byteorder=byteorder, compression=known, photometric="rgb")
        expected = samples / np.float32(65535)
    colours = decoding.read("input", path).colours
    np.testing.assert_array_equal(colours, expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param({"bigtiff": True}, id="big_tiff"),
        pytest.param({"planarconfig": "separate"}, id="planes"),
        pytest.param({"tile": (16, 16)}, id="tiles"),
        pytest.param({"predictor": True, "compression": "zlib"}, id="predictor"),
    ],
)
def test_tiff_of_any_layout_is_read(tmp_path: Path, layout: dict[str, Any]) -> None:
    samples = _random("uint16", 3)
    given = samples.transpose(2, 0, 1) if "planarconfig" in layout else samples
    tifffile.imwrite(tmp_path / "p.tif", given, photometric="rgb", **layout)
    colours = decoding.read("input", tmp_path / "p.tif").colours
    np.testing.assert_array_equal(colours, samples.transpose(2, 0, 1) / np.float32(65535))


@pytest.mark.parametrize("kind", ["P", "1", "CMYK", "transparent_palette"])
def test_other_modes_become_grey_or_colour(numconv: Run, kind: str) -> None:
    picture = Image.fromarray(_random("uint8", 3))
    if kind == "transparent_palette":
        picture = picture.quantize(16)
        picture.info["transparency"] = 3
        picture.save("p.png", transparency=3)
    else:
        picture.convert(kind).save("p.tif" if kind == "CMYK" else "p.png")
    source = "p.tif" if Path("p.tif").exists() else "p.png"
    ended = _filter(numconv, source, "q.png")
    wanted = {"1": "L", "transparent_palette": "RGBA"}.get(kind, "RGB")
    with Image.open(source) as before, Image.open("q.png") as after:
        assert after.mode == wanted
        assert after.size == before.size
        if kind in ("P", "1"):
            expected = np.asarray(before.convert(wanted))
            np.testing.assert_array_equal(np.asarray(after), expected)
    assert ("CMYK became RGB" in ended.err) == (kind == "CMYK")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["p.png", "p.tif", "deep.png"])
def test_orientation_is_applied_once(numconv: Run, name: str, orientation: int) -> None:
    samples = _random("uint8", 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if name == "deep.png":
        given = samples.astype(np.uint16) * 257
        deep_png.write(Path(name), given, {"exif": exif.tobytes()})
    else:
        Image.fromarray(samples).save(name, exif=exif)
    _filter(numconv, name, "q.png")
    turn = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: np.rot90,
    }[orientation]
    after = decoding.read("input", Path("q.png"))
    expected = turn(samples).transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_allclose(after.colours, expected, rtol=1e-6)
    with Image.open("q.png") as opened:
        assert opened.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_float_tiff_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    """As Pillow turns what it can read."""
    samples = _random("uint8", 3)
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(
        tmp_path / "f.tif", samples.astype(np.float32), photometric="rgb", extratags=[tag]
    )
    tifffile.imwrite(tmp_path / "i.tif", samples, photometric="rgb", extratags=[tag])
    by_tifffile = decoding.read("input", tmp_path / "f.tif")
    by_pillow = decoding.read("input", tmp_path / "i.tif")
    assert (by_tifffile.depth, by_pillow.depth) == ("float32", "uint8")
    np.testing.assert_allclose(by_tifffile.colours / 255, by_pillow.colours, rtol=1e-6)


@pytest.mark.parametrize("name", ["p.png", "p.webp"])
def test_damaged_exif_spoils_no_picture(numconv: Run, name: str) -> None:
    Image.fromarray(_random("uint8", 3)).save(name, exif=b"Exif\0\0MM\0\x0b\0\0\0\x08")
    ended = _filter(numconv, name, "q.png")
    assert "EXIF record is damaged" in ended.err
    assert _pixels("q.png").shape == (HEIGHT, WIDTH, 3)
    with Image.open("q.png") as after:
        assert "exif" not in after.info


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_profile_and_resolution_are_kept(numconv: Run, suffix: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    picture = Image.fromarray(_random("uint8", 3))
    picture.save("p.jpg", icc_profile=profile, dpi=(150, 150), exif=exif)
    _filter(numconv, "p.jpg", "q" + suffix)
    with Image.open("q" + suffix) as after:
        assert after.info["icc_profile"] == profile
        if suffix != ".webp":
            assert after.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        if suffix != ".tif":
            assert after.getexif()[0x010F] == "a maker"


def test_inks_with_a_profile_are_read_through_it(tmp_path: Path) -> None:
    """A profile that is not one of inks at all cannot be, and does no harm."""
    wrong = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.fromarray(_random("uint8", 3)).convert("CMYK")
    picture.save(tmp_path / "p.tif", icc_profile=wrong)
    read = decoding.read("input", tmp_path / "p.tif")
    expected = np.asarray(picture.convert("RGB")).transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_array_equal(read.colours, expected)
    assert "icc_profile" not in read.kept


@pytest.mark.parametrize("name", ["p.gif", "p.webp", "p.tif", "p.png"])
def test_first_of_several_is_taken_with_a_note(numconv: Run, name: str) -> None:
    frames = [Image.fromarray(_random("uint8", 1, seed)[..., 0]) for seed in range(3)]
    lossless = {"lossless": True} if name == "p.webp" else {}
    frames[0].save(name, save_all=True, append_images=frames[1:], **lossless)
    ended = _filter(numconv, name, "q.png")
    assert f"the first of 3 {'pages' if name == 'p.tif' else 'frames'}" in ended.err
    with Image.open(name) as before, Image.open("q.png") as after:
        first = next(iter(ImageSequence.Iterator(before))).convert("L")
        np.testing.assert_array_equal(np.asarray(after.convert("L")), np.asarray(first))


def test_more_pixels_than_pillow_allows_are_read(tmp_path: Path) -> None:
    Image.new("1", (20_000, 19_000)).save(tmp_path / "p.png")
    assert decoding.working_bytes(tmp_path / "p.png") == 20_000 * 19_000 * 16
    limit = Image.MAX_IMAGE_PIXELS
    assert limit is None


def test_transparency_is_filtered_with_the_colours_it_shows(numconv: Run) -> None:
    """What is invisible does not bleed: red, behind a mask, has no green around it."""
    samples = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    samples[..., 1] = 255
    samples[4:9, 4:12] = (255, 0, 0, 255)
    Image.fromarray(samples).save("p.png")
    _filter(numconv, "p.png", "q.png", "gaussian", "--size", "5")
    after = _pixels("q.png")
    assert (after[..., 1] == 0).all()
    assert (after[after[..., 3] > 0][:, 0] == 255).all()
    kernel = filters.kernel("gaussian", 5)
    padded = np.pad(samples[..., 3] / 255, 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5))
    expected = 255 * (windows * kernel).sum(axis=(-2, -1))
    np.testing.assert_allclose(after[..., 3], expected, atol=0.51)


def test_transparency_stays_where_the_weights_cancel(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 4)
    ended = _filter(numconv, "p.png", "q.png", "sobel-x")
    with Image.open("p.png") as before, Image.open("q.png") as after:
        assert after.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(after)[..., 3], np.asarray(before)[..., 3])
    assert "mid-grey is 0" in ended.err


def test_transparency_is_replaced_by_white_where_there_is_none(numconv: Run) -> None:
    Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 0)).save("p.png")
    ended = _filter(numconv, "p.png", "q.jpg", "box")
    assert "JPEG has no transparency" in ended.err
    assert (_pixels("q.jpg") == 255).all()


def test_dark_pictures_stay_dark(numconv: Run) -> None:
    Image.new("L", (WIDTH, HEIGHT), 9).save("p.png")
    _filter(numconv, "p.png", "q.png", "gaussian")
    assert (_pixels("q.png") == 9).all()


def test_depth_that_does_not_fit_is_said(numconv: Run) -> None:
    deep_png.write(Path("p.png"), _random("uint16", 3), {})
    assert "JPEG has no uint16 samples" in _filter(numconv, "p.png", "q.jpg").err


def test_integers_are_filtered_as_integers(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 3)
    _filter(numconv, "p.png", "q.png", "identity", "--dtype", "uint8")
    before, after = (_pixels(name) for name in ("p.png", "q.png"))
    np.testing.assert_array_equal(before, after)


def test_kernel_in_a_file_is_applied_to_each_channel(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 3)
    np.save("shift.npy", np.array([[1, 0, 0]], np.float32))
    _filter(numconv, "p.png", "q.png", "shift.npy")
    before, after = (_pixels(name) for name in ("p.png", "q.png"))
    np.testing.assert_array_equal(after[:, 1:], before[:, :-1])


def test_weights_in_a_file_mix_the_channels(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 4)
    swap = np.eye(3, dtype=np.float32)[::-1].reshape(3, 3, 1, 1)
    np.save("swap.npy", swap)
    ended = _filter(numconv, "p.png", "q.png", "swap.npy")
    assert "white was put behind" in ended.err
    read = decoding.read("input", Path("p.png"))
    after = _pixels("q.png").transpose(2, 0, 1)
    np.testing.assert_array_equal(after, np.rint(read.on_white[::-1] * 255))


def test_many_channels_are_shown_on_a_sheet(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 3)
    np.save("w.npy", np.ones((7, 3, 3, 3), np.float32))
    assert "7 channels are no picture" in _filter(numconv, "p.png", "q.png", "w.npy").err


def test_sheet_shows_input_and_output(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 3)
    _filter(numconv, "p.png", "q.png", "box", "--sheet")
    assert _pixels("q.png").shape[1] > 2 * WIDTH


def test_size_of_a_named_kernel_is_taken(numconv: Run) -> None:
    _make_8_bits(Path("p.png"), 1)
    facts = _filter(numconv, "p.png", "q.png", "gaussian", "--size", "9", "--json").json
    assert facts["operands"]["weight"] == [1, 1, 9, 9]
    assert facts["seconds"]["all"] == []


@pytest.mark.parametrize("name", ["p.png", "p.jpg", "p.tif"])
def test_damaged_pictures_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    stream = BytesIO()
    form = {".jpg": "JPEG", ".tif": "TIFF", ".png": "PNG"}[path.suffix]
    Image.fromarray(_random("uint8", 3).repeat(9, 0).repeat(9, 1)).save(stream, form)
    for damaged in (b"", b"hello", b"II*\0", stream.getvalue()[: len(stream.getvalue()) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ArgumentError, match=name):
            decoding.read("input", path)


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path: Path, *_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(deep_png, "write", half)
    picture = Picture(np.zeros((3, 5, 7), np.float32), depth="uint16")
    with pytest.raises(ArgumentError, match="no space left"):
        encoding.write(tmp_path / "p.png", picture)
    assert not list(tmp_path.iterdir())


def test_picture_larger_than_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (2000, 1000)).save(tmp_path / "p.png")
    monkeypatch.setattr(memory, "physical", lambda: 10**7)
    with pytest.raises(ArgumentError, match="2000x1000 pixels take about 0 GB of memory"):
        decoding.read("input", tmp_path / "p.png")


def test_profile_of_colours_is_left_out_of_grey(numconv: Run) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(_random("uint8", 3)).save("p.png", icc_profile=profile)
    np.save("w.npy", np.full((1, 3, 1, 1), 1 / 3, np.float32))
    _filter(numconv, "p.png", "q.png", "w.npy")
    with Image.open("q.png") as after:
        assert after.mode == "L"
        assert "icc_profile" not in after.info


def test_colour_that_stands_for_nothing_is_transparent(tmp_path: Path) -> None:
    samples = _random("uint16", 3)
    deep_png.write(tmp_path / "p.png", samples, {})
    clear = struct.pack(">HHH", *samples[4, 5].tolist())
    chunk = struct.pack(">I", 6) + b"tRNS" + clear + struct.pack(">I", zlib.crc32(b"tRNS" + clear))
    written = (tmp_path / "p.png").read_bytes()
    header = 8 + 25  # the signature and IHDR
    (tmp_path / "p.png").write_bytes(written[:header] + chunk + written[header:])
    alpha = decoding.read("input", tmp_path / "p.png").alpha
    assert alpha is not None
    assert np.argwhere(alpha == 0).tolist() == [[4, 5]]


def test_resolution_of_deep_tiff_is_kept(numconv: Run) -> None:
    tifffile.imwrite(
        "p.tif",
        _random("uint16", 3),
        photometric="rgb",
        resolution=(150, 75),
        resolutionunit="inch",
    )
    for name in ("q.tif", "q.png", "q.jpg"):
        _filter(numconv, "p.tif", name)
        with Image.open(name) as after:
            assert after.info["dpi"] == pytest.approx((150, 75), abs=0.1)


def test_resolution_of_nothing_is_left_out(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "p.tif", _random("uint8", 1)[..., 0], resolution=(0, 0))
    assert "dpi" not in decoding.read("input", tmp_path / "p.tif").kept
