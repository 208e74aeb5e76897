"""Pictures as they lie in files: their depth, their transparency, and what goes with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from sys import byteorder
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from . import memory
from .files import unreadable

Array = NDArray[Any]

_EXPECTED = "a readable image, .npy or .npz file"
_WORKING = 16  # bytes for a sample: twice as it is stored, x and result, and what is in between
_ROWS = 64  # so many at a time, which a processor's own cache holds

# Pillow keeps 8 of the 16 bits of a colour, the upper ones as these modes unpack them. The modes
# of the other byte order keep the lower ones. Grey and alpha are four bytes, none of them lost.
_DEEP = ("RGB;16", "RGBX;16", "RGBA;16")
_DEEP_GREY_ALPHA = "LA;16B"

# TIFF's tag of orientation: how rows and columns (H, W, ...) become upright.
_UPRIGHT = {
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: rows[::-1].swapaxes(0, 1),
    7: lambda rows: rows[::-1, ::-1].swapaxes(0, 1),
    8: lambda rows: rows[:, ::-1].swapaxes(0, 1),
}


@dataclass(frozen=True)
class Picture:
    """A picture, upright.

    Attributes
    ----------
    colours : ndarray of float32, shape (C, H, W)
        Grey (C = 1) or red, green and blue (C = 3); integers of 8 and 16 bits as [0, 1], other
        samples as they are.
    alpha : ndarray of float32, shape (H, W), or None
        Opacity in [0, 1]; None where the file has none.
    depth : str
        ``uint8``, ``uint16``, or ``float32`` for samples of any other kind.
    kept : mapping
        What is written back with it: ``icc_profile``, ``dpi``, ``exif``, ``compression``.
    notes : tuple of str
        What a person should know about the reading.
    """

    colours: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    depth: str = "uint8"
    kept: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def on_white(self) -> NDArray[np.float32]:
        """The colours where the picture lies on white paper."""
        if self.alpha is None:
            return self.colours
        return np.asarray(self.alpha * self.colours + (1 - self.alpha), np.float32)

    def opaque(self) -> Picture:
        """Return the picture on white paper."""
        if self.alpha is None:
            return self
        notes = (*self.notes, "white was put behind what is transparent")
        return replace(self, colours=self.on_white, alpha=None, notes=notes)


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
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise unreadable(argument, name, _EXPECTED, error) from None
    if not head:
        raise ArgumentError(argument, name, f"{_EXPECTED}; this one is empty")
    if head[:2] not in (b"II", b"MM"):
        raise ArgumentError(argument, name, f"{_EXPECTED}; this is no image")
    try:
        return _scientific(stream)
    except Exception as error:  # whatever a damaged file makes of its reader
        raise unreadable(argument, name, _EXPECTED, error) from None


def working_bytes(path: Path) -> int:
    """Return about how much memory it takes to read, filter and write a picture; 0 if unknown."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path) as opened:
            return _bytes(opened)
    except Exception:  # whatever is wrong with it is said when it is read
        return 0


def _decode(stream: IO[bytes]) -> Picture:
    from PIL import Image, ImageOps, UnidentifiedImageError

    stream.seek(0)
    with Image.open(stream) as opened:
        number, form = getattr(opened, "n_frames", 1), opened.format
        _check_size(opened)
        if form == "TIFF" and _in_deep_planes(opened):
            raise UnidentifiedImageError
        other = _lower_bytes(opened)
        opened.load()
        kept = {name: opened.info[name] for name in _KEPT if opened.info.get(name)}
        if form == "TIFF":  # its tags are about the file, not about the picture
            kept.pop("exif", None)
        ImageOps.exif_transpose(opened, in_place=True)
        if "exif" in kept:
            kept["exif"] = opened.info["exif"]
        notes = _first_of(number, "pages" if form == "TIFF" else "frames", form)
        if other is not None:
            grey = other == "RGBA"
            upper = np.asarray(opened)
            samples = upper.copy().view(">u2") if grey else _joined(upper, stream, other)
            colours, alpha = _levels(samples, 1 if grey else 3)
            return Picture(colours, alpha, "uint16", kept, notes)
        return _plain(opened, kept, notes)


_KEPT = ("icc_profile", "dpi", "exif", "compression")


def _first_of(number: int, name: str, form: str | None = None) -> tuple[str, ...]:
    # The further frames of an MPO, as telephones write them, are previews and depth maps.
    return (f"the first of {number} {name}",) if number > 1 and form != "MPO" else ()


