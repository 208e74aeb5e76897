"""What kernels read off the formulas of padded axes: see `numconv_cpu.kernel.padding`."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..runtime.compile import kernel
from .padding import HEAD


class Line(NamedTuple):
    """A line as kernels see it, from some position on: see `line_at`."""

    first: Any
    step: Any
    inner: Any
    begin: Any
    end: Any
    low: Any
    low_sign: Any
    high: Any
    high_sign: Any


@kernel(inline=True)
def line_at(axis, line, start):  # type: ignore[no-untyped-def]
    """Return a line from position `start` on.

    Parameters
    ----------
    axis : pointer to int64
        To what `Lines.numbers` tells of the axis.
    """
    first = axis[HEAD + line] + start * axis[0]
    edges = (axis[4], axis[5], axis[6], axis[7])
    return Line(first, axis[0], axis[1], axis[2], axis[3], *edges)


@kernel(inline=True)
def sample_at(line, position):  # type: ignore[no-untyped-def]
    """Return which sample stands at a position of a line, -1 for a zero.

    No padding may be longer than the axis.
    """
    sample = line.first + position * line.step
    if sample < 0:
        return line.low + line.low_sign * sample if sample >= line.begin else -1
    if sample >= line.inner:
        return line.high + line.high_sign * sample if sample < line.end else -1
    return sample


@kernel(inline=True)
def run_of(line, count):  # type: ignore[no-untyped-def]
    """Return which of `count` positions are samples as they follow each other."""
    first, last = -line.first, line.inner - line.first
    if line.step > 1:
        first, last = -(line.first // line.step), -((line.first - line.inner) // line.step)
    first = min(max(first, 0), count)
    return first, min(max(last, first), count)


@kernel(inline=True)
def copy_before(target, source, line, first, last):  # type: ignore[no-untyped-def]
    """Fill positions `first` to `last` of a row, which are before its first sample."""
    sample = line.low + line.low_sign * (line.first + first * line.step)
    step = line.low_sign * line.step
    # There are either samples there, or zeros.
    if line.begin < 0:
        for i in range(first, last):
            target[i] = source[sample]
            sample += step
    else:
        for i in range(first, last):
            target[i] = 0


@kernel(inline=True)
def copy_behind(target, source, line, first, last):  # type: ignore[no-untyped-def]
    """Fill positions `first` to `last` of a row, which are behind its last sample."""
    number, i = line.first + first * line.step, first
    while i < last and number < line.end:
        target[i] = source[line.high + line.high_sign * number]
        number += line.step
        i += 1
    while i < last:
        target[i] = 0
        i += 1


@kernel
def far_sample_at(axis, position):  # type: ignore[no-untyped-def]
    """Return which sample stands at a position of an axis's only line, however long its padding."""
    sample = axis[HEAD] + position * axis[0]
    if 0 <= sample < axis[1]:
        return sample
    if sample < axis[2] or sample >= axis[3]:
        return -1
    if axis[9] > 0:
        sample %= axis[9]
    if sample < 0:
        return axis[4] + axis[5] * sample
    return sample if sample < axis[8] else axis[6] + axis[7] * sample


@kernel(inline=True)
def copies_of(axis, sample):  # type: ignore[no-untyped-def]
    """Return how many copies of a sample there are before, inside and behind the array.

    Returns
    -------
    tuple of int
        The number before, the first of them, the number inside, and likewise behind: numbers of
        samples, that of the first one of the array being 0.
    """
    size, lo, hi = axis[0], axis[2], axis[3]
    before, first = 0, -lo
    if axis[5] != 0:
        first = (sample - axis[4]) * axis[5]
        before = 1 if -lo <= first < 0 else 0
    elif sample == 0:
        before = lo
    behind, last = 0, size
    if axis[7] != 0:
        last = (sample - axis[6]) * axis[7]
        behind = 1 if size <= last < size + hi else 0
    elif sample == size - 1:
        behind = max(hi, 0)
    return before, first, 1 if sample < size + min(hi, 0) else 0, behind, last


@kernel(inline=True)
def copy_at(axis, sample, copies, index):  # type: ignore[no-untyped-def]
    """Return the padded position of a copy; `copies` are what `copies_of` returned."""
    before, first, inside, _, last = copies
    place = last + index - before - inside
    if index < before:
        place = first + index
    elif index < before + inside:
        place = sample
    return place + axis[1]


@kernel
def readers_of(axis, position):  # type: ignore[no-untyped-def]
    """Return which tap reads a padded position first, for which output, and how many do.

    Of those that follow, each is `period` taps on and reads for an output `shift` before.
    """
    outputs, taps, stride, dilation = axis[0], axis[1], axis[2], axis[3]
    period, shift = axis[4], axis[5]
    k = 0
    while k < min(period, taps) and (position - k * dilation) % stride != 0:
        k += 1
    if k >= min(period, taps):
        return k, k, 0
    output = (position - k * dilation) // stride
    # Of outputs that there are not, the first few are too large and the last ones negative.
    skipped = max(-((outputs - 1 - output) // shift), 0)
    k, output = k + skipped * period, output - skipped * shift
    count = min((taps - 1 - k) // period, output // shift) + 1
    return k, output, max(count, 0)
