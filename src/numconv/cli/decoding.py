"""Pictures out of files, by Pillow and, where that does not read them, by tifffile."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..core.errors import ArgumentError
from . import deep, memory, scientific_tiff
from .files import unreadable
from .pictures import Picture, levels, upright

_EXPECTED = "a readable image, .npy or .npz file"
_WORKING = 16  # bytes for a sample: twice as it is stored, x and result, and what is in between
_KEPT = ("icc_profile", "dpi", "exif", "compression")


def read(argument: str, path: Path) -> Picture:
    """Return the picture in a file: the first, of several pages or frames.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated, or no picture.
    """
    try:
        with path.open("rb") as stream:
            return decode(argument, str(path), stream)
    except OSError as error:
        raise unreadable(argument, path, _EXPECTED, error) from None


def decode(argument: str, name: str, stream: IO[bytes]) -> Picture:
    """Return the picture in an open file."""
    from PIL import Image, UnidentifiedImageError

    # Its limit of 178 million pixels is for servers; here somebody named the file.
    Image.MAX_IMAGE_PIXELS = None
    try:
        return _decode(stream)
    except UnidentifiedImageError:
        stream.seek(0)
        head = stream.read(4)
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes of its reader
        raise unreadable(argument, name, _EXPECTED, error) from None
    if not head:
        raise ArgumentError(argument, name, f"{_EXPECTED}; this one is empty")
    if head[:2] not in (b"II", b"MM"):
        raise ArgumentError(argument, name, f"{_EXPECTED}; this is no image")
    try:
        return scientific_tiff.read(stream)
    except MemoryError:
        raise
    except Exception as error:
        raise unreadable(argument, name, _EXPECTED, error) from None


def working_bytes(path: Path) -> int:
    """Return about how much memory it takes to read, filter and write a picture."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path) as opened:
            return _bytes(opened)
    except Exception:  # whatever is wrong with it is said when it is read
        return path.stat().st_size * _WORKING if path.exists() else 0


def _decode(stream: IO[bytes]) -> Picture:
    from PIL import Image, UnidentifiedImageError

    stream.seek(0)
    with Image.open(stream) as opened:
        number, form = getattr(opened, "n_frames", 1), opened.format
        _check_size(opened)
        if form == "TIFF" and deep.in_planes(opened):
            raise UnidentifiedImageError
        halves = deep.lower_bytes(opened)
        opened.load()
        whole = upright(opened)
        kept, notes = _kept(opened, whole), _notes(form, number, whole)
        if halves is not None:
            colours, alpha = deep.joined(opened, stream, halves)
            return Picture(colours, alpha, "uint16", kept, notes)
        return _plain(opened, kept, notes)


def _kept(opened: Any, whole: bool) -> dict[str, Any]:
    kept = {name: opened.info[name] for name in _KEPT if opened.info.get(name)}
    dots = tuple(float(each) for each in kept.pop("dpi", ()))
    if dots and all(np.isfinite(each) and each > 0 for each in dots):
        kept["dpi"] = dots
    if opened.format == "TIFF" or not whole:  # TIFF's tags are about the file, not the picture
        kept.pop("exif", None)
    return kept


def _notes(form: str | None, number: int, whole: bool) -> tuple[str, ...]:
    notes = [] if whole else ["its EXIF record is damaged, and was left out"]
    if number > 1 and form != "MPO":  # telephones' further frames are previews and depth maps
        notes.append(f"the first of {number} {'pages' if form == 'TIFF' else 'frames'}")
    return tuple(notes)


def _bytes(opened: Any) -> int:
    return int(opened.width * opened.height * len(opened.getbands()) * _WORKING)


def _check_size(opened: Any) -> None:
    needed, there = _bytes(opened), memory.physical()
    if needed > there:
        gigabytes = f"about {needed / 1e9:.0f} GB of memory, of which there are {there / 1e9:.0f}"
        raise ValueError(f"{opened.width}x{opened.height} pixels take {gigabytes}")


def _plain(picture: Any, kept: dict[str, Any], notes: tuple[str, ...]) -> Picture:
    mode = picture.mode
    if mode.startswith("I;16") or (mode == "I" and picture.format in ("PNG", "PPM")):
        samples = np.asarray(picture)
        return Picture(levels(samples.astype(np.uint16), 1)[0], None, "uint16", kept, notes)
    if mode in ("I", "F"):
        return Picture(np.asarray(picture, np.float32)[None], None, "float32", kept, notes)
    if picture.has_transparency_data:
        grey = mode in ("1", "L", "LA", "La")
        picture = picture.convert("LA" if grey else "RGBA")
    elif mode in ("CMYK", "LAB"):
        picture = _in_colour(picture, kept.pop("icc_profile", None))
        notes = (*notes, f"{mode} became RGB")
    elif mode != "L":
        picture = picture.convert("L" if mode == "1" else "RGB")
    colours, alpha = levels(picture, 1 if picture.mode in ("L", "LA") else 3)
    return Picture(colours, alpha, "uint8", kept, notes)


def _in_colour(picture: Any, profile: bytes | None) -> Any:
    """Return a picture in the colours that its profile describes, as sRGB."""
    from PIL import ImageCms

    if profile is None:
        return picture.convert("RGB")
    try:
        inks = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(
            picture, inks, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (OSError, ImageCms.PyCMSError):
        return picture.convert("RGB")
