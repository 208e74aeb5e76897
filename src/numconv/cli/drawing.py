"""Pictures of a layer's arithmetic: which samples an output sees, and how taps overlap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from .arithmetic import Window, even_kernel, overlap, unevenness
from .canvas import FAINT, INK, PAPER, font, wrap
from .printing import shape

MOST_CELLS = 20
MOST_OUTPUTS = 128
"""Of a transposed convolution, along an axis: a cell of 16 pixels each."""
_SAMPLE, _PADDED, _UNSEEN = (205, 222, 240), (238, 240, 243), (247, 247, 247)
_TAP, _NEXT, _OUTPUT = (240, 150, 60), (70, 140, 200), (190, 225, 190)
_LINE, _MARGIN, _GAP = 20, 16, 56


def check(problem: Any, windows: Sequence[Window]) -> None:
    """Raise where a layer is too large to be drawn, before anything is made for it."""
    if problem.direction == "forward":
        return  # of which the first samples are drawn
    for size, window in zip(problem.output_shape[-2:], windows[-2:], strict=True):
        samples = min(size, _drawable(window))
        made = window.transposed_output(samples)
        if made > MOST_OUTPUTS or samples > MOST_OUTPUTS:
            numbers = {
                **{"kernel": window.kernel, "stride": window.stride},
                **{"dilation": window.dilation, "padding": max(window.lo, window.hi)},
            }
            name = max(numbers, key=lambda each: numbers[each])
            expected = (
                f"less, to be drawn: {samples} samples make {made} outputs along an axis, and at "
                f"most {MOST_OUTPUTS} are drawn"
            )
            raise ArgumentError(name, numbers[name], expected)


def draw(problem: Any, windows: Sequence[Window]) -> Any:
    """Return a `PIL.Image.Image` of the first layer along its last one or two axes."""
    windows = windows[-2:]
    if problem.direction == "forward":
        return _forward(problem, windows)
    return _transposed(windows, problem.output_shape[-2:])


def _two(values: Sequence[Any], single: Any) -> tuple[Any, Any]:
    return (single, values[0]) if len(values) == 1 else (values[0], values[1])


def _forward(problem: Any, windows: Sequence[Window]) -> Any:
    sizes = _two(problem.input_shape[-2:], 1)
    rows, columns = _two(windows, Window(1))
    outputs = _two(problem.output_shape[-2:], 1)
    padded = [size + w.lo + w.hi for size, w in zip(sizes, (rows, columns), strict=True)]
    drawn = [min(length, MOST_CELLS) for length in padded]
    made = [
        min(count, max(1, (length - w.extent) // w.stride + 1))
        for count, length, w in zip(outputs, drawn, (rows, columns), strict=True)
    ]
    cell = max(14, min(40, 520 // max(*drawn)))
    seen = [
        _seen(count, length, w)
        for count, length, w in zip(outputs, drawn, (rows, columns), strict=True)
    ]
    text = _forward_text(problem, windows, padded != drawn)
    sheet, pen, (left, top) = _sheet([(drawn[0], drawn[1]), (made[0], made[1])], cell, text)
    pen.text((left, top - _LINE), "input, padded", INK, font())
    for y, x in np.ndindex(*drawn):
        inside = rows.lo <= y < rows.lo + sizes[0] and columns.lo <= x < columns.lo + sizes[1]
        used = y in seen[0] and x in seen[1]
        colour = _SAMPLE if inside and used else _PADDED if used else _UNSEEN
        box = _cell(left, top, y, x, cell)
        pen.rectangle(box, colour, (180, 186, 196) if inside else (212, 216, 222))
        if not used:
            pen.line((*box[:2], *box[2:]), (205, 208, 214))
    chosen = _chosen(made, (rows, columns))
    neighbour = (chosen[0], chosen[1] + 1)
    taps = [
        range(o * w.stride, min(length, o * w.stride + w.extent), w.dilation)
        for o, length, w in zip(chosen, drawn, (rows, columns), strict=True)
    ]
    for y, x in product(*taps):
        pen.rectangle(_cell(left, top, y, x, cell), _TAP, INK)
    for (oy, ox), colour in ((neighbour, _NEXT), (chosen, INK)):
        y, x = oy * rows.stride, ox * columns.stride
        if ox < made[1] and x + columns.extent <= drawn[1] and y + rows.extent <= drawn[0]:
            first, last = (
                _cell(left, top, y, x, cell),
                _cell(left, top, y + rows.extent - 1, x + columns.extent - 1, cell),
            )
            pen.rectangle((*first[:2], *last[2:]), None, colour, 3)
    right = left + drawn[1] * cell + _GAP
    pen.text((right, top - _LINE), "output", INK, font())
    for y, x in np.ndindex(*made):
        at = (y, x)
        pen.rectangle(_cell(right, top, y, x, cell), _TAP if at == chosen else _OUTPUT, FAINT)
        if at == neighbour:
            pen.rectangle(_cell(right, top, y, x, cell), None, _NEXT, 3)
    return sheet


def _seen(count: int, length: int, window: Window) -> set[int]:
    """Return which of the first `length` samples are seen by one of `count` outputs."""
    firsts = range(0, min(length, count * window.stride), window.stride)
    taps = range(0, min(length, window.extent), window.dilation)
    return {first + tap for first in firsts for tap in taps}


def _chosen(made: Sequence[int], windows: Sequence[Window]) -> tuple[int, int]:
    """Return the output to explain: the first whose taps all lie in the input, if there is one."""
    at = [
        min(-(-w.lo // w.stride), max(count - 2, 0)) for count, w in zip(made, windows, strict=True)
    ]
    return at[0], at[1]


def _forward_text(problem: Any, windows: Sequence[Window], cut: bool) -> list[str]:
    k, s = shape([w.kernel for w in windows]), shape([w.stride for w in windows])
    sizes = ", ".join(
        f"floor(({size} + {w.lo} + {w.hi} - {w.extent}) / {w.stride}) + 1 = {made}"
        for size, w, made in zip(
            problem.input_shape[-2:], windows, problem.output_shape[-2:], strict=True
        )
    )
    lines = [
        f"Kernel {k}, stride {s}, dilation {shape([w.dilation for w in windows])}.",
        "Orange: the samples that one output sees (outlined: the extent of the kernel), and that "
        "output. Blue outline: its neighbour's, one stride further.",
        f"Light grey: padding ({problem.padding_mode}). Struck out: seen by no output.",
        f"Output size = floor((size + low + high - extent) / stride) + 1: {sizes}.",
    ]
    if cut:
        lines.append(f"Only the first {MOST_CELLS} samples of an axis are drawn.")
    return lines


def _transposed(windows: Sequence[Window], sizes: Sequence[int]) -> Any:
    sizes = [min(size, _drawable(w)) for size, w in zip(sizes, windows, strict=True)]
    maps = [(_heat(windows, sizes), _name(windows))]
    score = unevenness(*_numbers(windows))
    if score:
        even = [_evened(window) for window in windows]
        maps.append((_heat(even, sizes), _name(even)))
    most = max(int(heat.max()) for heat, _ in maps)
    cell = max(16, min(36, 560 // max(max(heat.shape) for heat, _ in maps)))
    text = [
        "How many products each output of the transposed convolution sums, from "
        f"{shape(sizes)} samples. A regular pattern inside is the checkerboard that training "
        "has to work against; it vanishes where the stride divides the kernel size.",
        "Score: (most - fewest) / mean taps per output, away from the borders.",
    ]
    if score:
        text.append(
            "Instead: the kernel on the right, or enlarge by interpolation and convolve with "
            "stride 1 (Odena et al., Distill 2016)."
        )
    shapes = [(heat.shape[0], heat.shape[1]) for heat, _ in maps]
    sheet, pen, (left, top) = _sheet(shapes, cell, text)
    for heat, name in maps:
        pen.text((left, top - _LINE), name, INK, font())
        for y, x in np.ndindex(*heat.shape):
            count = int(heat[y, x])
            level = count / most
            pen.rectangle(_cell(left, top, y, x, cell), _warm(level), PAPER)
            middle = (left + (x + 0.5) * cell, top + (y + 0.5) * cell)
            ink = PAPER if level > 0.55 else INK
            pen.text(middle, str(count), ink, font(max(9, cell // 2 - 2)), anchor="mm")
        left += max(heat.shape[1] * cell, 240) + _GAP
    return sheet


def _drawable(window: Window) -> int:
    return max(2, (MOST_CELLS + window.lo + window.hi - window.extent) // window.stride + 1)


def _heat(windows: Sequence[Window], sizes: Sequence[int]) -> NDArray[np.int64]:
    counts = [overlap(size, window) for size, window in zip(sizes, windows, strict=True)]
    return np.atleast_2d(reduce(np.multiply.outer, counts))


def _evened(window: Window) -> Window:
    kernel = even_kernel(window.kernel, window.stride)
    added = kernel - window.kernel + window.lo + window.hi
    return Window(kernel, window.stride, added // 2, added - added // 2)


def _numbers(windows: Sequence[Window]) -> tuple[list[int], list[int], list[int]]:
    return (
        [w.kernel for w in windows],
        [w.stride for w in windows],
        [w.dilation for w in windows],
    )


def _name(windows: Sequence[Window]) -> str:
    kernel, stride, _ = _numbers(windows)
    score = unevenness(*_numbers(windows))
    verdict = f"uneven, score {score:.3g}" if score else "even"
    return f"kernel {shape(kernel)}, stride {shape(stride)}: {verdict}"


def _warm(level: float) -> tuple[int, int, int]:
    """Return a colour from pale yellow to dark red."""
    low, high = np.array([255, 246, 214]), np.array([150, 20, 40])
    red, green, blue = (low + (high - low) * level).astype(int).tolist()
    return red, green, blue


def _cell(left: int, top: int, y: int, x: int, cell: int) -> tuple[int, int, int, int]:
    return left + x * cell, top + y * cell, left + (x + 1) * cell, top + (y + 1) * cell


def _sheet(
    grids: Sequence[tuple[int, int]], cell: int, text: Sequence[str]
) -> tuple[Any, Any, tuple[int, int]]:
    """Return an empty sheet, its pen, and where the first grid's corner lies."""
    from PIL import Image, ImageDraw

    width = sum(max(columns * cell, 240) for _, columns in grids) + _GAP * (len(grids) - 1)
    width = max(width, 480)
    height = max(rows for rows, _ in grids) * cell
    lines = [line for paragraph in text for line in wrap(paragraph, width)]
    top = _MARGIN + _LINE
    size = (width + 2 * _MARGIN, top + height + _MARGIN + _LINE * len(lines) + _MARGIN)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    for row, line in enumerate(lines):
        pen.text((_MARGIN, top + height + _MARGIN + row * _LINE), line, INK, font())
    return sheet, pen, (_MARGIN, top)
