"""The picture of the page on the CPU backend's kernels."""

from __future__ import annotations

from typing import Any

from numconv.core.problems import ConvolutionProblem
from numconv_cpu.kernel.lowering import Lowering, lower

from .style import FAINT, INK, OUTPUT, PADDED, TAP, figure, save_figure

WIDTH, HEIGHT = 1010, 830
CELL = 30
# One for each phase of a stride of 2 by 2.
PHASES = ("#cddef0", "#f7e3c4", "#d3ead0", "#e6d5ee")
SIZE, STRIDE, LO = (5, 7), 2, 1
MR, NR = 4, 8
# The k that is shown at work.
SHOWN = 5


def make() -> None:
    """Draw it."""
    lowering = lower(
        ConvolutionProblem(
            batch=1,
            in_channels=1,
            out_channels=MR,
            input_shape=SIZE,
            kernel_shape=(3, 3),
            stride=(STRIDE, STRIDE),
            padding=((LO, LO), (LO, LO)),
            dilation=(1, 1),
        )
    )
    made, axes = figure(WIDTH, HEIGHT)
    _plane(axes, 30, 78)
    _phases(axes, 440, 78, lowering)
    _product(axes, 30, 464, lowering)
    save_figure(made, "kernels/planes_and_tile")


def _cell(axes: Any, x: float, y: float, fill: str, text: str = "", faint: bool = False) -> None:
    _box(axes, x, y, CELL, CELL, facecolor=fill, edgecolor="white", linewidth=1.5)
    if text:
        colour = FAINT if faint else INK
        middle = {"ha": "center", "va": "center"}
        axes.text(x + CELL / 2, y + CELL / 2, text, fontsize=9, color=colour, **middle)


def _frame(axes: Any, x: float, y: float, columns: int, rows: int, colour: str) -> None:
    style = {"fill": False, "edgecolor": colour, "linewidth": 2, "zorder": 3}
    _box(axes, x, y, columns * CELL, rows * CELL, **style)


def _box(axes: Any, x: float, y: float, width: float, height: float, **style: Any) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), width, height, **style))


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 16, "color": INK}
    axes.annotate("", end, start, arrowprops=style)


def _title(axes: Any, x: float, y: float, title: str, *below: str) -> None:
    axes.text(x, y, title, fontsize=12, weight="bold", va="bottom")
    for i, line in enumerate(below):
        axes.text(x, y + 7 + 16 * i, line, fontsize=10, color=FAINT, va="top")


def _phase(y: int, x: int) -> int:
    return y % STRIDE * STRIDE + x % STRIDE


def _plane(axes: Any, left: float, top: float) -> None:
    """Draw the padded input, each sample in the colour of its phase."""
    _title(axes, left, top - 38, "the padded input", "5 x 7 samples, stride 2, padding 1")
    height, width = (size + 2 * LO for size in SIZE)
    for y in range(height):
        for x in range(width):
            inside = LO <= y < LO + SIZE[0] and LO <= x < LO + SIZE[1]
            text = f"{(y - LO) * SIZE[1] + x - LO}" if inside else "0"
            _cell(axes, left + x * CELL, top + y * CELL, PHASES[_phase(y, x)], text, not inside)
    _frame(axes, left + LO * CELL, top + LO * CELL, SIZE[1], SIZE[0], FAINT)
    _frame(axes, left, top, 3, 3, TAP)
    axes.text(
        left, top + height * CELL + 8, "orange: the window of result 0", va="top", fontsize=10
    )
    below = top + height * CELL + 26
    axes.text(left, below, "four colours: the phases (y mod 2, x mod 2)", va="top", fontsize=10)
    start = (left + width * CELL + 20, top + 105)
    _arrow(axes, start, (424, top + 105))
    axes.text(left + width * CELL + 54, top + 92, "pack", ha="center", fontsize=11)


