"""PNG with 16 bits for each of several colours: samples by imagecodecs, what goes with them by us.

After "Portable Network Graphics (PNG) Specification (Third Edition)", W3C, sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = 33  # bytes: the signature, and the chunk IHDR
_LEVEL = 1  # of 9: the noise in 16-bit samples does not become smaller by more effort
_PER_METRE = 39.3700787  # dots, for one to the inch


def write(path: Path, samples: NDArray[np.uint16], kept: Mapping[str, Any]) -> None:
    """Write samples (H, W, C) of grey, grey and alpha, colour, or colour and alpha.

    Of `kept` it writes ``icc_profile``, ``dpi`` and ``exif``.
    """
    from imagecodecs import png_encode

    encoded = memoryview(png_encode(samples, level=_LEVEL))
    with path.open("wb") as stream:
        stream.write(encoded[:_HEADER])
        for name, data in _chunks(kept):
            stream.write(struct.pack(">I", len(data)) + name + data)
            stream.write(struct.pack(">I", zlib.crc32(data, zlib.crc32(name))))
        stream.write(encoded[_HEADER:])


def _chunks(kept: Mapping[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    if kept.get("icc_profile"):
        yield b"iCCP", b"icc\0\0" + zlib.compress(kept["icc_profile"])
    if kept.get("dpi"):
        dots = [round(float(each) * _PER_METRE) for each in kept["dpi"]]
        yield b"pHYs", struct.pack(">IIB", *dots, 1)
    if kept.get("exif"):
        yield b"eXIf", kept["exif"].removeprefix(b"Exif\0\0")
