"""Samples that Pillow would cut to 8 bits: PNG, JPEG 2000, AVIF and PNM as deep as they are."""

from __future__ import annotations

import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_MOST_BITS = 16
_GREY = 0  # PNG's kind of colours without palette, colour and opacity
_HEAD = 1 << 16  # bytes, within which AVIF says how deep it is
_COMMENT = re.compile(rb"#[^\r\n]*")


def read(opened: Any, stream: IO[bytes]) -> tuple[Array, int] | None:
    """Return samples (H, W) or (H, W, C) and the one that is white; None where Pillow has all.

    `opened` is the picture as Pillow has opened it, before it was loaded.
    """
    if opened.format == "PNG":
        return _png(stream)
    if opened.format == "JPEG2000":
        return _jpeg2000(stream)
    if opened.format == "AVIF":
        return _avif(stream)
    return _pnm(opened, stream) if opened.format == "PPM" else None


def _whole(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()


def _png(stream: IO[bytes]) -> tuple[Array, int] | None:
    stream.seek(24)  # of the header: the bits of a sample, and the kind of colours
    bits, kind = stream.read(2)
    # Of grey with less than 8 bits Pillow misses the level that is transparent.
    if bits != 16 and (bits == 8 or kind != _GREY):
        return None
    from imagecodecs import png_decode

    return png_decode(_whole(stream)), 65535 if bits == 16 else 255


def _jpeg2000(stream: IO[bytes]) -> tuple[Array, int] | None:
    """Read the precisions in the marker SIZ, which is the first of a codestream."""
    data = _whole(stream)
    begin = data.find(b"\xff\x4f\xff\x51")
    if begin < 0 or len(data) < begin + 42:
        return None
    (count,) = struct.unpack_from(">H", data, begin + 40)
    precisions = set(data[begin + 42 : begin + 42 + 3 * count : 3])
    if precisions <= {7}:
        return None
    if len(precisions) > 1 or max(precisions) >= _MOST_BITS:
        held = ", ".join(
            f"{(each & 127) + 1} bits" + " with a sign" * (each > 127) for each in precisions
        )
        raise ValueError(f"its samples have {held}; unsigned ones of one depth are read")
    from imagecodecs import jpeg2k_decode

    return jpeg2k_decode(data), 2 ** (precisions.pop() + 1) - 1


def _avif(stream: IO[bytes]) -> tuple[Array, int] | None:
    """Read the flags of depth in the box av1C."""
    stream.seek(0)
    head = stream.read(_HEAD)
    begin = head.find(b"av1C")
    flags = head[begin + 6] if 0 <= begin < len(head) - 6 else 0
    if not flags & 64:
        return None
    from imagecodecs import avif_decode

    return avif_decode(_whole(stream), index=0), 2 ** (12 if flags & 32 else 10) - 1


def _pnm(opened: Any, stream: IO[bytes]) -> tuple[Array, int] | None:
    """Read samples of a maximum that is not 255, in plain text or not."""
    codec, _, begin, arguments = opened.tile[0]
    mode, white = arguments if isinstance(arguments, tuple) else (arguments, 255)
    if mode == "I;16B":
        white = 65535
    elif mode not in ("L", "RGB", "I") or white == 255:
        return None
    shape = (opened.height, opened.width, 3 if mode == "RGB" else 1)
    count = int(np.prod(shape))
    stream.seek(begin)
    if codec == "ppm_plain":
        words = _COMMENT.sub(b"", stream.read()).split()[:count]
        samples = np.array([int(word) for word in words])
    else:
        dtype = np.dtype(">u2" if white > 255 else "u1")
        samples = np.frombuffer(stream.read(count * dtype.itemsize), dtype)
    if samples.size < count:
        raise ValueError(f"it is truncated: {samples.size} of {count} samples are there")
    if samples.max(initial=0) > white:
        raise ValueError(f"a sample of {samples.max()} is above its maximum of {white}")
    return samples.reshape(shape), white
