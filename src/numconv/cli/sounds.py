"""Sounds in files: WAV with PCM by the standard library, all else by soundfile."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from .files import replacing, unreadable

_EXPECTED = "a readable sound"
_REMEDY = "python -m pip install soundfile"
_PCM = {1: "PCM_U8", 2: "PCM_16", 3: "PCM_24", 4: "PCM_32"}
_WIDTHS = {name: width for width, name in _PCM.items()}
_DOUBLE = ("PCM_32", "DOUBLE")  # finer than float32


@dataclass(frozen=True)
class Sound:
    """A sound.

    Attributes
    ----------
    samples : ndarray of float32 or float64, shape (C, L)
        Each channel's, full scale being from -1 to 1.
    rate : int
        Samples in a second.
    depth : str
        How a sample is stored, by libsndfile's name: ``PCM_16``, ``FLOAT``, …
    """

    samples: NDArray[Any]
    rate: int
    depth: str
    notes: tuple[str, ...] = ()


def read(argument: str, path: Path) -> Sound:
    """Return the sound in a file.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated or empty, is no sound, or is one for which the package
        soundfile is missing.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
        if not head:
            raise ArgumentError(argument, str(path), f"{_EXPECTED}; this file is empty")
        sound = _read_pcm(argument, path) if path.suffix.lower() == ".wav" else None
        sound = sound or _read_other(argument, path)
    except OSError as error:
        raise unreadable(argument, path, _EXPECTED, error) from None
    if sound.samples.shape[1] == 0:
        raise ArgumentError(argument, str(path), f"{_EXPECTED}; this one has no samples")
    return sound


def _read_pcm(argument: str, path: Path) -> Sound | None:
    """Return the sound in a WAV file of integers, or None for one of another encoding."""
    try:
        with wave.open(str(path)) as file:
            channels, width, count = file.getnchannels(), file.getsampwidth(), file.getnframes()
            rate, data = file.getframerate(), file.readframes(count)
    except (wave.Error, EOFError) as error:
        if "unknown format" in str(error):
            return None
        reason = str(error) or "it ends in its header"
        raise ArgumentError(argument, str(path), f"{_EXPECTED} ({reason})") from None
    if width not in _PCM or not channels or rate < 1:
        return None
    if len(data) < count * channels * width:
        there = len(data) // (channels * width)
        expected = f"{_EXPECTED}; this one is truncated: {there} of {count} samples are there"
        raise ArgumentError(argument, str(path), expected)
    depth = _PCM[width]
    samples = _numbers(data, width).reshape(-1, channels).T
    dtype = "float64" if depth in _DOUBLE else "float32"
    scaled = np.ascontiguousarray(samples, dtype) / np.dtype(dtype).type(2 ** (8 * width - 1))
    return Sound(scaled, rate, depth)


def _numbers(data: bytes, width: int) -> NDArray[Any]:
    """Return little-endian integers of `width` bytes; those of one byte have no sign."""
    if width == 1:
        return np.frombuffer(data, np.uint8).astype(np.int16) - 128
    if width == 3:
        bytes_of = np.zeros((len(data) // 3, 4), np.uint8)
        bytes_of[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return bytes_of.view("<i4")[:, 0] >> 8
    return np.frombuffer(data, f"<i{width}")


def _read_other(argument: str, path: Path) -> Sound:
    library = _soundfile(argument, path)
    try:
        with library.SoundFile(str(path)) as file:
            dtype = "float64" if file.subtype in _DOUBLE else "float32"
            samples = file.read(dtype=dtype, always_2d=True)
            return Sound(np.ascontiguousarray(samples.T), file.samplerate, file.subtype)
    except (library.SoundFileError, RuntimeError, TypeError) as error:
        raise unreadable(argument, path, _EXPECTED, error) from None


def _soundfile(argument: str, path: Path) -> Any:
    try:
        import soundfile  # with libsndfile, for whoever needs more than PCM
    except (ImportError, OSError) as error:
        expected = f"WAV with PCM of 8 to 32 bits; for any other, {_REMEDY} ({error})"
        raise ArgumentError(argument, str(path), expected) from None
    return soundfile


def check_output(path: Path, depth: str) -> None:
    """Raise unless a sound of this depth can be written to `path`."""
    if path.suffix.lower() != ".wav" or depth not in _WIDTHS:
        _soundfile("output", path)


def write(path: Path, sound: Sound) -> tuple[str, ...]:
    """Write `sound`; say what of it was clipped."""
    notes: tuple[str, ...] = ()
    samples = np.nan_to_num(sound.samples, nan=0.0)
    beyond = int((np.abs(samples) > 1).sum())
    if beyond and sound.depth not in ("FLOAT", "DOUBLE"):
        share = 100 * beyond / samples.size
        notes = (f"{beyond} samples ({share:.3g} %) were louder than full scale, and clipped",)
    with replacing(path) as temporary:
        if path.suffix.lower() == ".wav" and sound.depth in _WIDTHS:
            _write_pcm(temporary, samples, sound.rate, _WIDTHS[sound.depth])
        else:
            _write_other(temporary, samples, sound)
    return notes


def _write_pcm(path: Path, samples: NDArray[Any], rate: int, width: int) -> None:
    full = 2 ** (8 * width - 1)
    numbers = np.clip(np.rint(samples.T.astype(np.float64) * full), -full, full - 1)
    if width == 1:
        stored = (numbers + 128).astype(np.uint8)
    elif width == 3:
        stored = numbers.astype("<i4")[..., None].view(np.uint8)[..., :3]
    else:
        stored = numbers.astype(f"<i{width}")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(stored.tobytes())


def _write_other(path: Path, samples: NDArray[Any], sound: Sound) -> None:
    library = _soundfile("output", path)
    form = {".aif": "AIFF", ".oga": "OGG", ".opus": "OGG"}.get(path.suffix.lower())
    form = form or path.suffix[1:].upper()
    depth = sound.depth if library.check_format(form, sound.depth) else None
    clipped = samples if depth in ("FLOAT", "DOUBLE") else samples.clip(-1, 1)
    try:
        library.write(str(path), clipped.T, sound.rate, subtype=depth, format=form)
    except (library.SoundFileError, RuntimeError) as error:
        raise unreadable("output", path, "a sound that can be written", error) from None
