"""From points to results: sums transformed back, epilogue applied, rows stored."""

from __future__ import annotations

from math import inf

from ...kernel.activations import activate
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, zero
from .transforms import transform_result
from .vectors import store_square

RELU = 1


@kernel
def store_tiles(first, last, group, vector, products, bias, residual, out, own, memory, tables, g):  # type: ignore[no-untyped-def]
    """Store the results of tiles `first` to `last`: the parts of a row, of some result channels.

    Parameters
    ----------
    vector : int
        The first of the parts, counted from those of the group's first channels.
    products : pointer
        To the first tile's, ``[point][tile][part][result channel]``.
    """
    stay_whole()
    part, channel = vector % g.parts, vector // g.parts * g.lanes
    channels = min(g.lanes, g.result_channels - channel)
    start = group * g.result_channels + channel
    shift, results = at(own, g.own_bias), at(own, g.own_results)
    clear(shift, g.lanes)
    if g.bias:
        copy(shift, at(bias, start), channels)
    plane_offsets = at(tables, g.at_plane_offsets + start)
    size = g.result_height * g.result_width
    f = first
    while f < last:
        tx = f % g.tiles_x
        run = min(last - f, g.tiles_x - tx)
        ty, plane = f // g.tiles_x % g.tiles_y, f // (g.tiles_x * g.tiles_y)
        n, z = plane // g.result_depth, plane % g.result_depth
        masks = at(memory, g.at_masks + ((group * g.tiles + f) * g.parts + part) * g.sides_y)
        source = at(products, (f - first) * g.columns)
        transform_back(results, run, source, shift, masks, g)
        image = (n * g.groups * g.result_channels * g.result_depth + z) * size
        x = tx * g.sides_x * g.parts_x + g.first_x
        hidden = max(-x, 0)
        count = min(run * g.sides_x * g.parts_x, g.result_width - x) - hidden
        for row in range(g.sides_y):
            y = (ty * g.sides_y + row) * g.parts_y + part // g.parts_x + g.first_y
            if 0 <= y < g.result_height:
                to = image + y * g.result_width + x + hidden
                source = at(results, (row * run * g.sides_x * g.parts_x + hidden) * g.lanes)
                store_row(at(out, to), at(residual, to), plane_offsets, source, channels, count, g)
        f += run


@kernel
def transform_back(results, run, products, shift, masks, g):  # type: ignore[no-untyped-def]
    """Transform a run of tiles back to rows, in which the parts take turns."""
    apart = g.parts_x * g.lanes
    pitch = run * g.sides_x * apart
    for t in range(run):
        for part in range(g.parts_x):
            place = at(results, t * g.sides_x * apart + part * g.lanes)
            source = at(products, t * g.columns + part * g.lanes)
            transform_result(g, place, pitch, apart, source, g.product_point, shift)
            for row in range(g.sides_y):
                mask = masks[(t * g.parts + part) * g.sides_y + row]
                if mask != 0:
                    clear_unseen(at(place, row * pitch), apart, shift, int(mask), g)


@kernel
def clear_unseen(results, apart, shift, mask, g):  # type: ignore[no-untyped-def]
    """Make exact what only the transform's rounding errors reach."""
    for j in range(g.sides_x):
        if mask >> j & 1:
            copy(at(results, j * apart), shift, g.lanes)


@kernel
def store_row(out, residual, plane_offsets, source, channels, count, g):  # type: ignore[no-untyped-def]
    """Write a row of results of each channel, with residual and activation."""
    plain = g.residual == 0 and g.activation == RELU
    floor = zero(out) if plain else zero(out) - inf
    for p in range(0, count, g.lanes):
        some = min(g.lanes, count - p)
        store_square(g, at(out, p), plane_offsets, at(source, p * g.lanes), channels, some, floor)
    if plain or (g.residual == 0 and g.activation == 0):
        return
    for c in range(channels):
        finish_row(at(out, plane_offsets[c]), at(residual, plane_offsets[c]), count, g)


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
