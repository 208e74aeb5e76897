"""Sounds in files, which libsndfile reads and writes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from . import memory, sound_depths, sound_lengths
from .files import replacing, unreadable
from .sound_lengths import Extent

Array = NDArray[Any]

_EXPECTED = "a readable sound"
_BLOCK = 2**15  # samples at a time: libvorbis puts what it is given on the stack
_WORKING = 32  # bytes for a sample: what was read, x and result, and what is in between
_NO_LENGTH = 2**62  # from which on libsndfile does not know how many samples there are
_MISTAKEN = ("RAW", "SDS", "MPC2K")  # by a file's name or two of its bytes; SDS is printed about
_NO_MP3 = 7  # libsndfile's code for what is MP3 by its name alone: "File does not exist …"


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
    notes : tuple of str
        What of the file was not read.
    """

    samples: Array
    rate: int
    depth: str
    notes: tuple[str, ...] = ()


def read(argument: str, path: Path) -> Sound:
    """Return the sound in a file, of whatever format, which need not be that of its name.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated or empty, or is no sound.
    """
    source: Any = _name(path)
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise ArgumentError(argument, str(path), f"{_EXPECTED}; this file is empty")
            extent, notes = sound_lengths.extent(stream), sound_lengths.ogg_notes(stream)
            if extent is not None and extent.misleads:
                stream.seek(0)
                source = BytesIO(sound_lengths.mended(stream.read(), extent))
    except OSError as error:
        raise unreadable(argument, path, _EXPECTED, error) from None
    library = _library(argument, path)
    try:
        sound, lack = _read(library, source, extent, notes)
    except _errors(library) as error:
        lack = f" ({_reason(error)})"
        if extent is not None and extent.is_short:
            lack = _lacking_bytes(extent)
    except MemoryError as error:
        lack = f"; {error}"
    if lack:
        raise ArgumentError(argument, str(path), _EXPECTED + lack)
    return sound


def working_bytes(path: Path) -> int:
    """Return about how much memory it takes to read, filter and write a sound."""
    try:
        library = _library("input", path)
        with library.SoundFile(_name(path)) as file:
            return int(min(file.frames, _NO_LENGTH) * file.channels * _WORKING)
    except Exception:  # whatever is wrong with it is said when it is read
        return path.stat().st_size * _WORKING if path.exists() else 0


def check_output(path: Path) -> None:
    """Raise unless sounds can be written."""
    _library("output", path)


def write(path: Path, sound: Sound) -> tuple[str, ...]:
    """Write `sound`; say what of it was changed for that."""
    library, form = _library("output", path), sound_depths.form(path)
    channels, length = sound.samples.shape
    depth = sound_depths.nearest(library, path, sound.depth, channels * length)
    most = sound_depths.limit(form, depth, channels, length, sound.rate)
    if most is not None:
        raise _unwritable(path, sound, f"{depth} in {form} has {most}")
    notes: list[str] = []
    if depth != sound.depth:
        notes.append(f"{sound.depth} became {depth} in {form}")
    with replacing(path) as temporary:
        temporary.touch()  # where that cannot be, the system says why
        name = _name(temporary)
        try:
            file = library.SoundFile(name, "w", sound.rate, channels, depth, format=form)
        except _errors(library) as error:
            raise _unwritable(path, sound, _reason(error)) from None
        try:
            with file:
                notes += _write(file, sound.samples, depth)
            with library.SoundFile(name) as file:
                rate, there = file.samplerate, file.frames
        except _errors(library) as error:
            raise unreadable("output", path, "a file that can be written", error) from None
        if rate != sound.rate:
            raise _unwritable(path, sound, f"{form} makes {rate} of that rate")
    if there != length:
        notes.append(f"{length} samples became {there}: {depth} has them in blocks")
    return tuple(notes)


