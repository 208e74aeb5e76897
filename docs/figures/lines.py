"""Drawings of convolutions along one axis, a box for each sample."""

from __future__ import annotations

from typing import Any

from .style import FAINT, INK, NEXT, OUTPUT, PADDED, SAMPLE, TAP, figure, save_figure

_SIDE = 34


def make() -> None:
    """Draw all of them."""
    _sliding()
    _matrices()
    _receptive_field()


def _box(axes: Any, x: float, y: float, text: object, colour: str, dotted: bool = False) -> None:
    from matplotlib.patches import Rectangle

    style = {"linestyle": ":"} if dotted else {}
    edge = "#a8aeb8"
    axes.add_patch(Rectangle((x, y), _SIDE, _SIDE, facecolor=colour, edgecolor=edge, **style))
    axes.text(x + _SIDE / 2, y + _SIDE / 2 + 1, str(text), ha="center", va="center", color=INK)


def _sliding() -> None:
    """Draw every position of three taps over five samples, and what it makes."""
    x, taps = (1, 3, 2, 0, 4), (1, 2, 1)
    padded = (0, 0, *x, 0, 0)
    made, axes = figure(860, 392)
    left, top, row = 150, 56, 40
    axes.text(left - 12, top - 33, "input x", ha="right", va="center")
    for k, sample in enumerate(padded):
        inside = 2 <= k < 2 + len(x)
        _box(axes, left + k * _SIDE, top - 50, sample, SAMPLE if inside else PADDED, not inside)
    right = left + len(padded) * _SIDE + 50
    axes.text(right + _SIDE / 2, top - 33, "output", ha="center", va="center")
    for o in range(len(padded) - 2):
        y = top + 8 + o * row
        for k, tap in enumerate(taps):
            _box(axes, left + (o + k) * _SIDE, y, tap, TAP)
        products = " + ".join(f"{tap}·{padded[o + k]}" for k, tap in enumerate(taps))
        axes.text(left - 12, y + _SIDE / 2, products, ha="right", va="center", color=FAINT, size=10)
        _box(axes, right, y, sum(t * padded[o + k] for k, t in enumerate(taps)), OUTPUT)
    spans = (("valid", 2, 4, 0), ("same", 1, 5, 1), ("full", 0, 6, 2))
    for name, first, last, place in spans:
        at = right + _SIDE + 24 + place * 82
        ends = top + 12 + first * row, top + 4 + last * row + _SIDE
        axes.plot([at, at + 8, at + 8, at], [ends[0], ends[0], ends[1], ends[1]], color=INK, lw=1.2)
        count = last - first + 1
        axes.text(at + 14, sum(ends) / 2 - 9, name, va="center")
        axes.text(at + 14, sum(ends) / 2 + 9, f"{count} samples", va="center", color=FAINT, size=9)
    axes.text(
        left, 380, "0 outside x: padding. Three taps (1, 2, 1), one row per position.", size=10
    )
    save_figure(made, "arithmetic/sliding")


def _matrices() -> None:
    """Draw the matrix of a convolution, and its transpose."""
    taps, outputs, stride = ("w0", "w1", "w2"), 3, 2
    size = (outputs - 1) * stride + len(taps)
    made, axes = figure(860, 336)

    def matrix(x: float, y: float, transposed: bool) -> None:
        for row in range(size if transposed else outputs):
            for column in range(outputs if transposed else size):
                o, i = (column, row) if transposed else (row, column)
                tap = i - o * stride
                there = 0 <= tap < len(taps)
                at = x + column * _SIDE, y + row * _SIDE
                _box(axes, *at, taps[tap] if there else "", TAP if there else "white")

    def vector(x: float, y: float, names: list[str], colour: str) -> None:
        for k, name in enumerate(names):
            _box(axes, x, y + k * _SIDE, name, colour)

    inputs, results = [f"x{i}" for i in range(size)], [f"y{o}" for o in range(outputs)]
    top = 50
    axes.text(20, 22, f"convolution, stride {stride}:  y = A x", va="center")
    vector(20, top + 68, results, OUTPUT)
    axes.text(72, top + 119, "=", ha="center", va="center", size=14)
    matrix(92, top + 68, transposed=False)
    vector(92 + size * _SIDE + 16, top, inputs, SAMPLE)
    left = 490
    axes.text(left, 22, "transposed convolution:  x' = Aᵀ y", va="center")
    vector(left, top, [f"x'{i}" for i in range(size)], SAMPLE)
    axes.text(left + 52, top + 119, "=", ha="center", va="center", size=14)
    matrix(left + 72, top, transposed=True)
    vector(left + 72 + outputs * _SIDE + 16, top + 68, results, OUTPUT)
    note = "One column of A for each input, one row for each output. x'2 and x'4 sum two products,"
    axes.text(20, 318, f"{note} the others one: uneven.", size=10, color=INK)
    save_figure(made, "arithmetic/matrices")


def _receptive_field() -> None:
    """Draw what one output sees through three layers of three taps, one with stride 2."""
    from matplotlib.patches import Rectangle

    made, axes = figure(860, 290)
    # From the input upwards: samples drawn, the stride to the next, the last drawn sample seen.
    layers = [("input", 13), ("3 taps, stride 1", 11), ("3 taps, stride 2", 5), ("3 taps", 3)]
    strides = (1, 2, 1)
    step, left, bottom, rise = 46, 190, 262, 70
    centres = [[left + step * (i + 0.5) for i in range(layers[0][1])]]
    for stride, (_, count) in zip(strides, layers[1:], strict=True):
        below = centres[-1]
        centres.append([below[o * stride + 1] for o in range(count)])
    seen = [{1}]
    for stride in reversed(strides):
        seen.insert(0, {o * stride + k for o in seen[0] for k in range(3)})
    for level, (name, _) in enumerate(layers):
        y = bottom - level * rise
        axes.text(left - 22, y, name, ha="right", va="center")
        if level:
            for o in sorted(seen[level]):
                for k in range(3):
                    ends = centres[level][o], centres[level - 1][o * strides[level - 1] + k]
                    axes.plot(ends, (y, y + rise), color=NEXT, linewidth=0.8, zorder=0)
        for i, x in enumerate(centres[level]):
            inside = i in seen[level]
            edge = INK if inside else "#a8aeb8"
            patch = Rectangle((x - 13, y - 13), 26, 26, facecolor=TAP if inside else SAMPLE)
            patch.set_edgecolor(edge)
            axes.add_patch(patch)
        axes.text(836, y, len(seen[level]), ha="center", va="center")
    axes.text(836, bottom - 3 * rise - 30, "seen", ha="center", va="center", color=FAINT)
    axes.text(left - 22, bottom - 3 * rise - 30, "layer", ha="right", va="center", color=FAINT)
    save_figure(made, "arithmetic/receptive_field")
