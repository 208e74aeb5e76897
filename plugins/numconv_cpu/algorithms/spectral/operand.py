"""An operand as the transforms see it: planes of the samples or taps that results use.

The taps of a forward convolution stand backwards, so that every problem is a product of
polynomials: sample `i` times tap `p` belongs to result ``i + p``, counted from the first product
of all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, integers, zero
from .records import HEAD


class Operand(NamedTuple):
    """Samples or taps of some channels: where they stand and how many there are.

    Strides count samples; `step` is 1 or -1; `record` points to the operand's record (`records`).
    """

    start: Any
    record: Any
    channel: int
    outer: int
    middle: int
    step: int
    channels: int
    depth: int
    height: int
    width: int


@kernel
def samples_of(x, record, item, g):  # type: ignore[no-untyped-def]
    """Return the samples of an image's group."""
    plane = g.given_size_outer * g.given_size_middle * g.given_size_inner
    start = at(x, g.parts * (item * g.given_channels * plane + g.first_seen))
    outer = g.given_size_middle * g.given_size_inner
    return Operand(
        start,
        record,
        plane,
        outer,
        g.given_size_inner,
        1,
        g.given_channels,
        g.seen_outer,
        g.seen_middle,
        g.seen_inner,
    )


@kernel
def taps_of(weight, record, filter, g):  # type: ignore[no-untyped-def]
    """Return the taps of a filter."""
    group, result = filter // g.result_channels, filter % g.result_channels
    first = group * g.group_stride + result * g.row_stride + g.first_tap
    row = g.tap_step * g.kernel_inner
    return Operand(
        at(weight, g.parts * first),
        record,
        g.channel_stride,
        row * g.kernel_middle,
        row,
        g.tap_step,
        g.given_channels,
        g.kernel_outer,
        g.kernel_middle,
        g.kernel_inner,
    )


@kernel
def with_record(operand, record):  # type: ignore[no-untyped-def]
    """Return an operand with another record."""
    return Operand(
        operand.start,
        record,
        operand.channel,
        operand.outer,
        operand.middle,
        operand.step,
        operand.channels,
        operand.depth,
        operand.height,
        operand.width,
    )


@kernel
def row_of(operand, channel, o, m, g):  # type: ignore[no-untyped-def]
    """Return the pointer to the first value of a row."""
    place = channel * operand.channel + o * operand.outer + m * operand.middle
    return at(operand.start, g.parts * place)


@kernel
def copy_run(target, operand, channel, o, m, first, count, g):  # type: ignore[no-untyped-def]
    """Copy `count` values of a row from `first` on; zeros outside of it, and for outliers."""
    stay_whole()
    row = row_of(operand, channel, o, m, g)
    inside = 0 <= o < operand.depth and 0 <= m < operand.height
    begin = min(max(-first, 0), count)
    end = max(min(operand.width - first, count), begin) if inside else begin
    parts = g.parts
    clear(target, parts * begin)
    if end > begin:
        if operand.step == 1:
            source = at(row, parts * (first + begin))
            copy(at(target, parts * begin), source, parts * (end - begin))
        elif parts == 1:
            for i in range(begin, end):
                target[i] = row[-(first + i)]
        else:
            for i in range(begin, end):
                target[2 * i] = row[-2 * (first + i)]
                target[2 * i + 1] = row[-2 * (first + i) + 1]
    clear(at(target, parts * end), parts * (count - end))
    record_ints = integers(operand.record)
    if record_ints[0]:
        line = ((channel * operand.depth + o) * operand.height + m) * operand.width + first
        for k in range(record_ints[0]):
            place = record_ints[HEAD + k] - line
            if begin <= place < end:
                for part in range(parts):
                    target[parts * place + part] = zero(target)
