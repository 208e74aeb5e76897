"""PNG with 16 bits for each of several colours, which Pillow reads in part and does not write.

After "Portable Network Graphics (PNG) Specification (Third Edition)", W3C, sections 5 and 9.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
_UP = 2  # the filter: each byte less the one above, which leaves little of a smooth picture
_ROWS = 64
_LEVEL = 1  # of 9: the noise in 16-bit samples does not become smaller by more effort
_PER_METRE = 39.3700787  # dots, for one to the inch


def write(path: Path, samples: NDArray[np.uint16], kept: Mapping[str, Any]) -> None:
    """Write samples (H, W, C) of grey, grey and alpha, colour, or colour and alpha.

    Of `kept` it writes ``icc_profile``, ``dpi`` and ``exif``.
    """
    height, width, channels = samples.shape
    with path.open("wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n")
        colour_type = _COLOUR_TYPES[channels]
        _chunk(stream, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
        if kept.get("icc_profile"):
            _chunk(stream, b"iCCP", b"icc\0\0" + zlib.compress(kept["icc_profile"]))
        if kept.get("dpi"):
            dots = [round(float(each) * _PER_METRE) for each in kept["dpi"]]
            _chunk(stream, b"pHYs", struct.pack(">IIB", *dots, 1))
        if kept.get("exif"):
            _chunk(stream, b"eXIf", kept["exif"].removeprefix(b"Exif\0\0"))
        packer = zlib.compressobj(_LEVEL)
        above = np.zeros((1, width * channels * 2), np.uint8)
        for top in range(0, height, _ROWS):
            rows = samples[top : top + _ROWS].astype(">u2").view(np.uint8)
            rows = rows.reshape(len(rows), -1)
            filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
            filtered[:, 0] = _UP
            np.subtract(rows, np.concatenate([above, rows[:-1]]), out=filtered[:, 1:])
            above = rows[-1:]
            _chunk(stream, b"IDAT", packer.compress(filtered.tobytes()))
        _chunk(stream, b"IDAT", packer.flush())
        _chunk(stream, b"IEND", b"")


def _chunk(stream: BinaryIO, name: bytes, data: bytes) -> None:
    if not data and name == b"IDAT":
        return
    stream.write(struct.pack(">I", len(data)) + name + data)
    stream.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))
