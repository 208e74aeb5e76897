"""From taps to points: the weights, one vector of result channels at a time, transformed."""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from .transforms import measure_weight, transform_weight
from .vectors import transpose

# How many times their mean a filter's largest weight may be.
UNEVEN = 64


@kernel
def transform_weights(group, channel, first, blocks, weight, target, extremes, own, g):  # type: ignore[no-untyped-def]
    """Transform the weights of a vector of result channels, for some blocks of given channels.

    Parameters
    ----------
    channel : int
        The first of the result channels in its group.
    first, blocks : int
        Which blocks of given channels.
    target : pointer
        To the first of them in a strip, ``[point][given channel][result channel]``.
    extremes : pointer
        To the largest absolute value and the sum of absolute values of each filter so far.
    """
    stay_whole()
    rows = min(g.lanes, g.result_channels - channel)
    taps = at(own, g.own_taps)
    if first == 0:
        clear(extremes, 2 * g.lanes)
    source = at(weight, group * g.group_stride + channel * g.row_stride)
    begin = first * g.lanes
    end = min(begin + blocks * g.lanes, g.given_channels)
    c = begin
    while c < end:
        channels = min(g.channels_together, end - c)
        pack_taps(taps, at(source, c * g.channel_stride), 9 * channels, rows, g)
        for each in range(channels):
            nine = at(taps, each * 9 * g.lanes)
            measure_weight(g, extremes, at(extremes, g.lanes), nine)
            place = at(target, (c - begin + each) * g.columns)
            transform_weight(g, place, g.weight_point, at(nine, g.first_tap), g.tap_step)
        c += channels
    for c in range(end, begin + blocks * g.lanes):
        for point in range(g.patch * g.patch):
            clear(at(target, point * g.weight_point + (c - begin) * g.columns), g.lanes)


@kernel
def check_weights(channel, extremes, memory, g, limits):  # type: ignore[no-untyped-def]
    """Say in the first element of `memory` if one of a vector of filters is uneven."""
    even = True
    for row in range(min(g.lanes, g.result_channels - channel)):
        most, total = extremes[row], extremes[g.lanes + row]
        even &= 9 * g.given_channels * most <= UNEVEN * total
        even &= most <= limits.weight and (most >= limits.least or total == zero(extremes))
    if not even:
        memory[0] = 1


@kernel
def pack_taps(taps, weight, count, rows, g):  # type: ignore[no-untyped-def]
    """Write ``taps[k, row] = weight[row * g.row_stride + k]`` for `count` taps."""
    for k in range(0, count, g.lanes):
        some = min(g.lanes, count - k)
        transpose(g, at(taps, k * g.lanes), at(weight, k), g.row_stride, rows, some)
