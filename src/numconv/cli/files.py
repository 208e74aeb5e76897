"""Files by name: what kind each is, and writing that leaves nothing half-written."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from ..core.errors import ArgumentError, NumconvError

ARRAYS = (".npy", ".npz")
SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".au", ".caf", ".mp3")
PICTURES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".tif", ".tiff", ".webp", ".avif", ".gif"),
    *(".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".tga", ".pcx", ".qoi"),
    *(".sgi", ".rgb", ".ico", ".icns", ".apng"),
)
"""The pictures that are read, and written where Pillow can."""

# What encoders raise for pictures that their format does not hold.
_UNWRITABLE = (OSError, ValueError, OverflowError, RuntimeError, struct.error)


def kind(path: Path) -> str:
    """Return "array", "sound" or, for all else, "picture"."""
    suffix = path.suffix.lower()
    return "array" if suffix in ARRAYS else "sound" if suffix in SOUNDS else "picture"


def unreadable(argument: str, path: object, expected: str, error: Exception) -> ArgumentError:
    """Return the error of a file that could not be read or written, with the reason."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    first = (reason.splitlines() or [type(error).__name__])[0]
    return ArgumentError(argument, str(path), f"{expected} ({first})")


def check_output(path: Path, others: Collection[str] = ARRAYS) -> None:
    """Raise unless a picture or a file of the `others` can be written to `path`.

    It is called before anything is computed.
    """
    if path.is_dir() or not path.parent.is_dir():
        reason = "this is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise ArgumentError("output", str(path), f"a file in a folder that exists ({reason})")
    if path.suffix.lower() not in others and not pictured(path):
        raise ArgumentError("output", str(path), "a name ending in .npy, .npz, .png, .jpg, …")


def check_regular(path: Path) -> None:
    """Raise for pipes, sockets and devices, which might be waited for in vain."""
    if path.exists() and not path.is_file():
        raise ArgumentError("input", str(path), "a file, not a pipe, a socket or a device")


def same(one: Path, other: Path) -> bool:
    """Return whether two names are of one file, which is there."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def form(path: Path) -> str:
    """Return Pillow's name for the format that a file's name asks for; empty if there is none."""
    from PIL import Image

    Image.init()
    return Image.EXTENSION.get(path.suffix.lower(), "")


def pictured(path: Path) -> bool:
    """Whether a picture can be written under this name."""
    from PIL import Image

    return path.suffix.lower() in PICTURES and form(path) in Image.SAVE


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; the file becomes `path` when all went well, and vanishes otherwise.

    It is there for whom the file was that it replaces.

    Raises
    ------
    ArgumentError
        If it cannot be written, for a reason of the file or of what was to be written.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.stem[:80]}-{token_hex(4)}{target.suffix}")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except _UNWRITABLE as error:
        if isinstance(error, NumconvError):
            raise
        raise unreadable("output", path, "a file that can be written", error) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """Give a folder to write into; it becomes `folder` when all went well, and vanishes otherwise.

    Raises
    ------
    ArgumentError
        If `folder` is there already, or cannot be made.
    """
    target = Path(os.path.abspath(folder))
    if os.path.lexists(target):
        raise ArgumentError("into", str(folder), "a folder that is not there yet")
    temporary = target.with_name(f".{target.name[:80]}-{token_hex(4)}")
    try:
        temporary.mkdir()
        yield temporary
        os.rename(temporary, target)
    except OSError as error:
        raise unreadable("into", folder, "a folder that can be made", error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