def _bytes(opened: Any) -> int:
    return int(opened.width * opened.height * len(opened.getbands()) * _WORKING)


def _check_size(opened: Any) -> None:
    needed, there = _bytes(opened), memory.physical()
    if needed > there:
        gigabytes = f"about {needed / 1e9:.0f} GB of memory, of which there are {there / 1e9:.0f}"
        raise ValueError(f"{opened.width}x{opened.height} pixels take {gigabytes}")


def _in_deep_planes(opened: Any) -> bool:
    """Whether a TIFF has one colour after the other, of more than 8 bits: Pillow misreads them."""
    return bool(opened.tag_v2.get(284) == 2 and max(opened.tag_v2.get(258, (1,))) > 8)


def _lower_bytes(opened: Any) -> str | None:
    """Return the mode that unpacks the lower bytes of 16-bit colours; None for other pictures.

    Grey with alpha is made ready to be unpacked whole.
    """
    if not opened.tile:
        return None
    arguments = opened.tile[0].args
    mode = arguments[0] if isinstance(arguments, tuple) else arguments
    if mode == _DEEP_GREY_ALPHA:
        _unpack_as(opened, "RGBA")
        return "RGBA"
    if not isinstance(mode, str) or mode[:-1] not in _DEEP:
        return None
    little = mode.endswith("L") or (mode.endswith("N") and byteorder == "little")
    return mode[:-1] + ("B" if little else "L")


def _unpack_as(opened: Any, mode: str) -> None:
    opened.tile = [
        tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode)
        for tile in opened.tile
    ]


def _joined(upper: Array, stream: IO[bytes], mode: str) -> NDArray[np.uint16]:
    """Return 16-bit samples: the upper bytes, and the lower from a second reading of the file."""
    from PIL import Image, ImageOps

    stream.seek(0)
    with Image.open(stream) as again:
        _unpack_as(again, mode)
        ImageOps.exif_transpose(again, in_place=True)
        lower = np.asarray(again)
    samples = upper.astype(np.uint16)
    samples <<= 8
    samples |= lower
    return samples


def _plain(picture: Any, kept: dict[str, Any], notes: tuple[str, ...]) -> Picture:
    mode = picture.mode
    if mode.startswith("I;16") or (mode == "I" and picture.format in ("PNG", "PPM")):
        samples = np.asarray(picture)
        return Picture(_levels(samples.astype(np.uint16), 1)[0], None, "uint16", kept, notes)
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
    samples = np.asarray(picture)
    colours, alpha = _levels(samples, 1 if samples.ndim == 2 or samples.shape[2] == 2 else 3)
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


def _levels(samples: Array, colours: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return integer samples (H, W) or (H, W, C) as [0, 1], colours and alpha apart."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    made = np.empty((channels, height, width), np.float32)
    white = np.float32(np.iinfo(samples.dtype).max)
    for top in range(0, height, _ROWS):
        rows = slice(top, top + _ROWS)
        np.divide(samples[rows].transpose(2, 0, 1), white, out=made[:, rows], dtype=np.float32)
    return made[:colours], made[colours] if channels > colours else None


def _scientific(stream: IO[bytes]) -> Picture:
    """Return the first page of a TIFF with samples that Pillow knows nothing of."""
    from tifffile import TiffFile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    stream.seek(0)
    with TiffFile(stream) as tiff:
        page: Any = tiff.pages[0]
        samples, axes = page.asarray(), page.axes
        notes = _first_of(len(tiff.pages), "pages")
        turn = page.tags.get("Orientation")
        kept = {name: tag.value for name, tag in (("icc_profile", page.tags.get(34675)),) if tag}
    if axes == "SYX":
        samples, axes = np.moveaxis(samples, 0, -1), "YXS"
    if axes not in ("YX", "YXS") or (axes == "YXS" and samples.shape[2] > 4):
        raise ValueError(f"its axes are {axes} of {samples.shape}, not those of a picture")
    if turn is not None:
        samples = _UPRIGHT.get(int(turn.value), lambda rows: rows)(samples)
    grey = axes == "YX" or samples.shape[2] < 3
    if samples.dtype in (np.uint8, np.uint16):
        colours, alpha = _levels(samples, 1 if grey else 3)
        return Picture(colours, alpha, samples.dtype.name, kept, notes)
    values = np.atleast_3d(samples).transpose(2, 0, 1).astype(np.float32)
    count = 1 if grey else 3
    opacity = values[count] if len(values) > count else None
    return Picture(np.ascontiguousarray(values[:count]), opacity, "float32", kept, notes)
