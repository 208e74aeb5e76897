"""How all pictures look, and how they are kept small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from numconv.cli.images import photograph
from numconv.core.operators.demonstrations import LUMINANCE

IMAGES = Path(__file__).parents[1] / "images"
INK, FAINT = "#20242c", "#70767f"
SAMPLE, PADDED, TAP, NEXT, OUTPUT = "#cddef0", "#eef0f3", "#f0963c", "#468cc8", "#bee1be"

Array = NDArray[Any]


def colour() -> Array:
    """Return the photograph, (3, H, W)."""
    return photograph()


def grey() -> Array:
    """Return the photograph's luminance, (H, W)."""
    return np.einsum("c,chw->hw", LUMINANCE, photograph())


def picture(values: Array) -> Image.Image:
    """Return (H, W) or (3, H, W) in [0, 1] as a picture."""
    levels = (np.clip(values, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(levels if levels.ndim == 2 else levels.transpose(1, 2, 0)).convert("RGB")


def save_photograph(image: Image.Image, name: str, quality: int = 82) -> None:
    """Write a picture of photographs as JPEG."""
    path = IMAGES / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=quality, optimize=True)


def save_drawing(image: Image.Image, name: str, colours: int = 64) -> None:
    """Write a drawing as PNG, of few colours."""
    path = IMAGES / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.convert("RGB").quantize(colours, method=Image.Quantize.MEDIANCUT).save(
        path, optimize=True
    )


def figure(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure of so many pixels, and axes that fill it, in which a unit is a pixel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.family": "DejaVu Sans", "font.size": 11, "text.color": INK})
    made = pyplot.figure(figsize=(width / 100, height / 100), dpi=100)
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return made, axes


def save_figure(made: Any, name: str, colours: int = 64) -> None:
    """Write a figure of matplotlib as PNG, of few colours."""
    from matplotlib import pyplot

    made.canvas.draw()
    pixels = np.asarray(made.canvas.buffer_rgba())[..., :3]
    save_drawing(Image.fromarray(np.ascontiguousarray(pixels)), name, colours)
    pyplot.close(made)
