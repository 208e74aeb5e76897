"""A picture as it lies in a file: its depth, its transparency, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_ROWS = 64  # so many at a time, which a processor's own cache holds


@dataclass(frozen=True)
class Picture:
    """A picture, upright.

    Attributes
    ----------
    colours : ndarray of float32, shape (C, H, W)
        Grey (C = 1) or red, green and blue (C = 3); integers of 8 and 16 bits as [0, 1], other
        samples as they are.
    alpha : ndarray of float32, shape (H, W), or None
        Opacity in [0, 1]; None where the file has none.
    depth : str
        ``uint8``, ``uint16``, or ``float32`` for samples of any other kind.
    kept : mapping
        What is written back with it: ``icc_profile``, ``dpi``, ``exif``, ``compression``.
    notes : tuple of str
        What a person should know about the reading.
    """

    colours: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None
    depth: str = "uint8"
    kept: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def on_white(self) -> NDArray[np.float32]:
        """The colours where the picture lies on white paper."""
        if self.alpha is None:
            return self.colours
        return np.asarray(self.alpha * self.colours + (1 - self.alpha), np.float32)

    def opaque(self) -> Picture:
        """Return the picture on white paper."""
        if self.alpha is None:
            return self
        notes = (*self.notes, "white was put behind what is transparent")
        return replace(self, colours=self.on_white, alpha=None, notes=notes)


def upright(opened: Any) -> bool:
    """Turn a picture of Pillow's as its EXIF record says; False where that is damaged."""
    from PIL import ImageOps

    try:
        ImageOps.exif_transpose(opened, in_place=True)
    except Exception:  # a record is full of offsets, any of which may lead nowhere
        return False
    return True


def levels(samples: Any, colours: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return integer samples as [0, 1], colours and alpha apart.

    They are an array (H, W) or (H, W, C), or a picture of Pillow's with 8 bits, of which only
    some rows at a time are copied into arrays.
    """
    if isinstance(samples, np.ndarray):
        samples = samples[..., None] if samples.ndim == 2 else samples
        height, width, channels = samples.shape
        white = np.float32(np.iinfo(samples.dtype).max)
    else:
        (width, height), channels = samples.size, len(samples.getbands())
        white = np.float32(255)
    made = np.empty((channels, height, width), np.float32)
    for top in range(0, height, _ROWS):
        below = min(top + _ROWS, height)
        rows = _rows(samples, top, below).reshape(below - top, width, channels)
        np.divide(rows.transpose(2, 0, 1), white, out=made[:, top:below], dtype=np.float32)
    return made[:colours], made[colours] if channels > colours else None


def _rows(samples: Any, top: int, below: int) -> Array:
    if isinstance(samples, np.ndarray):
        return samples[top:below]
    return np.asarray(samples.crop((0, top, samples.width, below)))
