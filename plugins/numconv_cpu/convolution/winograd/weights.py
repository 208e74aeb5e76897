"""From taps to points: the weights, one vector of result channels at a time, transformed."""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, clear, zero
from .transforms import measure_weight, transform_weight
from .vectors import pack_taps

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
    largest, total = at(taps, 9 * g.lanes), at(taps, 10 * g.lanes)
    clear(largest, 2 * g.lanes)
    source = at(weight, group * g.group_stride + channel * g.row_stride)
    for c in range(g.given_channels):
        pack_taps(g, taps, at(source, c * g.channel_stride), g.row_stride, rows)
        measure_weight(g, largest, total, taps)
        place = at(target, c * g.columns)
        transform_weight(g, place, g.weight_point, at(taps, g.first_tap), g.tap_step)
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
