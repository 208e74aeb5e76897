"""How large a picture each format holds."""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ArgumentError
from . import files

_LONGEST = {
    **dict.fromkeys(("JPEG", "MPO", "PDF"), 65_500),  # libjpeg's; the format's own is 65,535
    **dict.fromkeys(("GIF", "SGI", "TGA"), 65_535),
    "PCX": 65_534,  # whose lines are even
    "AVIF": 32_768,  # libavif writes twice as many, but does not read them
    "WEBP": 16_383,
    "ICO": 256,
}
"""Pixels along an axis. Formats that are not named hold more than memory does."""

_ONLY = {"ICNS": 1024}
"""Formats of pictures of one size, to which Pillow would enlarge or reduce all others."""


def check(output: Path, width: int, height: int) -> None:
    """Raise unless a picture of this size can be written to `output`, as it is.

    Raises
    ------
    ArgumentError
        With the size, and what the format holds.
    """
    form, size = files.form(output), f"this one has {width}x{height} pixels"
    if form in _ONLY and (width, height) != (_ONLY[form], _ONLY[form]):
        only = _ONLY[form]
        expected = f"another format, or a picture of {only}x{only} as {form} needs; {size}"
        raise ArgumentError("output", str(output), expected)
    if form in _LONGEST and max(width, height) > _LONGEST[form]:
        expected = f"another format, for {form} holds {_LONGEST[form]} along an axis; {size}"
        raise ArgumentError("output", str(output), expected)
