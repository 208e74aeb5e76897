"""Images and arrays in files: what `--input` reads and `--output` writes."""

from __future__ import annotations

import struct
import zlib
from importlib import resources
from lzma import LZMAError
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..core import dtypes
from ..core.errors import ArgumentError
from . import decoding, files, pictures

Array = NDArray[Any]

# What NumPy and zipfile raise for headers that are none, for objects, passwords, and compressions
# that are unknown or broken.
_DAMAGED = (
    *(ValueError, TypeError, KeyError, EOFError, SyntaxError, RuntimeError),
    *(BadZipFile, zlib.error, LZMAError, struct.error),
)


def shipped() -> pictures.Picture:
    """Return the photograph that ships with the package."""
    resource = resources.files("numconv") / "data" / "photograph.jpg"
    with resource.open("rb") as stream:
        return decoding.decode("input", "photograph.jpg", stream)


def photograph() -> Array:
    """Return the photograph that ships with the package, as `read_image` does."""
    return shipped().colours


def read(argument: str, path: Path) -> Array:
    """Return the array in a .npy or .npz file, or an image as `read_image` does."""
    if files.kind(path) == "array":
        return read_array(argument, path)
    return read_image(argument, path)


def read_array(argument: str, path: Path) -> Array:
    """Return the array in a .npy file, or the only array in a .npz file.

    Raises
    ------
    ArgumentError
        If the file is missing, is not what its name says, or holds something else than numbers
        of a dtype that is computed.
    """
    try:
        array = _loaded(argument, path)
    except ArgumentError:
        raise
    except OSError as error:
        raise files.unreadable(argument, path, "a readable .npy or .npz file", error) from None
    except _DAMAGED:
        raise _no_numbers(argument, path, "this one is damaged, or holds objects") from None
    if array.dtype.name not in dtypes.DTYPES:
        raise _no_numbers(argument, path, f"this one holds {array.dtype.name}")
    if array.ndim == 0:
        raise ArgumentError(argument, str(path), "an array with axes, not a single number")
    return array


def _loaded(argument: str, path: Path) -> Array:
    with path.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            if len(loaded.files) != 1:
                held = ", ".join(loaded.files) or "none"
                raise ArgumentError(argument, str(path), f"one array in the file; it holds {held}")
            only = loaded[loaded.files[0]]
            if not isinstance(only, np.ndarray):
                raise _no_numbers(argument, path, "this one holds something else")
            return only


def _no_numbers(argument: str, path: Path, held: str) -> ArgumentError:
    return ArgumentError(argument, str(path), f"a .npy or .npz file of numbers ({held})")


def read_image(argument: str, path: Path) -> Array:
    """Return an image of shape (C, H, W), on white paper: grey or colours, and further bands.

    `decoding.read` says what the values are, and keeps the transparency.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated, or no image of a format that is read.
    """
    return decoding.read(argument, path).on_white


def write_array(path: Path, result: Array) -> None:
    """Write `result` to a .npy file, or as ``result`` into a .npz file."""
    with files.replacing(path) as temporary, temporary.open("wb") as stream:
        if path.suffix.lower() == ".npy":
            np.save(stream, result)
        else:
            np.savez_compressed(stream, result=result)


def write_picture(path: Path, picture: Any) -> None:
    """Write a `PIL.Image.Image` to `path`, in the format its name says."""
    with files.replacing(path) as temporary:
        picture.save(temporary)
