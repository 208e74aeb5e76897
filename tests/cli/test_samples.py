"""Samples, bands, polarity, transparency and depth of pictures: exactly, or with a note."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from numconv import ArgumentError
from numconv.cli import decoding, files, memory

Run = Callable[..., Any]

RANDOM = np.random.default_rng(15)
SIZE = (7, 9)
_LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".avif")


def _samples(dtype: str, *channels: int) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype)
    if kind.kind in "ui":
        limits = np.iinfo(kind)
        drawn = RANDOM.integers(limits.min, limits.max, (*SIZE, *channels), kind, endpoint=True)
        drawn.flat[:2] = limits.min, limits.max
        return drawn
    return (RANDOM.normal(size=(*SIZE, *channels)) * 100).astype(kind)


def _read(path: Path) -> Any:
    return decoding.read("input", path)


def _tiff(tmp_path: Path, samples: Any, **tags: Any) -> Any:
    tifffile.imwrite(tmp_path / "p.tif", samples, **tags)
    return _read(tmp_path / "p.tif")


def _identity(numconv: Run, source: Path, target: Path) -> str:
    """Filter with a kernel that changes nothing, and return what was said."""
    ended = numconv("run", "--input", str(source), "--weight", "identity", "--output", str(target))
    assert ended.status == 0, ended.err
    return str(ended.err)


@pytest.mark.parametrize(
    ("dtype", "depth"),
    [
        *(("uint8", "uint8"), ("uint16", "uint16"), ("uint32", "float64"), ("int8", "float32")),
        *(("int16", "float32"), ("int32", "float64"), ("float16", "float32")),
        *(("float32", "float32"), ("float64", "float64")),
    ],
)
@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "colour"])
def test_every_sample_of_a_tiff_comes_through(
    numconv: Run, tmp_path: Path, dtype: str, depth: str, channels: tuple[int, ...]
) -> None:
    samples = _samples(dtype, *channels)
    read = _tiff(tmp_path, samples, photometric="rgb" if channels else "minisblack")
    assert read.depth == depth
    white = np.iinfo(dtype).max if depth == dtype and dtype[0] == "u" else 1
    expected = np.moveaxis(np.atleast_3d(samples), -1, 0)
    assert (
        np.rint(read.colours.astype(float) * white) if white > 1 else read.colours
    ).tolist() == (expected.tolist())
    assert ("became" in " ".join(read.notes)) == (dtype != depth)
    _identity(numconv, tmp_path / "p.tif", tmp_path / "q.tif")
    written = tifffile.imread(tmp_path / "q.tif")
    assert written.dtype == depth
    np.testing.assert_array_equal(written, samples.astype(depth))


def test_integers_that_no_float_holds_are_said_to_be_rounded(tmp_path: Path) -> None:
    large = np.full(SIZE, 2**53 + 1, np.int64)
    assert any("beyond 2**53" in note for note in _tiff(tmp_path, large).notes)
    assert not any("beyond" in note for note in _tiff(tmp_path, large - 1).notes)


@pytest.mark.parametrize("bits", [1, 2, 4, 10, 12, 14])
def test_few_bits_reach_from_black_to_white(tmp_path: Path, bits: int) -> None:
    samples = RANDOM.integers(0, 2**bits, SIZE).astype(np.uint8 if bits <= 8 else np.uint16)
    samples[0, :2] = 0, 2**bits - 1
    given: Any = samples.astype(bool) if bits == 1 else samples
    read = _tiff(tmp_path, given, bitspersample=bits, photometric="minisblack")
    np.testing.assert_array_equal(np.rint(read.colours[0] * (2**bits - 1)), samples)
    assert (read.colours.min(), read.colours.max()) == (0, 1)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16"])
def test_white_may_be_0(tmp_path: Path, dtype: str) -> None:
    samples = _samples("uint16") > 30_000 if dtype == "bool" else _samples(dtype)
    white = 1 if dtype == "bool" else np.iinfo(dtype).max
    read = _tiff(tmp_path, samples, photometric="miniswhite")
    np.testing.assert_array_equal(np.rint(read.colours[0] * white), white - samples.astype(int))


@pytest.mark.parametrize("dtype", ["uint32", "float32"])
def test_white_of_values_may_not_be_0(tmp_path: Path, dtype: str) -> None:
    samples = _samples(dtype)
    read = _tiff(tmp_path, samples, photometric="miniswhite")
    np.testing.assert_array_equal(read.colours[0], samples)
    assert any("0 is its white" in note for note in read.notes)


@pytest.mark.parametrize(
    ("channels", "photometric", "colours"),
    [(2, "minisblack", 1), (5, "minisblack", 1), (4, "rgb", 3), (7, "rgb", 3)],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_bands_are_no_opacity(
    numconv: Run,
    tmp_path: Path,
    channels: int,
    photometric: str,
    colours: int,
    dtype: str,
    planes: str,
) -> None:
    samples = _samples(dtype, channels)
    laid = samples if planes == "contig" else np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    tags = {"photometric": photometric, "planarconfig": planes}
    read = _tiff(tmp_path, laid, extrasamples=["unspecified"] * (channels - colours), **tags)
    assert (len(read.colours), read.bands, read.alpha) == (channels, channels - colours, None)
    _identity(numconv, tmp_path / "p.tif", tmp_path / "q.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "q.tif"), samples)
    if dtype == "uint8":
        said = _identity(numconv, tmp_path / "p.tif", tmp_path / "q.png")
        assert f"the other bands, {channels - colours}, were left out" in said
        left = samples[..., 0] if colours == 1 else samples[..., :3]
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "q.png")), left)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("colours", [1, 3])
def test_premultiplied_colours_are_weighted_once(
    numconv: Run, tmp_path: Path, dtype: str, colours: int
) -> None:
    white = np.iinfo(dtype).max if dtype[0] == "u" else 1
    alpha = RANDOM.integers(0, 256, (*SIZE, 1)) / 255
    straight = RANDOM.integers(0, 256, (*SIZE, colours)) / 255
    samples = np.concatenate([straight * alpha, alpha], axis=-1) * white
    samples = (np.rint(samples) if white > 1 else samples).astype(dtype)
    tags = {"photometric": "rgb" if colours == 3 else "minisblack", "extrasamples": ["assocalpha"]}
    read = _tiff(tmp_path, samples, **tags)
    np.testing.assert_allclose(read.alpha, alpha[..., 0], atol=1e-6)
    error = 0.51 / white / np.maximum(alpha, 1 / 255) if white > 1 else 1e-5
    there = alpha[..., 0] > 0
    wrong = np.abs(np.moveaxis(read.colours, 0, -1) - straight)
    assert (wrong <= error)[there].all()
    on_white = samples[..., :-1] / white + 1 - samples[..., -1:] / white
    np.testing.assert_allclose(np.moveaxis(read.on_white, 0, -1), on_white, atol=1e-6)
    _identity(numconv, tmp_path / "p.tif", tmp_path / "q.tif")
    with tifffile.TiffFile(tmp_path / "q.tif") as tiff:
        assert tiff.pages.first.extrasamples == (1,)
        written = tiff.asarray()
    tolerance = 0 if white > 1 else 1e-6
    np.testing.assert_allclose(written, samples, atol=tolerance)


def test_light_without_opacity_is_said_to_be_lost(tmp_path: Path) -> None:
    glow = np.ones((*SIZE, 4), np.float32)
    glow[..., 3] = 0
    read = _tiff(tmp_path, glow, photometric="rgb", extrasamples=["assocalpha"])
    assert any("wholly transparent" in note for note in read.notes)


def test_opacity_is_found_among_the_bands(numconv: Run, tmp_path: Path) -> None:
    samples = _samples("uint16", 6)
    extras = ["unspecified", "unassalpha", "unspecified"]
    read = _tiff(tmp_path, samples, photometric="rgb", extrasamples=extras, planarconfig="contig")
    assert (len(read.colours), read.bands) == (5, 2)
    for at, kept in enumerate((0, 1, 2, 3, 5)):
        np.testing.assert_array_equal(np.rint(read.colours[at] * 65535), samples[..., kept])
    np.testing.assert_array_equal(np.rint(read.alpha * 65535), samples[..., 4])
    _identity(numconv, tmp_path / "p.tif", tmp_path / "q.tif")
    again = _read(tmp_path / "q.tif")
    assert again.bands == 2
    there = read.alpha > 0.1
    np.testing.assert_allclose(again.alpha, read.alpha, atol=1e-5)
    np.testing.assert_allclose(again.colours[:, there], read.colours[:, there], atol=3e-4)


def test_opacity_of_integers_is_from_0_to_1(tmp_path: Path) -> None:
    samples = _samples("uint32", 4)
    read = _tiff(tmp_path, samples, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_allclose(read.alpha, samples[..., 3] / (2**32 - 1))
    np.testing.assert_array_equal(read.colours, np.moveaxis(samples[..., :3], -1, 0))


@pytest.mark.parametrize(("deep", "depth"), [(False, "uint8"), (True, "uint16")])
def test_palette_of_a_tiff_is_as_deep_as_it_is(tmp_path: Path, deep: bool, depth: str) -> None:
    palette = RANDOM.integers(0, 65536 if deep else 256, (3, 256)).astype(np.uint16)
    palette *= 1 if deep else 257
    samples = _samples("uint8")
    read = _tiff(tmp_path, samples, photometric="palette", colormap=palette)
    assert read.depth == depth
    np.testing.assert_array_equal(np.rint(read.colours * 65535), palette[:, samples])


@pytest.mark.parametrize(
    "tags",
    [
        {"compression": "lzw", "predictor": True},
        {"compression": "zstd"},
        {"compression": "lzma"},
        {"tile": (16, 16), "compression": "zlib"},
        {"bigtiff": True, "byteorder": ">"},
        {"rowsperstrip": 2},
    ],
    ids=str,
)
def test_tiff_of_any_compression_is_read(tmp_path: Path, tags: dict[str, Any]) -> None:
    samples = _samples("uint16", 3)
    read = _tiff(tmp_path, samples, photometric="rgb", **tags)
    np.testing.assert_array_equal(np.rint(read.colours * 65535), np.moveaxis(samples, -1, 0))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_is_read(tmp_path: Path, compression: str) -> None:
    black = np.asarray(_samples("uint8") > 100)
    Image.fromarray(black).save(tmp_path / "p.tif", compression=compression)
    np.testing.assert_array_equal(_read(tmp_path / "p.tif").colours[0], black)


def test_pages_of_imagej_are_counted(tmp_path: Path) -> None:
    read = _tiff(tmp_path, np.stack([_samples("uint16")] * 5), imagej=True)
    assert any("the first of 5 pages" in note for note in read.notes)


@pytest.mark.parametrize(
    ("samples", "tags", "why"),
    [
        pytest.param(_samples("float32") + 1j, {}, "complex64", id="complex"),
        pytest.param(_samples("uint16"), {"photometric": "cfa"}, "camera", id="raw"),
        pytest.param(
            _samples("uint8", 3),
            {"photometric": "rgb", "extratags": [(50706, 1, 4, b"\1\4\0\0", True)]},
            "camera",
            id="dng",
        ),
        pytest.param(_samples("uint16", 4), {"photometric": "separated"}, "of 16 bits", id="inks"),
        pytest.param(_samples("uint8", 3), {"photometric": "icclab"}, "ICCLAB", id="icclab"),
        pytest.param(
            np.stack([_samples("uint8")] * 16),
            {"volumetric": True, "tile": (16, 16, 16)},
            "volume of 16",
            id="volume",
        ),
        pytest.param(
            _samples("uint8"),
            {"subfiletype": 1, "photometric": "minisblack"},
            "preview",
            id="small",
        ),
    ],
)
def test_tiffs_that_are_no_pictures_are_refused_by_name(
    tmp_path: Path, samples: Any, tags: dict[str, Any], why: str
) -> None:
    with pytest.raises(ArgumentError, match=why):
        _tiff(tmp_path, samples, **tags)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_truncated_tiff_is_refused(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "p.tif"
    tifffile.imwrite(path, _samples("uint16", 3), photometric="rgb", compression=compression)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ArgumentError, match="truncated"):
        _read(path)


def test_tiff_of_more_rows_than_it_has_strips_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.tif"
    tifffile.imwrite(path, _samples("uint16"), rowsperstrip=1, compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tiff.pages.first.tags["ImageLength"].overwrite(1000)
    with pytest.raises(ArgumentError, match="7 of 1000 strips"):
        _read(path)


@pytest.mark.parametrize("head", [b"\0", b"II", b"II*\0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"P5 3"])
@pytest.mark.parametrize("suffix", [".png", ".tif", ".tga"])
def test_beginnings_alone_are_refused(tmp_path: Path, head: bytes, suffix: str) -> None:
    (tmp_path / f"p{suffix}").write_bytes(head)
    with pytest.raises(ArgumentError, match="input"):
        _read(tmp_path / f"p{suffix}")


def test_tiff_larger_than_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "physical", lambda: 1_000_000)
    with pytest.raises(ArgumentError, match=r"300x300 pixels take .* of memory"):
        _tiff(tmp_path, np.zeros((300, 300), np.float64))
    assert decoding.working_bytes(tmp_path / "p.tif") == 300 * 300 * 8 * 4


def _png(samples: np.ndarray[Any, Any], bits: int, clear: Any = None) -> bytes:
    """Return a PNG of samples (H, W) or (H, W, C) that is filtered in no way."""
    height, width = samples.shape[:2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples.size // (height * width)]
    if bits == 16:
        rows = [row.astype(">u2").tobytes() for row in samples]
    else:
        spread = ((samples[..., None] >> np.arange(bits)[::-1]) & 1).reshape(height, -1)
        rows = [np.packbits(row.astype(np.uint8)).tobytes() for row in spread]
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if clear is not None:
        chunks.append((b"tRNS", struct.pack(f">{np.size(clear)}H", *np.atleast_1d(clear))))
    chunks += [(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("clear", [False, True])
def test_grey_png_of_any_depth(tmp_path: Path, bits: int, clear: bool) -> None:
    samples = RANDOM.integers(0, 2**bits, SIZE)
    samples[0, :2] = 0, 2**bits - 1
    samples[3, 3] = 2**bits // 2
    (tmp_path / "p.png").write_bytes(_png(samples, bits, int(samples[3, 3]) if clear else None))
    read = _read(tmp_path / "p.png")
    np.testing.assert_array_equal(np.rint(read.colours[0] * (2**bits - 1)), samples)
    if clear:
        np.testing.assert_array_equal(read.alpha, samples != samples[3, 3])
    else:
        assert read.alpha is None


@pytest.mark.parametrize("bits", [8, 16])
def test_colour_that_stands_for_nothing_in_a_png(tmp_path: Path, bits: int) -> None:
    samples = RANDOM.integers(0, 2**bits, (*SIZE, 3))
    samples[5] = samples[3, 3]
    samples[5, :, 0] ^= 1  # nearly that colour, but not quite
    (tmp_path / "p.png").write_bytes(_png(samples, bits, samples[3, 3]))
    read = _read(tmp_path / "p.png")
    np.testing.assert_array_equal(
        np.rint(read.colours * (2**bits - 1)), np.moveaxis(samples, -1, 0)
    )
    np.testing.assert_array_equal(read.alpha, (samples != samples[3, 3]).any(-1))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("channels", [(), (3,)], ids=["grey", "colour"])
def test_deep_jpeg_2000_is_read(tmp_path: Path, bits: int, channels: tuple[int, ...]) -> None:
    samples = RANDOM.integers(0, 2**bits, (*SIZE, *channels)).astype(np.uint16)
    encoded = imagecodecs.jpeg2k_encode(samples, level=0, reversible=True, bitspersample=bits)
    (tmp_path / "p.jp2").write_bytes(encoded)
    read = _read(tmp_path / "p.jp2")
    expected = np.moveaxis(np.atleast_3d(samples), -1, 0)
    np.testing.assert_array_equal(np.rint(read.colours * (2**bits - 1)), expected)
    assert read.depth == "uint16"


def test_signed_jpeg_2000_is_refused(tmp_path: Path) -> None:
    encoded = imagecodecs.jpeg2k_encode(_samples("int16"), level=0, reversible=True)
    (tmp_path / "p.jp2").write_bytes(encoded)
    with pytest.raises(ArgumentError, match="16 bits with a sign"):
        _read(tmp_path / "p.jp2")


@pytest.mark.parametrize(("kind", "bands"), [(0, 1), (1, 0), (2, 0), (0xFFFF, 1)])
def test_fourth_channel_of_a_jpeg_2000_is_what_it_says(
    tmp_path: Path, kind: int, bands: int
) -> None:
    samples = _samples("uint8", 4)
    buffer = io.BytesIO()
    Image.fromarray(samples).save(buffer, "JPEG2000", irreversible=False)
    data = buffer.getvalue()
    at = data.index(b"cdef") + 6  # behind the number of channels
    last = at + 6 * 3
    (tmp_path / "p.jp2").write_bytes(data[: last + 2] + struct.pack(">H", kind) + data[last + 4 :])
    read = _read(tmp_path / "p.jp2")
    assert read.bands == bands
    if bands:
        np.testing.assert_array_equal(np.rint(read.colours[3] * 255), samples[..., 3])
    else:
        np.testing.assert_array_equal(np.rint(read.alpha * 255), samples[..., 3])
        seen = read.colours * (read.alpha if kind == 2 else 1)
        there = samples[..., 3] > 0 if kind == 2 else samples[..., 3] >= 0
        np.testing.assert_array_equal(
            np.rint(seen * 255)[:, there], np.moveaxis(samples[..., :3], -1, 0)[:, there]
        )


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_deep_avif_is_read(tmp_path: Path, bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    samples = RANDOM.integers(0, 2**bits, (16, 18, 3)).astype(dtype)
    encoded = imagecodecs.avif_encode(samples, level=100, bitspersample=bits)
    (tmp_path / "p.avif").write_bytes(encoded)
    read = _read(tmp_path / "p.avif")
    expected = np.moveaxis(samples, -1, 0)
    np.testing.assert_allclose(read.colours * (2**bits - 1), expected, atol=1.5)
    assert read.depth == ("uint8" if bits == 8 else "uint16")


@pytest.mark.parametrize("white", [1, 15, 100, 255, 1000, 4095, 65535])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("plain", [False, True])
def test_pnm_of_any_maximum(tmp_path: Path, white: int, channels: int, plain: bool) -> None:
    samples = RANDOM.integers(0, white + 1, (*SIZE, channels))
    samples.flat[:2] = 0, white
    number = {(1, True): 2, (3, True): 3, (1, False): 5, (3, False): 6}[channels, plain]
    header = f"P{number}\n# a comment\n{SIZE[1]} {SIZE[0]}\n{white}\n".encode()
    body = samples.astype(">u2" if white > 255 else "u1").tobytes()
    if plain:
        body = b"# another\n" + "\n".join(map(str, samples.reshape(-1))).encode()
    (tmp_path / "p.pnm").write_bytes(header + body)
    read = _read(tmp_path / "p.pnm")
    expected = np.moveaxis(samples, -1, 0) / np.float32(white)
    np.testing.assert_allclose(read.colours, expected, rtol=1e-6)
    assert read.depth == ("uint8" if white < 256 else "uint16")


@pytest.mark.parametrize("magic", [b"P1", b"P4"])
def test_pbm_has_1_for_black(tmp_path: Path, magic: bytes) -> None:
    body = b"1 0 0 1 1 1 0 0 1\n" if magic == b"P1" else bytes([0b10011100, 0b10000000])
    (tmp_path / "p.pbm").write_bytes(magic + b"\n9 1\n" + body)
    assert _read(tmp_path / "p.pbm").colours[0, 0].tolist() == [0, 1, 1, 0, 0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("bits", "attributes", "bands", "premultiplied"),
    [(8, None, 0, False), (0, None, 1, False), (8, 3, 0, False), (8, 4, 0, True), (8, 1, 1, False)],
)
def test_fourth_channel_of_a_tga_is_what_it_says(
    tmp_path: Path, bits: int, attributes: int | None, bands: int, premultiplied: bool
) -> None:
    samples = _samples("uint8", 4)
    header = struct.pack("<3B5s4HBB", 0, 0, 2, b"", 0, 0, SIZE[1], SIZE[0], 32, bits | 32)
    body = samples[..., [2, 1, 0, 3]].tobytes()
    footer = b""
    if attributes is not None:
        area = struct.pack("<H", 495) + bytes(492) + bytes([attributes])
        begin = len(header) + len(body)
        footer = area + struct.pack("<II", begin, 0) + b"TRUEVISION-XFILE.\0"
    (tmp_path / "p.tga").write_bytes(header + body + footer)
    read = _read(tmp_path / "p.tga")
    assert read.bands == bands
    assert bool(read.kept.get("premultiplied")) == premultiplied
    last = read.colours[3] if bands else read.alpha
    np.testing.assert_array_equal(np.rint(last * 255), samples[..., 3])


_FOREIGN = {
    "FITS": b"SIMPLE  =                    T",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n",
    "PDF": b"%PDF-1.7",
    "PSD": b"8BPS\0\1",
    "DDS": b"DDS \x7c\0\0\0",
    "HDF5": b"\x89HDF\r\n\x1a\n",
    "DICOM": bytes(128) + b"DICM",
    "HEIC": b"\0\0\0\x18ftypheic",
    "JPEG XL": b"\xff\x0a",
    "OpenEXR": b"\x76\x2f\x31\x01",
    "SUN": b"\x59\xa6\x6a\x95",
    "GZIP": b"\x1f\x8b\x08",
}


@pytest.mark.parametrize("suffix", [".png", ".tif", ".fits", ".eps", ""])
@pytest.mark.parametrize("form", _FOREIGN)
def test_other_formats_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, suffix: str
) -> None:
    from PIL import EpsImagePlugin, FitsImagePlugin

    for opener in (EpsImagePlugin.EpsImageFile, FitsImagePlugin.FitsImageFile):
        monkeypatch.setattr(opener, "_open", lambda _: pytest.fail("it was opened"))
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("it was run"))
    path = tmp_path / f"p{suffix}"
    path.write_bytes(_FOREIGN[form] + bytes(600))
    with pytest.raises(ArgumentError, match=f"(?i){form}") as raised:
        _read(path)
    assert ".png" in str(raised.value)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "suffix",
    [each for each in files.PICTURES if files.pictured(Path(f"p{each}")) and each != ".icns"],
)
def test_every_format_that_is_written_is_read(
    numconv: Run, tmp_path: Path, suffix: str, channels: int
) -> None:
    samples = _samples("uint8", *([] if channels == 1 else [channels]))
    tags: dict[str, Any] = {"photometric": "rgb" if channels > 2 else "minisblack"}
    if channels in (2, 4):
        tags |= {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
    before = _tiff(tmp_path, samples, **tags)
    said = _identity(numconv, tmp_path / "p.tif", tmp_path / f"q{suffix}")
    after = _read(tmp_path / f"q{suffix}")
    assert after.colours.shape[1:] == SIZE
    if suffix in _LOSSY or (suffix == ".gif" and "GIF" in said):
        return
    assert (after.alpha is None) == (before.alpha is None or "white was put behind" in said)
    expected = np.broadcast_to(before.on_white, after.on_white.shape)
    np.testing.assert_allclose(after.on_white, expected, atol=0.0041)
