"""How a sound's samples are stored: as integers, as floats, or by a codec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOATS = ("FLOAT", "DOUBLE")
FINE = ("PCM_32", "ALAC_32", "DOUBLE")
"""What float32 does not hold."""
BYTES = {
    **{"PCM_S8": 1, "PCM_U8": 1, "ULAW": 1, "ALAW": 1, "PCM_16": 2},
    **{"PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8},
}
"""Of a sample, where each takes as many."""

_FORMS = {".aif": "AIFF", ".oga": "OGG", ".opus": "OGG"}
_ONLY = {".mp3": "MPEG_LAYER_III", ".opus": "OPUS"}
_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_24": 24, "PCM_32": 32}  # of integers; all others 16
_BY_FLOATS = ("VORBIS", "OPUS", "MPEG")
# libsndfile 1.2 writes ALAC past the end of its memory (its issue 973), and of 20 bits or more
# wrongly; what it writes as DWVW it cannot read.
_UNWRITTEN = ("ALAC", "DWVW", "MPEG")
_INSTEAD = {
    **{"PCM_S8": "PCM_U8", "PCM_U8": "PCM_S8", "ALAC_32": "PCM_32"},
    **dict.fromkeys(("PCM_32", "FLOAT", "DOUBLE", "ALAC_20", "ALAC_24", "DWVW_24"), "PCM_24"),
}
_MOST = {"VORBIS": (255, 200_000)}  # channels and rate, beyond which libvorbis crashes
_MOST_BYTES = {"WAV": 2**32 - 2**16, "AIFF": 2**32 - 2**16}  # sizes in them have 32 bits


def form(path: Path) -> str:
    """Return libsndfile's name of the format that a file's name asks for."""
    suffix = path.suffix.lower()
    return _FORMS.get(suffix, suffix[1:].upper())


def nearest(library: Any, path: Path, depth: str, count: int) -> str:
    """Return the depth nearest to this one in which `count` samples can be written to `path`."""
    only = _ONLY.get(path.suffix.lower())
    if only is not None:
        return only
    if form(path) == "AIFF" and BYTES.get(depth) == 1 and count % 2:
        return "PCM_16"  # libsndfile counts the byte that fills up an odd chunk as a sample
    wished = (depth, _INSTEAD.get(depth, "PCM_16"), "PCM_24", "PCM_16", "VORBIS")
    return next(
        each
        for each in wished
        if not each.startswith(_UNWRITTEN) and library.check_format(form(path), each)
    )


def limit(form: str, depth: str, channels: int, length: int, rate: int) -> str | None:
    """Return the limit that such a sound exceeds, of those that libsndfile does not tell."""
    most_channels, most_rate = _MOST.get(depth, (2**31 - 1, 2**31 - 1))
    if not 0 < channels <= most_channels:
        return f"up to {most_channels} channels"
    if not 0 < rate <= most_rate:
        return f"1 to {most_rate} samples a second"
    if channels * length * BYTES.get(depth, 2) > _MOST_BYTES.get(form, 2**62):
        return "less than 4 GiB; .caf has no such limit"
    return None


def stored(block: NDArray[Any], depth: str) -> NDArray[Any]:
    """Return samples as libsndfile is to be given them.

    It reads integers divided by 2^15, and would write floats multiplied by 2^15 - 1: it gets the
    nearest integers instead, in the upper bits of 32.
    """
    if depth in FLOATS:
        return block
    heard: NDArray[Any] = np.nan_to_num(block, nan=0.0).clip(-1, 1)
    if depth.startswith(_BY_FLOATS):
        return heard
    bits = _BITS.get(depth, 16)
    full = 2.0 ** (bits - 1)
    numbers = np.rint(heard.astype(np.float64) * full).clip(-full, full - 1)
    return np.left_shift(numbers.astype(np.int32), 32 - bits)
