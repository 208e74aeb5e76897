"""Pictures into files: as deep, and with as much besides, as the format named allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import deep_png, files, tiffs
from .pictures import FLOATS, Picture

_ROWS = 64
_QUALITY = 92  # of 100: what is filtered once more does not show it
_PNG_LEVEL = 3  # of 9: a photograph takes a third of the time of 6, and 5 % more room

_DEPTHS = {"PNG": ("uint8", "uint16"), "TIFF": ("uint8", "uint16", *FLOATS)}
_TRANSPARENT = ("PNG", "TIFF", "WEBP", "AVIF", "TGA", "JPEG2000", "QOI", "ICO", "ICNS")
_EITHER_OR = ("GIF",)
_COLOUR_ONLY = ("QOI",)  # grey is written as equal colours
_KEPT = {
    "JPEG": ("icc_profile", "dpi", "exif"),
    "PNG": ("icc_profile", "dpi", "exif"),
    "WEBP": ("icc_profile", "exif"),
    "AVIF": ("icc_profile", "exif"),
    "TIFF": ("icc_profile", "dpi", "compression", "premultiplied"),
    "JPEG2000": (),
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": _QUALITY},
    "WEBP": {"quality": _QUALITY},
    "PNG": {"compress_level": _PNG_LEVEL},
}


def depth_in(path: Path, depth: str) -> str:
    """Return the depth in which the format of `path` keeps samples of `depth`."""
    return depth if depth in _DEPTHS.get(files.form(path), ()) else "uint8"


def write(path: Path, picture: Picture) -> tuple[str, ...]:
    """Write `picture`; say what its format does not keep.

    Its colours are levels from 0 to 1; what lies beyond is clipped, but in floating point.
    """
    form, notes = files.form(path), []
    depth = depth_in(path, picture.depth)
    if depth != picture.depth:
        notes.append(f"{form} has no {picture.depth} samples: {depth} were written")
    colours = len(picture.painted)
    if picture.bands and form != "TIFF":
        notes.append(f"{form} has colours alone: the other bands, {picture.bands}, were left out")
        picture = replace(picture, colours=picture.painted, bands=0)
    channels = picture.colours
    if picture.alpha is not None:
        if form in _EITHER_OR:
            channels = np.concatenate([channels, np.rint(picture.alpha)[None]])
            notes.append(f"{form} knows no half transparency: opaque from one half up")
        elif form in _TRANSPARENT:
            seen = picture.seen() if _premultiplied(form, picture) else channels
            channels = np.concatenate([seen, picture.alpha[None]])
        else:
            channels = picture.on_white
            notes.append(f"{form} has no transparency: white was put behind")
    if form in _COLOUR_ONLY and colours == 1:
        channels = np.concatenate([channels[:1], channels[:1], channels])
    if form == "GIF" and colours == 3:
        notes.append("GIF has 256 colours: they were reduced to those")
    kept = {name: picture.kept[name] for name in _KEPT.get(form, ()) if name in picture.kept}
    samples = _samples(channels, depth)
    with files.replacing(path) as temporary:
        if form == "TIFF":
            tiffs.write(temporary, samples, colours, picture.alpha is not None, kept)
        elif depth == "uint16" and len(channels) > 1:
            deep_png.write(temporary, samples, kept)
        else:
            _save(temporary, samples, form, kept)
    return tuple(notes)


def _premultiplied(form: str, picture: Picture) -> bool:
    return form == "TIFF" and bool(picture.kept.get("premultiplied"))


def _save(path: Path, samples: NDArray[Any], form: str, kept: Mapping[str, Any]) -> None:
    from PIL import Image

    picture = Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    picture.save(path, form, **_OPTIONS.get(form, {}), **kept)


def _samples(levels: NDArray[Any], depth: str) -> NDArray[Any]:
    """Return levels (C, H, W) as samples (H, W, C), rounded; what is no number becomes black."""
    channels, height, width = levels.shape
    made = np.empty((height, width, channels), depth)
    if depth in FLOATS:
        made[...] = levels.transpose(1, 2, 0)
        return made
    white = np.float32(np.iinfo(depth).max)
    scaled = np.empty((channels, _ROWS, width), np.float32)
    for top in range(0, height, _ROWS):
        rows = levels[:, top : top + _ROWS]
        here = scaled[:, : rows.shape[1]]
        np.multiply(rows, white, out=here, casting="same_kind")
        here += np.float32(0.5)
        np.fmax(here, 0, out=here)
        np.minimum(here, white, out=here)
        for channel in range(channels):  # which takes two thirds of the time of a transposed copy
            made[top : top + _ROWS, :, channel] = here[channel]
    return made
