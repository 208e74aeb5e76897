"""From points to results: sums transformed back, epilogue applied, rows stored."""

from __future__ import annotations

from math import inf

from ...activate import activate
from ...compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, zero
from .transforms import transform_result
from .vectors import store_square

RELU = 1


@kernel
def store_tiles(first, last, group, channel, products, bias, residual, out, own, memory, tables, g):  # type: ignore[no-untyped-def]
    """Store the results of tiles `first` to `last`, of a vector of result channels.

    Parameters
    ----------
    channel : int
        The first of the result channels in its group.
    products : pointer
        To the first tile's, ``[point][tile][result channel]``.
    """
    stay_whole()
    channels = min(g.lanes, g.result_channels - channel)
    start = group * g.result_channels + channel
    shift, results = at(own, g.own_bias), at(own, g.own_results)
    clear(shift, g.lanes)
    if g.bias:
        copy(shift, at(bias, start), channels)
    places = at(tables, g.at_places + start)
    f = first
    while f < last:
        tx = f % g.tiles_x
        run = min(last - f, g.tiles_x - tx)
        ty, n = f // g.tiles_x % g.tiles_y, f // (g.tiles_x * g.tiles_y)
        pitch = run * g.side * g.lanes
        masks = at(memory, g.at_masks + group * g.tiles + f)
        for t in range(run):
            place = at(results, t * g.side * g.lanes)
            source = at(products, (f - first + t) * g.columns)
            transform_result(g, place, pitch, source, g.product_point, shift)
            if masks[t] != 0:
                see_nothing(place, pitch, shift, int(masks[t]), g)
        image = n * g.groups * g.result_channels * g.result_height * g.result_width
        for row in range(min(g.side, g.result_height - ty * g.side)):
            y = ty * g.side + row
            count = min(run * g.side, g.result_width - tx * g.side)
            to = image + y * g.result_width + tx * g.side
            source = at(results, row * pitch)
            store_row(at(out, to), at(residual, to), places, source, channels, count, g)
        f += run


@kernel
def see_nothing(results, pitch, shift, mask, g):  # type: ignore[no-untyped-def]
    """Make exact what only the transform's rounding errors reach."""
    for i in range(g.side):
        for j in range(g.side):
            if mask >> (i * g.side + j) & 1:
                copy(at(results, i * pitch + j * g.lanes), shift, g.lanes)


@kernel
def store_row(out, residual, places, source, channels, count, g):  # type: ignore[no-untyped-def]
    """Write a row of results of each channel, with residual and activation."""
    plain = g.residual == 0 and g.activation == RELU
    floor = zero(out) if plain else zero(out) - inf
    for p in range(0, count, g.lanes):
        some = min(g.lanes, count - p)
        store_square(g, at(out, p), places, at(source, p * g.lanes), channels, some, floor)
    if plain or (g.residual == 0 and g.activation == 0):
        return
    for c in range(channels):
        finish_row(at(out, places[c]), at(residual, places[c]), count, g)


@kernel
def finish_row(out, residual, count, g):  # type: ignore[no-untyped-def]
    """Add the residual to a row, and apply the activation."""
    if g.residual:
        for i in range(count):
            out[i] += residual[i]
    if g.activation == RELU:
        for i in range(count):
            out[i] = zero(out) if out[i] < 0 else out[i]
    elif g.activation:
        for i in range(count):
            out[i] = activate(g.activation, out[i])