def _phases(axes: Any, left: float, top: float, lowering: Lowering) -> None:
    """Draw the planes as they lie in memory, and what result 0 reads there."""
    lines, pitch = lowering.lines, lowering.pitch
    _title(
        axes,
        left,
        top - 38,
        "its planes, (phase y, phase x, y, x)",
        f"numbers count the elements of one channel; a row is pitch = {pitch} long",
    )
    taps = {int(offset): k for k, offset in enumerate(lowering.parts[0].offsets)}
    for phase in range(STRIDE**2):
        x0 = left + phase % STRIDE * (pitch * CELL + 116)
        y0 = top + phase // STRIDE * (lines * CELL + 44)
        name = f"phase ({phase // STRIDE}, {phase % STRIDE})"
        axes.text(x0 + pitch * CELL + 10, y0 + 16, name, fontsize=10)
        for y in range(lines):
            for x in range(pitch):
                element = (phase * lines + y) * pitch + x
                place = x0 + x * CELL, y0 + y * CELL
                if element in taps:
                    _cell(axes, *place, PHASES[phase])
                    _frame(axes, *place, 1, 1, TAP)
                    middle = {"ha": "center", "va": "center"}
                    axes.text(place[0] + 15, place[1] + 10, element, fontsize=9, **middle)
                    axes.text(
                        place[0] + 15, place[1] + 22, f"k={taps[element]}", fontsize=7, **middle
                    )
                else:
                    _cell(axes, *place, PHASES[phase], str(element))
    below = top + 2 * (lines * CELL + 44) - 22
    axes.text(left, below, "orange: what the products k of result 0 read: offsets[k]", fontsize=10)


def _product(axes: Any, left: float, top: float, lowering: Lowering) -> None:
    """Draw the packed weights, what product k reads, and the tile of sums."""
    (part,) = lowering.parts
    offsets, pitch, count = part.offsets, lowering.pitch, part.counts[2]
    _title(axes, left, top - 28, "packed weights", "a panel (K, MR), MR = 4")
    samples = left + 300
    _title(
        axes,
        samples,
        top - 28,
        "the samples of a tile of positions",
        "row k: NR = 8 elements from offsets[k] on",
    )
    for k, offset in enumerate(offsets):
        y, shown = top + 22 + k * CELL, k == SHOWN
        axes.text(left + 22, y + CELL / 2, f"k = {k}", ha="right", va="center", fontsize=9)
        for row in range(MR):
            _cell(axes, left + 30 + row * CELL, y, TAP if shown else PADDED)
        text = f"offsets[{k}] = {offset}"
        axes.text(samples - 10, y + CELL / 2, text, ha="right", va="center", fontsize=9)
        phase = int(offset) // (lowering.lines * pitch)
        for p in range(NR):
            between = p % pitch >= count
            _cell(axes, samples + p * CELL, y, PHASES[phase], str(int(offset) + p), between)
        if shown:
            _frame(axes, left + 30, y, MR, 1, INK)
            _frame(axes, samples, y, NR, 1, INK)
    for row in range(MR):
        axes.text(left + 45 + row * CELL, top + 14, f"m={row}", ha="center", fontsize=8)
    sums = samples + NR * CELL + 110
    _title(axes, sums, top + 62, "the register tile", "MR x NR sums; below, (y, x) of the result")
    tile = top + 112
    for row in range(MR):
        axes.text(
            sums - 8, tile + (row + 0.5) * CELL, f"m = {row}", ha="right", va="center", fontsize=9
        )
        for p in range(NR):
            between = p % pitch >= count
            _cell(axes, sums + p * CELL, tile + row * CELL, PADDED if between else OUTPUT)
    for p in range(NR):
        y, x = divmod(p, pitch)
        text = f"{y},{x}" if x < count else "–"
        axes.text(
            sums + (p + 0.5) * CELL,
            tile + MR * CELL + 12,
            text,
            ha="center",
            va="center",
            fontsize=9,
        )
    below = tile + MR * CELL + 30
    lines = (
        "for k in range(K):",
        "  sums[m, p] += weights[k, m] * x[offsets[k] + p]",
        "row k of each operand: MR x NR products",
        "grey: between two rows of results;",
        "computed, and dropped by the store",
    )
    for i, line in enumerate(lines):
        family = "DejaVu Sans Mono" if i < 2 else "DejaVu Sans"
        size = 9 if i < 2 else 10
        axes.text(
            sums - 66, below + 19 * i + 6 * (i > 1), line, family=family, fontsize=size, va="top"
        )
    y = top + 22 + (SHOWN + 0.5) * CELL
    start = (samples + NR * CELL + 8, y)
    _arrow(axes, start, (sums - 56, tile + 2 * CELL))
