"""What the first bytes of a file tell: formats that are not read, and what Pillow does not say."""

from __future__ import annotations

import struct
from typing import IO, Any

from .pictures import NO_OPACITY, PREMULTIPLIED, STRAIGHT

HEAD = 512
"""So many of the first bytes are enough to name a format."""

_BOXES = 1 << 16  # bytes, within which the boxes of JPEG 2000 come before its samples

_BEGINNINGS = {
    b"SIMPLE  =": "FITS (astropy.io.fits reads it; numpy.save makes it a .npy)",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"%PDF": "PDF",
    b"8BPS": "Photoshop's PSD",
    b"DDS ": "a texture, DDS",
    b"\x76\x2f\x31\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"\x89HDF": "HDF5",
    b"CDF": "NetCDF",
    b"GRIB": "GRIB",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"IIU\0": "a camera's raw file",
    b"IIRO": "a camera's raw file",
    b"FUJIFILM": "a camera's raw file",
    b"\xd7\xcd\xc6\x9a": "WMF",
    b"P7": "PAM",
    b"\x93NUMPY": "a NumPy array: name it .npy",
    b"PK\x03\x04": "a ZIP archive: name it .npz if it is NumPy's",
    b"\x1f\x8b": "compressed by gzip",
    b"<svg": "SVG",
    b"<?xml": "XML, or SVG",
    b"GIMP": "a file of GIMP's",
    b"gimp xcf": "GIMP's XCF",
}
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"crx ": "a camera's raw file"}


def name(head: bytes) -> str | None:
    """Return the format of a file that begins with `head`, if it is one that many have."""
    if head[128:132] == b"DICM":
        return "DICOM"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a film, or another picture in a film's format")
    for beginning, form in _BEGINNINGS.items():
        if head.startswith(beginning):
            return form
    return _of_pillow(head)


def _of_pillow(head: bytes) -> str | None:
    """Return the first format whose beginning Pillow takes this for; it opens nothing."""
    from PIL import Image

    Image.init()
    head = head[:16].ljust(16, b"\0")  # none looks whether there is enough
    for form, (_, accepts) in Image.OPEN.items():
        if accepts is not None and accepts(head) is True:
            return f"a file in the format {form}"
    return None


def opacity(opened: Any, stream: IO[bytes]) -> tuple[int, tuple[str, ...]]:
    """Return what a picture's second or fourth channel is, and what to say of it.

    It is one of `NO_OPACITY`, `PREMULTIPLIED` and `STRAIGHT`. `opened` is the picture as Pillow
    has opened it.
    """
    if opened.format == "TGA":
        return _tga_opacity(stream), ()
    if opened.format == "JPEG2000" and opened.mode in ("LA", "RGBA"):
        return _jpeg2000_opacity(stream)
    return STRAIGHT, ()


def _tga_opacity(stream: IO[bytes]) -> int:
    """Read the bits of opacity in the descriptor, and the kind of it in the extension's area."""
    stream.seek(17)
    bits = stream.read(1)[0] & 15
    stream.seek(max(stream.seek(0, 2) - 26, 0))
    footer = stream.read()
    extension = int.from_bytes(footer[:4], "little")
    if footer[8:24] != b"TRUEVISION-XFILE" or not extension:
        return STRAIGHT if bits else NO_OPACITY
    stream.seek(extension + 494)
    return {b"\3": STRAIGHT, b"\4": PREMULTIPLIED}.get(stream.read(1), NO_OPACITY)


def _jpeg2000_opacity(stream: IO[bytes]) -> tuple[int, tuple[str, ...]]:
    """Read the box cdef: of each channel its number, its kind, and what it belongs to."""
    stream.seek(0)
    head = stream.read(_BOXES)
    begin = head.find(b"cdef")
    if begin < 0:
        return STRAIGHT, ("its last channel was taken for opacity: the file does not say",)
    (count,) = struct.unpack_from(">H", head, begin + 4)
    kinds = dict(struct.unpack_from(">HH", head, begin + 6 + 6 * at) for at in range(count))
    return {1: STRAIGHT, 2: PREMULTIPLIED}.get(kinds[max(kinds)], NO_OPACITY), ()


def sgi_is_deep(stream: IO[bytes]) -> bool:
    """Whether an SGI has two bytes for a sample."""
    stream.seek(3)
    return stream.read(1) == b"\2"
