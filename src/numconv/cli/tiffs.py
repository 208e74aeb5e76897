"""TIFF, by tifffile: every depth, polarity, palette and extra sample that its tags describe."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from . import pictures
from .pictures import Picture

Array = NDArray[Any]

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins; those with "+" are BigTIFF."""

_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _INKS, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLOURS = {_WHITE_IS_0: 1, _BLACK_IS_0: 1, _RGB: 3, _PALETTE: 1, _INKS: 4, _YCBCR: 3, _LAB: 3}
_NO_PICTURES = {4: "a mask", 32803: "a camera's raw samples", 34892: "a camera's raw samples"}
_FAX_AND_OLD_JPEG = (2, 3, 4, 6)
_RAW_FILE = 50706  # the tag DNGVersion
_LOSSLESS = {1: "none", 5: "lzw", 8: "zlib", 32946: "zlib", 32773: "packbits", 50000: "zstd"}
_PREDICTED = ("zlib", "lzw", "zstd")  # better by what a sample differs from the one before
_DOUBLE = ("int32", "uint32", "int64", "uint64", "float64")  # float32 does not hold these


def read(stream: IO[bytes]) -> Picture | None:
    """Return the first page of a TIFF, or None where it is of a kind to be left to Pillow.

    Raises
    ------
    ValueError
        If it is damaged, or holds what is no picture or cannot be brought over as it is.
    """
    with _first_page(stream) as (page, number):
        if _is_for_pillow(page):
            return None
        _check_whole(page, stream)
        samples = page.asarray()
        tags = {code: tag.value for code in (274, 34675) if (tag := page.tags.get(code))}
        dots = _dots(page)
        samples = _channels_last(page, samples)
        kind, extras = int(page.photometric), tuple(int(each) for each in page.extrasamples)
        bits, palette = int(page.bitspersample), page.colormap
        compression = _LOSSLESS.get(int(page.compression))
    samples = pictures.turned(samples, tags.get(274))
    kept = {"icc_profile": tags.get(34675), "dpi": dots, "compression": compression}
    kept = {name: value for name, value in kept.items() if value}
    notes = [f"the first of {number} pages"] if number > 1 else []
    return _picture(samples, kind, extras, bits, palette, kept, notes)


