"""Each named filter's picture: what it does to a part of the photograph, or to a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from numconv import filters
from numconv.cli.panels import shade

from .style import FAINT, NEXT, TAP, colour, figure, grey, picture, save_figure, save_photograph

Array = NDArray[Any]

KERNELS = {
    "Blur": (
        *("identity", "box", "tent", "disk", "gaussian", "binomial", "smooth", "ring"),
        *("motion-blur", "motion-blur-x", "motion-blur-y"),
    ),
    "Sharpen": (
        *("sharpen", "sharpen-8", "detail", "edge-enhance", "unsharp", "unsharp-binomial"),
    ),
    "Slopes": (
        *(f"{name}-{axis}" for name in ("derivative", "sobel", "prewitt") for axis in "xy"),
        *(f"{name}-{axis}" for name in ("scharr", "frei-chen", "sobel-5x5") for axis in "xy"),
        *("roberts-x", "roberts-y", "gaussian-slope-x", "gaussian-slope-y", "gaussian-slope"),
    ),
    "Compass": (
        *(f"kirsch-{point}" for point in ("n", "ne", "e", "se", "s", "sw", "w", "nw")),
        *(f"robinson-{point}" for point in ("n", "ne", "e", "se", "s", "sw", "w", "nw")),
    ),
    "Curvature and outlines": (
        *("laplacian", "laplacian-8", "laplacian-isotropic", "ridge", "edge", "outline"),
        *("high-pass", "laplacian-of-gaussian", "difference-of-gaussians"),
    ),
    "Lines and stripes": (
        *("line-x", "line-y", "line-down", "line-up", "gabor-x", "gabor-y", "gabor"),
    ),
    "Light from aside": (*("emboss", "emboss-up", "emboss-x", "emboss-y", "relief", "relief-5x5"),),
}

WINDOWS = {
    "Windows": (
        *("boxcar", "triangle", "bartlett", "hann", "hamming", "blackman", "blackman-harris"),
        *("nuttall", "cosine", "welch", "parzen", "bohman", "tukey", "kaiser", "lanczos"),
    ),
    "Smoothing": (
        *("identity", "gaussian", "binomial", "exponential", "exponential-past"),
        *("savitzky-golay", "low-pass"),
    ),
    "Detail, slopes and steps": (
        *("unsharp", "high-pass", "difference", "derivative", "derivative-4"),
        *("savitzky-golay-derivative", "step", "second-derivative", "second-derivative-4"),
        *("savitzky-golay-second-derivative", "ricker", "difference-of-gaussians"),
    ),
}

# A part with a bright rim, a shadow, wood and a spoon.
_PART = np.s_[..., 15:175, 150:390]
_STAMP = 51


def make() -> None:
    """Draw every named filter."""
    for name in filters.names():
        kernel = filters.kernel(name)
        before = colour() if kernel.sum() > 0.5 else grey()
        levels, _ = shade(np.float64(filters.apply(before, kernel))[_PART])
        tile = picture(levels)
        _stamp(tile, kernel)
        save_photograph(tile, f"filters/{name}", quality=75)
    for name in filters.window_names():
        _draw(name)


def _stamp(tile: Image.Image, kernel: Array) -> None:
    """Paste the weights into the corner: white is the largest, mid-grey 0."""
    levels = 0.5 + 0.5 * kernel / np.abs(kernel).max()
    side = max(1, _STAMP // max(kernel.shape))
    weights = picture(np.kron(levels, np.ones((side, side))))
    frame = Image.new("RGB", (weights.width + 4, weights.height + 4), "white")
    frame.paste(weights, (2, 2))
    ImageDraw.Draw(frame).rectangle((0, 0, frame.width - 1, frame.height - 1), None, "black")
    tile.paste(frame, (tile.width - frame.width, tile.height - frame.height))


def signal() -> Array:
    """Return a step, a ramp, a bump and a spike, with a little noise; 160 samples."""
    n = np.arange(160)
    clean = 0.8 * ((n > 25) & (n < 60)) + np.clip((n - 60) / 40, 0, 1) * (n < 100)
    clean = clean + np.exp(-0.5 * ((n - 125) / 6) ** 2) + 0.9 * (n == 148)
    return np.asarray(clean + np.random.default_rng(2).normal(0, 0.06, len(n)))


def _draw(name: str) -> None:
    weights, x = filters.window(name, dtype="float64"), signal()
    made, _ = figure(300, 130)
    left = made.add_axes((0.02, 0.06, 0.22, 0.88))
    at = np.arange(len(weights))
    left.axhline(0, color=FAINT, linewidth=0.6)
    left.vlines(at, 0, weights, color=NEXT, linewidth=2)
    left.plot(at, weights, "o", color=NEXT, markersize=3)
    reach = 1.15 * np.abs(weights).max()
    left.set(
        xlim=(-1, len(weights)), ylim=(-reach if weights.min() < -0.01 else -0.1 * reach, reach)
    )
    right = made.add_axes((0.27, 0.06, 0.71, 0.88))
    result = filters.apply(x, weights)
    right.plot(x, color="#c8ccd2", linewidth=1)
    right.plot(result / max(1.0, np.abs(result).max() / 1.3), color=TAP, linewidth=1.3)
    right.set(xlim=(0, len(x) - 1), ylim=(-1.4 if result.min() < -0.3 else -0.3, 1.4))
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#c8ccd2")
    save_figure(made, f"windows/{name}", colours=24)


def table(kind: str, names: tuple[str, ...]) -> str:
    """Return the gallery's table of some filters, three in a row."""
    suffix = {"filters": "jpg", "windows": "png"}[kind]
    cells = []
    for name in names:
        formula = filters.formula(name).replace("|", "\\|")
        cells.append(f"![{name}](images/{kind}/{name}.{suffix})<br>**{name}**<br>`{formula}`")
    rows = [cells[i : i + 3] for i in range(0, len(cells), 3)]
    rows[-1] += [""] * (3 - len(rows[-1]))
    lines = ["| | | |", "|---|---|---|", *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n".join(lines)


def tables() -> str:
    """Return all tables of the gallery, by family."""
    parts = [f"### {family}\n\n{table('filters', names)}" for family, names in KERNELS.items()]
    parts.append("## Windows and filters of signals\n\n" + WINDOW_TEXT)
    parts += [f"### {family}\n\n{table('windows', names)}" for family, names in WINDOWS.items()]
    return "\n\n".join(parts)


WINDOW_TEXT = """\
`filters.window(name, size)`. Left the weights, right what they make (orange) of a noisy step, ramp,
bump and spike (grey); results that would leave the frame are scaled into it. `x` counts samples
from the middle, `t` is 1 at the last. Windows are SciPy's symmetric ones, divided by their sum."""
