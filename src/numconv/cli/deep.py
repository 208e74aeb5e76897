"""16-bit colours by Pillow, which unpacks them to their upper bytes: the lower ones as well."""

from __future__ import annotations

from sys import byteorder
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .pictures import levels, upright

# The modes that unpack the upper bytes; those of the other byte order unpack the lower ones.
_DEEP = ("RGB;16", "RGBX;16", "RGBA;16")
# Grey and alpha are four bytes, and unpacked whole as those of four colours.
_DEEP_GREY_ALPHA, _WHOLE = "LA;16B", "RGBA"


def in_planes(opened: Any) -> bool:
    """Whether a TIFF has one colour after the other, of more than 8 bits: Pillow misreads them."""
    return bool(opened.tag_v2.get(284) == 2 and max(opened.tag_v2.get(258, (1,))) > 8)


def lower_bytes(opened: Any) -> str | None:
    """Return the mode that unpacks the lower bytes of 16-bit colours; None for other pictures.

    Grey with alpha is made ready to be unpacked whole.
    """
    if not opened.tile:
        return None
    arguments = opened.tile[0].args
    mode = arguments[0] if isinstance(arguments, tuple) else arguments
    if mode == _DEEP_GREY_ALPHA:
        _unpack_as(opened, _WHOLE)
        return _WHOLE
    if not isinstance(mode, str) or mode[:-1] not in _DEEP:
        return None
    little = mode.endswith("L") or (mode.endswith("N") and byteorder == "little")
    return mode[:-1] + ("B" if little else "L")


def _unpack_as(opened: Any, mode: str) -> None:
    opened.tile = [
        tile._replace(args=(mode, *tile.args[1:]) if isinstance(tile.args, tuple) else mode)
        for tile in opened.tile
    ]


def joined(
    upper: Any, stream: IO[bytes], mode: str
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the colours and the transparency of a picture of which `upper` has the upper bytes.

    The lower ones are from a second reading of the file, as `mode` unpacks them.
    """
    from PIL import Image

    if mode == _WHOLE:
        return levels(np.asarray(upper).copy().view(">u2"), 1)
    stream.seek(0)
    with Image.open(stream) as again:
        _unpack_as(again, mode)
        again.load()
        upright(again)
        lower = np.asarray(again)
    samples = np.asarray(upper).astype(np.uint16)
    samples <<= 8
    samples |= lower
    colours, alpha = levels(samples, 3)
    clear = upper.info.get("transparency")
    if clear is not None:  # a colour that stands for what is not there
        alpha = (samples != np.array(clear, np.uint16)).any(axis=2).astype(np.float32)
    return colours, alpha
