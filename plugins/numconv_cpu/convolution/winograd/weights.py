"""From taps to points: the weights, one vector of result channels at a time, transformed."""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from .transforms import measure_weight, transform_weight
from .vectors import transpose

# How many times their mean a filter's largest weight may be.
UNEVEN = 64


@kernel
def transform_weights(group, channel, weight, target, own, memory, g, least, limit):  # type: ignore[no-untyped-def]
    """Transform the weights of a vector of result channels.

    Parameters
    ----------
    channel : int
        The first of the result channels in its group.
    target : pointer
        To the first of them in a strip, ``[point][given channel][result channel]``.
    least, limit : float
        Between which the largest weight of each filter must be, unless all are zeros.
    """
    stay_whole()
    rows = min(g.lanes, g.result_channels - channel)
    taps = at(own, g.own_taps)
    largest = at(own, g.own_largest)
    total = at(largest, g.lanes)
    clear(largest, 2 * g.lanes)
    source = at(weight, group * g.group_stride + channel * g.row_stride)
    c = 0
    while c < g.given_channels:
        channels = min(g.channels_together, g.given_channels - c)
        pack_taps(taps, at(source, c * g.channel_stride), 9 * channels, rows, g)
        for each in range(channels):
            nine = at(taps, each * 9 * g.lanes)
            measure_weight(g, largest, total, nine)
            place = at(target, (c + each) * g.columns)
            transform_weight(g, place, g.weight_point, at(nine, g.first_tap), g.tap_step)
        c += channels
    missing = g.given_blocks * g.lanes - g.given_channels
    for point in range(g.patch * g.patch * (missing > 0)):
        for c in range(g.given_channels, g.given_channels + missing):
            clear(at(target, point * g.weight_point + c * g.columns), g.lanes)
    even = True
    for row in range(rows):
        most = largest[row]
        even &= 9 * g.given_channels * most <= UNEVEN * total[row]
        even &= most <= limit and (most >= least or total[row] == zero(total))
    if not even:
        memory[0] = 1


@kernel
def pack_taps(taps, weight, count, rows, g):  # type: ignore[no-untyped-def]
    """Write ``taps[k, row] = weight[row * g.row_stride + k]`` for `count` taps."""
    for k in range(0, count, g.lanes):
        some = min(g.lanes, count - k)
        transpose(g, at(taps, k * g.lanes), at(weight, k), g.row_stride, rows, some)