def size(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return the width, the height and the bytes of a pixel when its samples are floats."""
    with _first_page(stream) as (page, _):
        nbytes = 8 if str(page.dtype) in _DOUBLE else 4
        channels = 3 if page.photometric == _PALETTE else int(page.samplesperpixel)
        return int(page.imagewidth), int(page.imagelength), nbytes * channels


def pages(tiff: Any) -> int:
    """Return how many pictures there are, of which those of ImageJ may share one page."""
    page = tiff.pages.first
    pixels = page.imagewidth * page.imagelength * page.samplesperpixel
    series = tiff.series[0].size // pixels if tiff.is_imagej and tiff.series else 1
    return max(len(tiff.pages), int(series))


@contextmanager
def _first_page(stream: IO[bytes]) -> Iterator[tuple[Any, int]]:
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    stream.seek(0)
    with TiffFile(stream) as tiff:
        page: Any = tiff.pages.first
        _check_kind(page)
        yield page, pages(tiff)


def _check_kind(page: Any) -> None:
    """Raise for what is no picture, and for samples whose meaning would be lost."""
    if not all(isinstance(each, int) for each in (page.imagewidth, page.imagelength)):
        raise ValueError("it is damaged: its width and height are no numbers")
    kind, colours = int(page.photometric), _COLOURS.get(int(page.photometric))
    if page.tags.get(_RAW_FILE) is not None or kind in _NO_PICTURES:
        raise ValueError(f"it holds {_NO_PICTURES.get(kind, 'raw samples of a camera')}")
    if colours is None:
        raise ValueError(f"its samples are {page.photometric.name}, which are not read")
    if page.is_reduced:
        raise ValueError("its first page is a reduced preview of another")
    if page.imagedepth > 1:
        raise ValueError(f"it holds a volume of {page.imagedepth} slices")
    if page.dtype is None or page.dtype.kind not in "buif":
        held = page.dtype or f"{page.bitspersample} bits, {page.sampleformat.name}"
        raise ValueError(f"its samples are {held}, which are not read")
    if page.samplesperpixel < colours:
        raise ValueError(f"it has {page.samplesperpixel} samples a pixel, not {colours}")
    if kind in (_INKS, _YCBCR, _LAB) and (
        page.bitspersample != 8 or page.samplesperpixel > colours
    ):
        held = f"{page.samplesperpixel} samples of {page.bitspersample} bits"
        raise ValueError(f"its {page.photometric.name} pixels are {held}, not {colours} of 8")
    inks = page.tags.get(332)
    if kind == _INKS and inks is not None and inks.value != 1:
        raise ValueError("its inks are others than cyan, magenta, yellow and black")
    if kind == _PALETTE and page.colormap is None:
        raise ValueError("its palette is missing")


def _is_for_pillow(page: Any) -> bool:
    """Whether a page needs a conversion, or a codec, that only Pillow has."""
    return int(page.photometric) in (_INKS, _YCBCR, _LAB) or (
        int(page.compression) in _FAX_AND_OLD_JPEG and page.bitspersample <= 8
    )


def _check_whole(page: Any, stream: IO[bytes]) -> None:
    there, parts = len(page.dataoffsets), prod(page.chunked)
    if there < parts:
        raise ValueError(f"it is damaged: {there} of {parts} strips or tiles are there")
    there = stream.seek(0, 2)
    ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
    if max(ends, default=0) > there:
        raise ValueError("it is truncated")


def _dots(page: Any) -> tuple[float, float] | None:
    """Return the dots to the inch, where the tags tell."""
    unit = page.tags.get(296)
    factor = {2: 1.0, 3: 2.54}.get(int(unit.value) if unit is not None else 2)
    dots = []
    for code in (282, 283):
        tag = page.tags.get(code)
        if tag is None or factor is None:
            return None
        over, under = tag.value
        dots.append(factor * over / under if under else 0.0)
    return (dots[0], dots[1]) if min(dots) > 0 else None


def _channels_last(page: Any, samples: Array) -> Array:
    axes = page.axes
    if axes == "SYX":
        samples, axes = np.moveaxis(samples, 0, -1), "YXS"
    if axes not in ("YX", "YXS"):
        raise ValueError(f"its axes are {axes} of {samples.shape}, not those of a picture")
    return samples[..., None] if axes == "YX" else samples


def _picture(
    samples: Array,
    kind: int,
    extras: tuple[int, ...],
    bits: int,
    palette: Array | None,
    kept: dict[str, Any],
    notes: list[str],
) -> Picture:
    """Return samples (H, W, C) as a picture."""
    count = _COLOURS[kind]
    # Samples that no tag speaks of are as those that are said to be something else.
    extras = tuple(
        extra if extra in (pictures.PREMULTIPLIED, pictures.STRAIGHT) else pictures.NO_OPACITY
        for extra in (*extras, *[0] * samples.shape[2])[: samples.shape[2] - count]
    )
    if samples.dtype.kind == "b":
        samples = samples.astype(np.uint8)
    if samples.dtype.kind == "u" and bits <= 16:
        depth, white = ("uint8" if bits <= 8 else "uint16"), 2**bits - 1
        if kind == _WHITE_IS_0:
            samples = samples.copy()
            samples[..., 0] = white - samples[..., 0]
        channels: Array = pictures.levels(samples, white)
        if kind == _PALETTE:
            assert palette is not None
            painted, depth = _by_palette(samples[..., 0], palette, depth)
            channels, count = np.concatenate([painted, channels[1:]]), 3
    else:
        if kind == _PALETTE:
            raise ValueError(f"its palette is one of {samples.dtype} samples")
        channels, depth = _as_they_are(samples, notes)
        if kind == _WHITE_IS_0:
            notes.append("0 is its white: its samples were taken as they are, with 0 as black")
    if samples.dtype.kind in "ui" and depth in pictures.FLOATS:
        for at, extra in enumerate(extras, count):
            if extra != pictures.NO_OPACITY:
                channels[at] /= np.iinfo(samples.dtype).max
    return pictures.parted(channels, count, extras, depth, kept, notes)


def _by_palette(indices: Array, palette: Array, depth: str) -> tuple[Array, str]:
    """Return the colours (3, H, W) of a palette (3, N) of 16 bits, and their depth."""
    low, high = palette & 255, palette >> 8
    if (low == high).all() or not low.any():
        return pictures.levels(high[:, indices].transpose(1, 2, 0), 255), depth
    return pictures.levels(palette[:, indices].transpose(1, 2, 0), 65535), "uint16"


def _as_they_are(samples: Array, notes: list[str]) -> tuple[Array, str]:
    """Return samples (H, W, C) as floats (C, H, W) that hold them, and which."""
    depth = "float64" if samples.dtype.name in _DOUBLE else "float32"
    channels = np.ascontiguousarray(samples.transpose(2, 0, 1), depth)
    if samples.dtype.name != depth:
        notes.append(f"its {samples.dtype.name} samples became {depth}")
    if samples.dtype.itemsize == 8 and samples.dtype.kind in "ui":
        limit = 2**53
        if samples.size and (samples.max() > limit or samples.min() < -limit):
            notes.append(f"{samples.dtype.name} samples beyond 2**53 were rounded")
    return channels, depth


def write(path: Path, samples: Array, colours: int, alpha: bool, kept: Mapping[str, Any]) -> None:
    """Write samples (H, W, C): `colours`, further bands, and the opacity behind, if `alpha`.

    Of `kept` it writes ``icc_profile``, ``dpi``, ``compression`` and ``premultiplied``.
    """
    from tifffile import imwrite

    count = samples.shape[2]
    compression = kept.get("compression", "zlib")
    opacity = "assocalpha" if kept.get("premultiplied") else "unassalpha"
    imwrite(
        path,
        samples if count > 1 else samples[..., 0],
        photometric="rgb" if colours == 3 else "minisblack",
        extrasamples=["unspecified"] * (count - colours - alpha) + [opacity] * alpha,
        planarconfig="contig" if count > 1 else None,
        compression=compression,
        predictor=samples.dtype.kind == "u" and compression in _PREDICTED,
        iccprofile=kept.get("icc_profile"),
        resolution=kept.get("dpi"),
        resolutionunit="inch" if "dpi" in kept else None,
        metadata=None,
    )
