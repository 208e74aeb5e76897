"""Images and arrays in files: what `--input` reads and `--output` writes."""

from __future__ import annotations

import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError

Array = NDArray[Any]

ARRAY_SUFFIXES = (".npy", ".npz")


def photograph() -> NDArray[np.float32]:
    """Return the photograph that ships with the package, as `read_image` does."""
    resource = files("numconv") / "data" / "photograph.jpg"
    with resource.open("rb") as stream:
        return _decode(stream, "input", "photograph.jpg")


def read(argument: str, path: Path) -> Array:
    """Return the array in a .npy or .npz file, or an image as `read_image` does."""
    if path.suffix.lower() in ARRAY_SUFFIXES:
        return read_array(argument, path)
    return read_image(argument, path)


def read_array(argument: str, path: Path) -> Array:
    """Return the array in a .npy file, or the only array in a .npz file.

    Raises
    ------
    ArgumentError
        If the file is missing, is not what its name says, or holds objects.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            if len(loaded.files) != 1:
                held = ", ".join(loaded.files) or "none"
                raise ArgumentError(argument, str(path), f"one array in the file; it holds {held}")
            only: Array = loaded[loaded.files[0]]
            return only
    except ArgumentError:
        raise
    except OSError as error:
        raise _unreadable(argument, path, "a readable .npy or .npz file", error) from None
    except (ValueError, EOFError, BadZipFile):
        expected = "a .npy or .npz file of numbers (this one is damaged, or holds objects)"
        raise ArgumentError(argument, str(path), expected) from None


def read_image(argument: str, path: Path) -> NDArray[np.float32]:
    """Return an image as float32 in [0, 1] of shape (C, H, W), C being 1 or 3.

    The orientation that a camera recorded (EXIF) is applied. Transparency is composited onto
    white. 16-bit greyscale keeps its 16 bits; other depths are read as 8 bits a channel.

    Raises
    ------
    ArgumentError
        If the file is missing, truncated, or no image that Pillow reads.
    """
    try:
        with path.open("rb") as stream:
            return _decode(stream, argument, str(path))
    except OSError as error:
        raise _unreadable(argument, path, "a readable image, .npy or .npz file", error) from None


def _decode(stream: Any, argument: str, name: str) -> NDArray[np.float32]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    expected = "a readable image, .npy or .npz file"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream) as opened:
                opened.load()
                picture = ImageOps.exif_transpose(opened)
        return _values(picture)
    except UnidentifiedImageError:
        raise ArgumentError(argument, name, f"{expected}; this is no image") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _unreadable(argument, name, expected, error) from None


def _values(picture: Any) -> NDArray[np.float32]:
    from PIL import Image

    if picture.mode.startswith("I;16") or picture.mode == "I":
        return (np.asarray(picture, np.float32) / np.float32(65535)).clip(0, 1)[None]
    if picture.mode == "F":
        return np.asarray(picture, np.float32)[None]
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    picture = picture.convert("L" if picture.mode in ("1", "L", "LA") else "RGB")
    pixels = np.asarray(picture, np.float32) / np.float32(255)
    return np.ascontiguousarray(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))


def _unreadable(argument: str, path: object, expected: str, error: Exception) -> ArgumentError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ArgumentError(argument, str(path), f"{expected} ({reason.splitlines()[0]})")


def check_output(path: Path) -> None:
    """Raise unless a result can be written to `path`, before anything is computed."""
    from PIL import Image

    if path.is_dir() or not path.parent.is_dir():
        reason = "this is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise ArgumentError("output", str(path), f"a file in a folder that exists ({reason})")
    if path.suffix.lower() in ARRAY_SUFFIXES:
        return
    Image.init()
    if Image.EXTENSION.get(path.suffix.lower()) not in Image.SAVE:
        raise ArgumentError("output", str(path), "a name ending in .npy, .npz, .png, .jpg, …")


def write_array(path: Path, result: Array) -> None:
    """Write `result` to a .npy file, or as ``result`` into a .npz file."""
    try:
        with path.open("wb") as stream:
            if path.suffix.lower() == ".npy":
                np.save(stream, result)
            else:
                np.savez_compressed(stream, result=result)
    except OSError as error:
        raise _unreadable("output", path, "a file that can be written", error) from None


def write_picture(path: Path, picture: Any) -> None:
    """Write a `PIL.Image.Image` to `path`, in the format its name says."""
    try:
        picture.save(path)
    except (OSError, ValueError) as error:
        raise _unreadable("output", path, "a picture that can be written", error) from None