def _read(
    library: Any, source: Any, extent: Extent | None, notes: tuple[str, ...]
) -> tuple[Sound, str]:
    """Return what can be read, and what is wrong with it."""
    with library.SoundFile(source) as file:
        if file.format in _MISTAKEN:
            raise ValueError("Format not recognised.")
        blocks, failure = _blocks(library, file)
        samples = np.empty((file.channels, sum(map(len, blocks))), _dtype(file))
        at = 0
        for block in blocks:
            samples[:, at : at + len(block)] = block.T
            at += len(block)
        sound, said = Sound(samples, file.samplerate, file.subtype, notes), file.frames
    if extent is None or not extent.is_short:
        return sound, _lack(at, said, failure)
    width = sound_depths.BYTES.get(sound.depth, 0) * len(samples)
    if width:
        return sound, _lack(extent.there // width, extent.said // width, failure)
    if not at:
        return sound, _lacking_bytes(extent)
    return sound, _lack(at, at * extent.said // extent.there, failure)


def _lack(count: int, said: int, failure: str) -> str:
    of = f" of {said}" if said < _NO_LENGTH else ""
    if failure:
        there = f"at least {count}{of} samples are there"
        return f"; this one is truncated or damaged: {there} ({failure})"
    if of and count < said:
        return f"; this one is truncated: {count}{of} samples are there"
    return "" if count else "; this one has no samples"


def _lacking_bytes(extent: Extent) -> str:
    there = f"{extent.there} of {extent.said} bytes of its samples are there"
    return f"; this one is truncated: {there}"


def _dtype(file: Any) -> str:
    return "float64" if file.subtype in sound_depths.FINE else "float32"


def _blocks(library: Any, file: Any) -> tuple[list[Array], str]:
    """Return all samples that can be read, whatever the file says of them, and what went wrong."""
    # soundfile would go where it is after each block, which not every codec can.
    file.seekable = lambda: False
    blocks: list[Array] = []
    left, step, free = file.frames, max(1, _BLOCK // file.channels), memory.physical() // 2
    try:
        while left > 0 and len(
            block := file.read(min(step, left), dtype=_dtype(file), always_2d=True)
        ):
            blocks.append(block)
            left, free = left - len(block), free - block.nbytes
            if free < 0:
                there = f"half of the {memory.physical() / 1e9:.3g} GB of memory there are"
                raise MemoryError(f"its samples take more than {there}")
    except _errors(library) as error:
        return blocks, _reason(error)
    return blocks, ""


def _write(file: Any, samples: Array, depth: str) -> list[str]:
    """Write samples, and say which were not as they could be written."""
    file.seekable = lambda: False
    step = max(1, _BLOCK // len(samples))
    louder = unknown = 0
    for at in range(0, samples.shape[1], step):
        block = samples[:, at : at + step].T
        louder += int((np.abs(block) > 1).sum())
        unknown += int(np.isnan(block).sum())
        file.write(sound_depths.stored(block, depth))
    notes: list[str] = []
    if depth in sound_depths.FLOATS:
        return notes
    if louder:
        share = 100 * louder / samples.size
        notes.append(f"{louder} samples ({share:.3g} %) were louder than full scale, and clipped")
    if unknown:
        notes.append(f"{unknown} samples were no numbers, and became 0")
    return notes


def _library(argument: str, path: Path) -> Any:
    """Return soundfile, which is imported where somebody has a sound."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        expected = f"a sound where the package soundfile finds libsndfile ({error})"
        raise ArgumentError(argument, str(path), expected) from None
    return soundfile


def _errors(library: Any) -> tuple[type[Exception], ...]:
    """Return what soundfile raises for what cannot be read or written."""
    found = (library.SoundFileError, RuntimeError, TypeError, ValueError, OverflowError)
    return (*found, AssertionError)  # of a block that was written in part


def _reason(error: Exception) -> str:
    if getattr(error, "code", None) == _NO_MP3:
        return "Format not recognised."
    reason = " ".join(str(getattr(error, "error_string", error)).split())
    return reason or type(error).__name__


def _unwritable(path: Path, sound: Sound, reason: str) -> ArgumentError:
    count = len(sound.samples)
    channels = f"{count} channel{'s' * (count != 1)} at {sound.rate} samples a second"
    return ArgumentError("output", str(path), f"a format for {channels} ({reason})")


def _name(path: Path) -> str | bytes:
    """Return a file's name as soundfile takes every one."""
    return str(path) if os.name == "nt" else os.fsencode(path)
