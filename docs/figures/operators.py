"""Each operator's demonstration on the photograph: before and after."""

from __future__ import annotations

from typing import Any

from PIL import Image, ImageDraw

from numconv.cli.canvas import FAINT, INK, PAPER, font, plain
from numconv.cli.panels import Panel, panel
from numconv.core import plugins
from numconv.core.protocol import Operator

from .style import colour, save_photograph

_WIDTH, _GAP, _LINE = 430, 16, 22
# The part of the photograph with a bright rim, a shadow, wood and a spoon.
_TOP, _BOTTOM, _LEFT, _RIGHT = 0.05, 0.55, 0.3, 0.8


def own() -> dict[str, Operator]:
    """Return the operators that numconv itself brings, by name."""
    return {
        name: operator
        for name, operator in plugins.operators().items()
        if type(operator).__module__.startswith("numconv.")
    }


def make() -> None:
    """Draw every one of them."""
    for name, operator in own().items():
        shown = operator.demonstration(colour())
        result = operator.apply(*shown.arrays, **shown.parameters)
        save_photograph(_before_and_after(shown.arrays[0], result), f"operators/{name}")


def _before_and_after(before: Any, after: Any) -> Image.Image:
    panels = [panel("input", before, coloured=True), panel("output", after, coloured=True)]
    pictures = [_scaled(_part(each)) for each in panels]
    below = _LINE + max(each.height for each in pictures)
    notes = any(each.note for each in panels)
    sheet = Image.new("RGB", (2 * _WIDTH + _GAP, below + notes * _LINE), PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, (each, shown) in enumerate(zip(panels, pictures, strict=True)):
        left = at * (_WIDTH + _GAP)
        pen.text((left, 0), plain(each.title), INK, font())
        sheet.paste(shown, (left, _LINE))
        pen.text((left, below + 2), plain(each.note), FAINT, font(13))
    return sheet


def _part(shown: Panel) -> Image.Image:
    image = Image.fromarray(shown.pixels)
    if shown.tiled:
        return image
    across, down = image.size
    return image.crop(
        (round(_LEFT * across), round(_TOP * down), round(_RIGHT * across), round(_BOTTOM * down))
    )


def _scaled(image: Image.Image) -> Image.Image:
    height = round(image.height * _WIDTH / image.width)
    small = image.width < _WIDTH / 4
    way = Image.Resampling.NEAREST if small else Image.Resampling.BICUBIC
    return image.resize((_WIDTH, height), way)
