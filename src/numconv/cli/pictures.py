"""A picture as it lies in a file: its depth, its transparency, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FLOATS = ("float32", "float64")
"""The depths of samples that are no levels from black to white."""

NO_OPACITY, PREMULTIPLIED, STRAIGHT = 0, 1, 2
"""What a channel behind the colours is: TIFF's numbers for it."""

_ORIENTATION = 274  # the tag of TIFF and EXIF
_ROWS = 64  # so many at a time, which a processor's own cache holds
# How rows and columns (H, W, ...) become upright, by the number that TIFF and EXIF give.
_UPRIGHT = {
    2: lambda rows: rows[:, ::-1],
    3: lambda rows: rows[::-1, ::-1],
    4: lambda rows: rows[::-1],
    5: lambda rows: rows.swapaxes(0, 1),
    6: lambda rows: rows[::-1].swapaxes(0, 1),
    7: lambda rows: rows[::-1, ::-1].swapaxes(0, 1),
    8: lambda rows: rows[:, ::-1].swapaxes(0, 1),
}


@dataclass(frozen=True)
class Picture:
    """A picture, upright.

    Attributes
    ----------
    colours : ndarray of float32 or float64, shape (C, H, W)
        Grey, or red, green and blue, and behind them the `bands`; unsigned integers of up to 16
        bits as [0, 1], other samples as they are (float64 where float32 does not hold them).
    alpha : ndarray of float32, shape (H, W), or None
        Opacity in [0, 1], by which the colours are not multiplied; None where the file has none.
    depth : str
        ``uint8``, ``uint16``, or ``float32`` or ``float64`` for samples of any other kind.
    kept : mapping
        What is written back with it: ``icc_profile``, ``dpi``, ``exif``, ``compression``, and
        whether TIFF has its colours ``premultiplied`` by the opacity.
    notes : tuple of str
        What a person should know about the reading.
    bands : int
        How many channels are no colours: near infrared, a second stain, …
    """

    colours: NDArray[Any]
    alpha: NDArray[Any] | None = None
    depth: str = "uint8"
    kept: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    bands: int = 0

    @property
    def painted(self) -> NDArray[Any]:
        """The channels that are colours: one or three."""
        return self.colours[: len(self.colours) - self.bands]

    @property
    def on_white(self) -> NDArray[Any]:
        """The channels where the picture lies on white paper."""
        if self.alpha is None:
            return self.colours
        seen = self.seen()
        seen[: len(self.painted)] += 1 - self.alpha
        return seen

    def seen(self) -> NDArray[Any]:
        """Return the channels, of which the colours are multiplied by the opacity."""
        seen = self.colours.copy()
        seen[: len(self.painted)] *= 1 if self.alpha is None else self.alpha
        return seen

    def opaque(self) -> Picture:
        """Return the picture on white paper."""
        if self.alpha is None:
            return self
        notes = (*self.notes, "white was put behind what is transparent")
        return replace(self, colours=self.on_white, alpha=None, notes=notes)


def parted(
    channels: Array,
    count: int,
    extras: Sequence[int],
    depth: str,
    kept: Mapping[str, Any],
    notes: Sequence[str] = (),
) -> Picture:
    """Return a picture of channels (C, H, W): `count` colours, and behind them `extras`.

    The first of the extras that is opacity becomes that, the others bands. Colours that are
    premultiplied are divided by it, in place.
    """
    opaque = [count + at for at, extra in enumerate(extras) if extra != NO_OPACITY]
    if not opaque:
        return Picture(channels, None, depth, kept, tuple(notes), len(channels) - count)
    at = opaque[0]
    last = at == len(channels) - 1
    alpha, others = channels[at], channels[:-1] if last else np.delete(channels, at, 0)
    if extras[at - count] == PREMULTIPLIED:
        kept = {**kept, "premultiplied": True}
        if others[:count, alpha <= 0].any():
            notes = (*notes, "colours that are wholly transparent were left out")
        others[:count] /= np.where(alpha > 0, alpha, np.float32(np.inf))
    return Picture(others, alpha, depth, kept, tuple(notes), len(others) - count)


def upright(opened: Any) -> int | None:
    """Turn a picture of Pillow's as its EXIF record says, and return that orientation.

    It is None where the record is damaged.
    """
    from PIL import ImageOps

    try:
        orientation = opened.getexif().get(_ORIENTATION, 1)
        ImageOps.exif_transpose(opened, in_place=True)
    except Exception:  # a record is full of offsets, any of which may lead nowhere
        return None
    return orientation if isinstance(orientation, int) else 1


def turned(samples: Array, orientation: int | None) -> Array:
    """Return samples (H, W, ...) upright; an orientation that is none leaves them as they are."""
    turn = _UPRIGHT.get(orientation or 1)
    return samples if turn is None else turn(samples)


def levels(samples: Any, white: int) -> NDArray[np.float32]:
    """Return integer samples as [0, 1], of shape (C, H, W); `white` becomes 1.

    They are an array (H, W) or (H, W, C), or a picture of Pillow's with 8 bits, of which only
    some rows at a time are copied into arrays.
    """
    if isinstance(samples, np.ndarray):
        samples = samples[..., None] if samples.ndim == 2 else samples
        height, width, channels = samples.shape
    else:
        (width, height), channels = samples.size, len(samples.getbands())
    made = np.empty((channels, height, width), np.float32)
    for top in range(0, height, _ROWS):
        below = min(top + _ROWS, height)
        rows = _rows(samples, top, below).reshape(below - top, width, channels)
        turned = rows.transpose(2, 0, 1)
        np.divide(turned, np.float32(white), out=made[:, top:below], dtype=np.float32)
    return made


def _rows(samples: Any, top: int, below: int) -> Array:
    if isinstance(samples, np.ndarray):
        return samples[top:below]
    return np.asarray(samples.crop((0, top, samples.width, below)))
