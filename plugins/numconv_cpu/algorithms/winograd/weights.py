"""From taps to points: the weights, one vector of result channels at a time, transformed."""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from ...simd.tile import prefetch
from .transforms import measure_taps, measure_weight, transform_some, transform_weight
from .vectors import transpose

# Channels, or runs of them whose taps follow each other, whose taps are asked for ahead.
AHEAD = 4
# How many times their mean a filter's largest weight may be; nor may it be more than half of all.
UNEVEN = 64


@kernel
def transform_weights(  # type: ignore[no-untyped-def]
    group, begin, end, first, blocks, weight, target, extremes, own, tables, g
):
    """Transform the weights of some parts of a vector of channels, for some blocks of given ones.

    Parameters
    ----------
    begin, end : int
        The parts, counted from those of the group's first channels.
    first, blocks : int
        Which blocks of given channels.
    target : pointer
        To the first of them in the strip where the parts begin,
        ``[point][channel block][phase][given channel][result channel]``.
    extremes : pointer
        To the largest absolute value and the sum of absolute values of each filter so far.
    """
    stay_whole()
    channel = begin // g.parts * g.lanes
    rows = min(g.lanes, g.result_channels - channel)
    taps = at(own, g.own_taps)
    if first == 0:
        clear(extremes, 2 * g.lanes)
    source = at(weight, group * g.group_stride + channel * g.row_stride)
    start = first * g.lanes
    last = min(start + blocks * g.lanes, g.given_channels)
    vector = channel_place(0, begin, begin, 0, g)
    c = start
    while c < last:
        channels = min(g.channels_together, last - c)
        ahead = at(source, (c + AHEAD * channels) * g.channel_stride)
        ask_for_taps(ahead, g.taps * channels, rows, g)
        pack_taps(taps, at(source, c * g.channel_stride), g.taps * channels, rows, g)
        for each in range(channels):
            kernel_taps = at(taps, each * g.taps * g.lanes)
            if g.tap_step == 0:
                measure_taps(g, extremes, at(extremes, g.lanes), kernel_taps, g.taps)
                transform_channel(c - start + each, begin, end, kernel_taps, target, tables, g)
            else:
                measure_weight(g, extremes, at(extremes, g.lanes), kernel_taps)
                place = at(target, (c - start + each) * g.columns + vector)
                first = at(kernel_taps, g.first_tap * g.lanes)
                transform_weight(g, place, g.weight_point, first, g.tap_step)
        c += channels
    for c in range(last - start, blocks * g.lanes):
        clear_channel(c, begin, end, target, g)


@kernel
def transform_channel(c, begin, end, taps, target, tables, g):  # type: ignore[no-untyped-def]
    """Transform the weights of some parts and one given channel."""
    for part in range(begin, end):
        filters = at(tables, g.at_taps + part % g.parts * g.phases * g.filter_taps)
        for phase in range(g.phases):
            place = at(target, channel_place(c, begin, part, phase, g))
            transform_some(g, place, g.weight_point, taps, at(filters, phase * g.filter_taps))


@kernel
def clear_channel(c, begin, end, target, g):  # type: ignore[no-untyped-def]
    """Write zeros where a vector of given channels is not full."""
    for part in range(begin, end):
        for phase in range(g.phases):
            place = at(target, channel_place(c, begin, part, phase, g))
            for point in range(g.points):
                clear(at(place, point * g.weight_point), g.lanes)


@kernel
def channel_place(c, begin, part, phase, g):  # type: ignore[no-untyped-def]
    """Return where one given channel's weights stand, from the strip in which `begin` does."""
    strip = part // g.vectors - begin // g.vectors
    row = (c // g.lanes * g.phases + phase) * g.lanes + c % g.lanes
    return strip * g.weight_strip + row * g.columns + part % g.vectors * g.lanes


@kernel
def check_weights(channel, extremes, memory, g):  # type: ignore[no-untyped-def]
    """Say in the first element of `memory` if one of a vector of filters is uneven."""
    even = True
    for row in range(min(g.lanes, g.result_channels - channel)):
        most, total = extremes[row], extremes[g.lanes + row]
        even &= g.taps * g.given_channels * most <= UNEVEN * total and 2 * most <= total
        even &= most <= g.most_weight and (most >= g.least_weight or total == zero(extremes))
    if not even:
        memory[0] = 1


@kernel
def pack_taps(taps, weight, count, rows, g):  # type: ignore[no-untyped-def]
    """Write ``taps[k, row] = weight[row * g.row_stride + k]`` for `count` taps."""
    for k in range(0, count, g.lanes):
        some = min(g.lanes, count - k)
        transpose(g, at(taps, k * g.lanes), at(weight, k), g.row_stride, rows, some)


@kernel
def ask_for_taps(weight, count, rows, g):  # type: ignore[no-untyped-def]
    """Ask for what `pack_taps` will read."""
    for row in range(rows):
        for k in range(0, count, 16):
            prefetch(at(weight, row * g.row_stride + k))
