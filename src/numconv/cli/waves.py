"""The picture of signals before and after: one below the other, over the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import FAINT, INK, PAPER, font, plain, wrap
from .printing import seconds, shape

Array = NDArray[Any]

MOST_CHANNELS = 8
_WIDTH, _MARGIN, _LINE, _GAP = 1000, 16, 21, 12
_TALL, _LOW = 120, 64  # pixels of a channel: of one or two, and of more
_WAVES = ((60, 110, 180), (200, 90, 40))
_BACK = (244, 245, 247)


def sheet(signals: Sequence[tuple[str, Array, int | None]], caption: str) -> Any:
    """Return a `PIL.Image.Image` of signals (name, samples (C, L), samples in a second or None).

    Each fills the width and has a scale of its own, which is written beside its name.
    """
    from PIL import Image, ImageDraw

    lines = wrap(caption, _WIDTH)
    heights = [
        _LINE + _height(samples) * min(len(samples), MOST_CHANNELS) + _LINE + _GAP
        for _, samples, _ in signals
    ]
    size = (_WIDTH + 2 * _MARGIN, sum(heights) + _LINE * len(lines) + 2 * _MARGIN)
    drawn = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(drawn)
    top = _MARGIN
    for (name, samples, rate), height, colour in zip(signals, heights, _WAVES, strict=True):
        _draw(pen, top, name, samples, rate, colour)
        top += height
    for row, line in enumerate(lines):
        pen.text((_MARGIN, top + row * _LINE), line, INK, font())
    return drawn


def _height(samples: Array) -> int:
    return _TALL if len(samples) < 3 else _LOW


def _draw(
    pen: Any, top: int, name: str, samples: Array, rate: int | None, colour: tuple[int, int, int]
) -> None:
    values = np.abs(samples) if np.iscomplexobj(samples) else samples
    values = np.nan_to_num(np.asarray(values, np.float64), posinf=0.0, neginf=0.0)
    height, length = _height(samples), samples.shape[1]
    reach = float(np.abs(values).max()) if values.size else 0.0
    words = f"{name}, {shape(samples.shape)}, up to ±{reach:.3g}"
    if len(samples) > MOST_CHANNELS:
        words += f", the first {MOST_CHANNELS} channels"
    pen.text((_MARGIN, top), plain(words), INK, font())
    top += _LINE
    for channel in values[:MOST_CHANNELS]:
        right, bottom = _MARGIN + _WIDTH - 1, top + height - 3
        pen.rectangle((_MARGIN, top, right, bottom), _BACK)
        middle = (top + bottom) / 2
        pen.line((_MARGIN, middle, right, middle), FAINT)
        pen.line(_curve(channel / (reach or 1), top + 2, bottom - 2), colour, 1)
        top += height
    end = f"{length} samples" if rate is None else seconds(length / rate)
    pen.text((_MARGIN, top), "0", FAINT, font(13))
    pen.text((_MARGIN + _WIDTH, top), plain(end), FAINT, font(13), anchor="ra")


def _curve(levels: NDArray[np.float64], top: int, bottom: int) -> list[tuple[float, float]]:
    """Return the points of a line through levels from -1 to 1.

    Where several samples fall into a column, the line goes from the least of them to the greatest.
    """
    if levels.size > _WIDTH:
        starts = np.arange(_WIDTH) * levels.size // _WIDTH
        ends = np.stack(
            [np.minimum.reduceat(levels, starts), np.maximum.reduceat(levels, starts)], axis=1
        )
        ends[1::2] = ends[1::2, ::-1]
        x, levels = np.repeat(np.arange(_WIDTH, dtype=np.float64), 2), ends.reshape(-1)
    else:
        x = np.linspace(0, _WIDTH - 1, max(levels.size, 1))[: levels.size]
    y = bottom - (levels + 1) / 2 * (bottom - top)
    return list(zip((x + _MARGIN).tolist(), y.tolist(), strict=True))
