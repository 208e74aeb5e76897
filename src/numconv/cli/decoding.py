"""Pictures out of files, in the formats that are named here and in no other."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..core.errors import ArgumentError
from . import deep, files, headers, memory, tiffs
from .files import unreadable
from .pictures import Picture, levels, parted, turned, upright

FORMATS = (
    *("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "DIB", "PPM", "JPEG2000", "QOI", "PCX"),
    *("SGI", "ICO", "ICNS"),
)
"""What Pillow opens, by its names for them, besides `_BY_NAME` and TIFF."""

_BY_NAME = {".tga": "TGA"}  # has nothing in front by which it could be told
_EXPECTED = "a readable image, .npy or .npz file"
_WORKING = 4  # times its samples as floats: x, the result, and what is in between
_KEPT = ("icc_profile", "dpi", "exif")


def read(argument: str, path: Path) -> Picture:
    """Return the picture in a file: the first, of several pages or frames.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated, no picture, or one of a format that is not read.
    """
    try:
        with path.open("rb") as stream:
            return decode(argument, str(path), stream)
    except OSError as error:
        raise unreadable(argument, path, _EXPECTED, error) from None


def decode(argument: str, name: str, stream: IO[bytes]) -> Picture:
    """Return the picture in an open file."""
    from PIL import UnidentifiedImageError

    head = stream.read(headers.HEAD)
    if not head:
        raise ArgumentError(argument, name, f"{_EXPECTED}; this one is empty")
    try:
        _check_size(stream, name)
        picture = tiffs.read(stream) if head.startswith(tiffs.HEADS) else None
        return picture or _by_pillow(stream, name)
    except UnidentifiedImageError:
        held = headers.name(head)
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes of its reader
        raise unreadable(argument, name, _EXPECTED, error) from None
    if held is None:
        raise ArgumentError(argument, name, f"{_EXPECTED}; this is no image")
    expected = f"an image in one of the formats {', '.join(files.PICTURES)}; this is {held}"
    raise ArgumentError(argument, name, expected)


def working_bytes(path: Path) -> int:
    """Return about how much memory it takes to read, filter and write a picture."""
    try:
        with path.open("rb") as stream:
            width, height, nbytes = _size(stream, path.name)
            return width * height * nbytes * _WORKING
    except Exception:  # whatever is wrong with it is said when it is read
        return path.stat().st_size * _WORKING * 4 if path.exists() else 0


def _size(stream: IO[bytes], name: str) -> tuple[int, int, int]:
    """Return the width, the height and the bytes of a pixel when its samples are floats."""
    stream.seek(0)
    if stream.read(4).startswith(tiffs.HEADS):
        return tiffs.size(stream)
    with _opened(stream, name) as opened:
        return opened.width, opened.height, 4 * len(opened.getbands())


def _check_size(stream: IO[bytes], name: str) -> None:
    width, height, nbytes = _size(stream, name)
    needed, there = width * height * nbytes * _WORKING, memory.physical()
    if needed > there:
        gigabytes = f"about {needed / 1e9:.0f} GB of memory, of which there are {there / 1e9:.0f}"
        raise ValueError(f"{width}x{height} pixels take {gigabytes}")


def _opened(stream: IO[bytes], name: str) -> Any:
    """Return what Pillow opens, of the formats named and no other."""
    from PIL import Image

    # Its limit of 178 million pixels is for servers; here somebody named the file.
    Image.MAX_IMAGE_PIXELS = None
    stream.seek(0)
    named = _BY_NAME.get(Path(name).suffix.lower())
    formats = (*FORMATS, "TIFF") if named is None else (*FORMATS, named)
    return Image.open(stream, formats=formats)


def _by_pillow(stream: IO[bytes], name: str) -> Picture:
    with _opened(stream, name) as opened:
        number = getattr(opened, "n_frames", 1)
        samples = deep.read(opened, stream)
        extra, said = headers.opacity(opened, stream)
        opened.load()
        orientation = upright(opened)
        whole = orientation is not None
        kept, notes = _kept(opened, whole), (*_notes(opened, stream, number, whole), *said)
        if samples is not None:
            return _of_levels(turned(samples[0], orientation), samples[1], extra, kept, notes)
        return _plain(opened, extra, kept, notes)


def _kept(opened: Any, whole: bool) -> dict[str, Any]:
    kept = {name: opened.info[name] for name in _KEPT if opened.info.get(name)}
    dots = tuple(float(each) for each in kept.pop("dpi", ()))
    if dots and all(np.isfinite(each) and each > 0 for each in dots):
        kept["dpi"] = dots
    if opened.format == "TIFF" or not whole:  # TIFF's tags are about the file, not the picture
        kept.pop("exif", None)
    return kept


def _notes(opened: Any, stream: IO[bytes], number: int, whole: bool) -> tuple[str, ...]:
    form, notes = opened.format, [] if whole else ["its EXIF record is damaged, and was left out"]
    sizes = len(opened.info.get("sizes", ())) if form in ("ICO", "ICNS") else 1
    if sizes > 1:
        notes.append(f"the largest of {sizes} sizes")
    elif number > 1 and form != "MPO":  # telephones' further frames are previews and depth maps
        notes.append(f"the first of {number} {'pages' if form == 'TIFF' else 'frames'}")
    if form == "SGI" and headers.sgi_is_deep(stream):
        notes.append("its samples of 16 bits were read as 8")
    return tuple(notes)


def _of_levels(
    samples: Any, white: int, extra: int, kept: dict[str, Any], notes: tuple[str, ...]
) -> Picture:
    """Return samples of which a second or fourth channel is `extra`, as a picture."""
    channels = levels(samples, white)
    depth, count = ("uint8" if white <= 255 else "uint16"), 3 if len(channels) > 2 else 1
    return parted(channels, count, (extra,) * (len(channels) - count), depth, kept, notes)


def _plain(picture: Any, extra: int, kept: dict[str, Any], notes: tuple[str, ...]) -> Picture:
    mode = picture.mode
    if mode == "F":
        return Picture(np.asarray(picture, np.float32)[None], None, "float32", kept, notes)
    if mode.startswith("I"):
        raise ValueError(f"its samples are of Pillow's mode {mode}, which is not read")
    if picture.has_transparency_data:
        grey = mode in ("1", "L", "LA", "La")
        picture = picture.convert("LA" if grey else "RGBA")
    elif mode in ("CMYK", "LAB"):
        picture = _in_colour(picture, kept.pop("icc_profile", None))
        notes = (*notes, f"{mode} became RGB")
    elif mode != "L":
        picture = picture.convert("L" if mode == "1" else "RGB")
    return _of_levels(picture, 255, extra, kept, notes)


def _in_colour(picture: Any, profile: bytes | None) -> Any:
    """Return a picture in the colours that its profile describes, as sRGB."""
    from PIL import ImageCms

    described: Any
    if picture.mode == "LAB":
        described = ImageCms.createProfile("LAB")
    elif profile is None:
        return picture.convert("RGB")
    else:
        described = ImageCms.ImageCmsProfile(BytesIO(profile))
    try:
        return ImageCms.profileToProfile(
            picture, described, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (OSError, ImageCms.PyCMSError):
        return picture.convert("RGB")
