"""The pictures of the tutorial on the arithmetic of convolution."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import numconv
from numconv.cli.canvas import INK, PAPER, font
from numconv.cli.shape import command
from numconv.core.geometry import PADDING_MODES, source_index
from numconv.core.operators.demonstrations import per_channel, shrink, triangle

from . import lines
from .style import IMAGES, colour, grey, picture, save_drawing, save_photograph

_GAP, _LINE = 14, 22


def make() -> None:
    """Draw all of them."""
    lines.make()
    _drawn("stride", "--input-shape 1x6x7 --kernel 3 --stride 2 --padding 1")
    _drawn("dilation", "--input-shape 1x8x8 --kernel 3 --dilation 2")
    _drawn("overlap", "--op transposed --input-shape 1x6x6 --kernel 3 --stride 2")
    _sizes()
    _padding_modes()
    _checkerboards()


def _drawn(name: str, arguments: str) -> None:
    """Draw what ``numconv shape --draw`` does."""
    path = IMAGES / "arithmetic" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    with redirect_stdout(io.StringIO()):
        command.main([*arguments.split(), "--draw", str(path)], standalone_mode=False)
    save_drawing(Image.open(path), f"arithmetic/{name}")


def _sizes() -> None:
    """Draw full, same and valid of a picture and a large box."""
    x, box = shrink(grey()[None], 2)[0], np.full((21, 21), 1 / 21**2, np.float32)
    made = {
        mode: numconv.conv2d(x[None], box[None, None], padding=mode)[0]
        for mode in ("full", "same", "valid")
    }
    shown = [("input, 160x240", x)]
    shown += [(f"{mode}, {y.shape[0]}x{y.shape[1]}", y) for mode, y in made.items()]
    save_photograph(
        _row([(text, picture(y)) for text, y in shown], middle=True), "arithmetic/sizes"
    )


def _padding_modes() -> None:
    cut, reach = colour()[:, 20:120, 170:320], 45
    shown = []
    for mode in PADDING_MODES:
        padded = cut
        for axis in (1, 2):
            source = source_index(cut.shape[axis], reach, reach, mode)
            kept = np.moveaxis(padded.take(source.clip(0), axis), axis, 0) * (source >= 0).reshape(
                -1, 1, 1
            )
            padded = np.moveaxis(kept, 0, axis)
        tile = picture(padded)
        edge = (reach - 1, reach - 1, reach + cut.shape[2], reach + cut.shape[1])
        ImageDraw.Draw(tile).rectangle(edge, None, "white")
        shown.append((mode, tile))
    rows = [_row(shown[:3]), _row(shown[3:])]
    sheet = Image.new("RGB", (rows[0].width, 2 * rows[0].height + _GAP), PAPER)
    for at, row in enumerate(rows):
        sheet.paste(row, (0, at * (row.height + _GAP)))
    save_photograph(sheet, "arithmetic/padding_modes")


def _checkerboards() -> None:
    """Enlarge a part of the photograph twice, in three ways, with weights that only average."""
    small = np.ascontiguousarray(shrink(colour(), 2)[:, 15:65, 85:155])
    options: dict[str, Any] = {"stride": 2, "padding": 1, "groups": 3}
    uneven = numconv.conv_transpose2d(
        small, per_channel(np.full((3, 3), 4 / 9, np.float32)), output_padding=1, **options
    )
    even = numconv.conv_transpose2d(small, per_channel(triangle(2)), **options)
    resized = numconv.resize_conv2d(
        small,
        per_channel(np.full((3, 3), 1 / 9, np.float32)),
        groups=3,
        padding_mode="replicate",
    )
    shown = [
        ("transposed, 3x3, stride 2", uneven),
        ("transposed, 4x4, stride 2", even),
        ("resize-convolution, 3x3", resized),
    ]
    tiles = [(text, picture(y).resize((280, 200), Image.Resampling.NEAREST)) for text, y in shown]
    save_photograph(_row(tiles), "arithmetic/checkerboards", quality=88)


def _row(shown: list[tuple[str, Image.Image]], middle: bool = False) -> Image.Image:
    height = max(tile.height for _, tile in shown)
    width = sum(tile.width for _, tile in shown) + _GAP * (len(shown) - 1)
    sheet = Image.new("RGB", (width, height + _LINE), PAPER)
    pen, left = ImageDraw.Draw(sheet), 0
    for text, tile in shown:
        top = (height - tile.height) // 2 if middle else 0
        pen.text((left, top), text, INK, font())
        sheet.paste(tile, (left, top + _LINE))
        left += tile.width + _GAP
    return sheet
