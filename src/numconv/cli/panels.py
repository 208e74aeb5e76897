"""The picture that `numconv run` writes: input and output side by side, true to scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import FAINT, INK, PAPER, font, plain, wrap
from .printing import shape

MOST_TILES = 36
_SMALLEST, _LARGEST = 360, 960  # pixels of the widest panel
_MARGIN, _GAP, _LINE = 16, 24, 21
_CLOSER = 4


@dataclass(frozen=True)
class Panel:
    """Values as grey or colour, and what a reader must know to read them.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
    title, note : str
        What the values are, and how they became grey.
    tiled : bool
        Whether it is a grid of several pictures.
    """

    pixels: NDArray[np.uint8]
    title: str
    note: str
    tiled: bool = False


def planes(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return `values` as finite (C, H, W): the first of a batch, depth as channels."""
    real = np.abs(values) if np.iscomplexobj(values) else values
    real = np.nan_to_num(np.asarray(real, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if real.ndim >= 4:
        real = real[0]
    if real.ndim < 3:
        return real.reshape((1, *real.shape) if real.ndim == 2 else (1, 1, -1))
    return real.reshape(-1, *real.shape[-2:])


def shading(values: NDArray[Any]) -> tuple[float, float, str]:
    """Return a gain and an offset that bring `values` to [0, 1], and the mapping in words.

    Values that are mostly those of a picture stay as they are; others are scaled, centred at
    mid-grey where they are signed. The ends are the 0.5th and 99.5th percentiles, so that a few
    extremes do not flatten everything else.
    """
    low, high = (float(end) for end in np.quantile(values, (0.005, 0.995)))
    reach = max(-low, high)
    if low < 0 and values.mean() < 0.1 * reach:
        return 1 / (2 * reach), 0.5, f"mid-grey is 0, white {reach:.3g}"
    if 0 < high < 0.1 or np.quantile(values, 0.85) > 1.5:
        return 1 / high, 0.0, f"black is 0, white {high:.3g}"
    clipped = low < -0.02 or high > 1.02
    return 1.0, 0.0, "clipped to 0 to 1" if clipped else ""


def shade(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    """Return `values` as `shading` brings them to [0, 1], and the mapping in words."""
    if values.size == 0:
        return values, "empty"
    gain, offset, note = shading(values)
    return (gain * values + offset).clip(0, 1), note


def panel(name: str, values: NDArray[Any], coloured: bool = False) -> Panel:
    """Return the panel of an array: grey for 1 channel, colour for 3, else a grid.

    Where channels are `coloured`, every three in a row are one picture of the grid; otherwise
    every channel is.
    """
    title = f"{name}, {shape(values.shape)}"
    channels = planes(values)
    per_tile = 3 if len(channels) == 3 or (coloured and len(channels) % 3 == 0) else 1
    tiles = channels.reshape(-1, per_tile, *channels.shape[1:])
    if len(tiles) == 1:
        levels, note = shade(tiles[0])
        return Panel(_pixels(levels), title, note)
    return _grid(tiles, title)


def _pixels(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return levels (1 or 3, H, W) as (H, W, 3)."""
    pixels = (levels * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


def _grid(tiles: NDArray[np.float64], title: str) -> Panel:
    shown = [_pixels(shade(tile)[0]) for tile in tiles[:MOST_TILES]]
    height, width = tiles.shape[2:]
    columns = max(1, ceil(sqrt(len(shown) * height / max(width, 1))))
    rows = max(1, ceil(len(shown) / columns))
    # A tile keeps its samples until the grid is larger than a panel may be.
    step = max(1, ceil(columns * width / _LARGEST), ceil(rows * height / _LARGEST))
    height, width = -(-height // step), -(-width // step)
    pixels = np.full((rows * (height + 2) - 2, columns * (width + 2) - 2, 3), 255, np.uint8)
    for index, tile in enumerate(shown):
        y, x = index // columns * (height + 2), index % columns * (width + 2)
        pixels[y : y + height, x : x + width] = tile[::step, ::step]
    what = "three channels each" if tiles.shape[1] == 3 else "a channel each, with its own greys"
    words = [f"row by row, {what}"]
    words += [f"the first {len(shown)} of {len(tiles)}"] * (len(shown) < len(tiles))
    words += [f"every {step} samples"] * (step > 1)
    return Panel(pixels, title, "; ".join(words), tiled=True)


def detail(panels: Sequence[Panel]) -> tuple[Panel, ...]:
    """Return the sixteenth of each panel in which the first varies most, for a closer look.

    None where the panels differ in size, are grids, or are small enough to be looked at whole.
    """
    height, width = panels[0].pixels.shape[:2]
    same = all(each.pixels.shape == panels[0].pixels.shape for each in panels)
    if not same or width < _SMALLEST or height < 4 or any(each.tiled for each in panels):
        return ()
    rows, columns = height // 4, width // 4
    tiles = panels[0].pixels[: rows * 4, : columns * 4].mean(axis=2)
    spread = tiles.reshape(4, rows, 4, columns).std(axis=(1, 3))
    y, x = (int(at) for at in np.unravel_index(spread.argmax(), spread.shape))
    part = slice(y * rows, (y + 1) * rows), slice(x * columns, (x + 1) * columns)
    return tuple(Panel(each.pixels[part], each.title, each.note) for each in panels)


def side_by_side(panels: Sequence[Panel], caption: str) -> Any:
    """Return a `PIL.Image.Image` of the panels at one scale, their titles and the caption."""
    from PIL import Image, ImageDraw

    zoom = _zoom(max(each.pixels.shape[1] for each in panels))
    pictures = [_scaled(each.pixels, zoom) for each in panels]
    closer = [_scaled(each.pixels, _CLOSER * zoom) for each in detail(panels)]
    columns = [
        max(picture.width, *(ceil(font().getlength(plain(t))) for t in (each.title, each.note)))
        for picture, each in zip(pictures, panels, strict=True)
    ]
    width = sum(columns) + _GAP * (len(panels) - 1)
    lines = wrap("\n".join((caption, *_remarks(zoom, bool(closer)))), width)
    below = _MARGIN + _LINE + 3 + max(picture.height for picture in pictures) + 5
    below += _LINE * any(each.note for each in panels)
    text = below + 8 + (closer[0].height + 12 if closer else 0)
    size = (width + 2 * _MARGIN, text + _LINE * len(lines) + _MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    x = _MARGIN
    for index, (each, column) in enumerate(zip(panels, columns, strict=True)):
        draw.text((x, _MARGIN), plain(each.title), INK, font())
        sheet.paste(pictures[index], (x, _MARGIN + _LINE + 3))
        note = (x, _MARGIN + _LINE + 3 + pictures[index].height + 4)
        draw.text(note, plain(each.note), FAINT, font())
        if closer:
            sheet.paste(closer[index], (x, below + 4))
        x += column + _GAP
    for row, line in enumerate(lines):
        draw.text((_MARGIN, text + row * _LINE), line, INK, font())
    return sheet


def _remarks(zoom: float, closer: bool) -> list[str]:
    remarks = [f"Shown at {zoom:.3g} pixels per sample."] * (zoom != 1)
    return remarks + [f"The second row shows a part of each, {_CLOSER} times larger."] * closer


def _zoom(widest: int) -> float:
    if widest > _LARGEST:
        return _LARGEST / widest
    return float(max(1, _SMALLEST // max(widest, 1)))


def _scaled(pixels: NDArray[np.uint8], zoom: float) -> Any:
    from PIL import Image

    picture = Image.fromarray(pixels)
    width, height = (max(1, round(side * zoom)) for side in picture.size)
    resampling = Image.Resampling.NEAREST if zoom >= 1 else Image.Resampling.BOX
    return picture.resize((width, height), resampling) if zoom != 1 else picture
