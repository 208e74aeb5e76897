"""Sums of products added up to results, row by row."""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...lines import readers_of
from ...simd.columns import add_tiles, add_value, load_between, single_zeros
from ...simd.memory import at, zero
from ...simd.tile import store
from ...simd.transpose import transpose_lanes
from ..store import store_phases


@kernel
def add_up(g, block, channel, channels, n, arrays, sums, turned, row):  # type: ignore[no-untyped-def]
    """Add up and store a block of results of some channels.

    Parameters
    ----------
    g : record
    block : solve.Block
    channel, channels, n : int
        First channel of the results, number of them, image.
    arrays : layout.Arrays
    sums : pointer
        As `products.sum_products` leaves them.
    turned, row : pointer
        To places for the sums of a unit of lanes, and for two rows of results.
    """
    stay_whole()
    all_channels = g.groups * g.result_channels
    per_shuffle = all_channels // g.shuffle
    padded = (block.positions + g.span - 1) // g.span * g.span
    size = g.result_depth * g.result_height * g.result_width
    lanes = channels * g.taps
    for first in range(0, lanes, g.unit * g.lanes):
        unit = min(g.unit * g.lanes, lanes - first)
        for v in range(0, unit, g.lanes):
            tile, lane = (first + v) // g.tile_lanes, (first + v) % g.tile_lanes
            source = at(sums, tile * padded * g.tile_lanes + lane)
            for p in range(0, block.positions, g.lanes):
                target = at(turned, v * g.turned_pitch + p)
                transpose_lanes(
                    g, target, g.turned_pitch, at(source, p * g.tile_lanes), g.tile_lanes
                )
        for member in range(unit // g.taps):
            co = channel + first // g.taps + member
            stored = co % per_shuffle * g.shuffle + co // per_shuffle
            plane = (n * all_channels + stored) * size
            add_channel(
                g,
                block,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                arrays.bias[co] if g.bias else zero(arrays.bias),
                at(turned, member * g.taps * g.turned_pitch),
                arrays.tables,
                row,
            )


@kernel
def add_channel(g, block, out, residual, bias, turned, tables, row):  # type: ignore[no-untyped-def]
    """Add up and store a block of one result channel."""
    width = block.end_x - block.first_x
    for z in range(block.first_z, block.end_z):
        for y in range(block.first_y, block.end_y):
            add_phases(g, block, row, bias, turned, tables, z, y)
            to = (z * g.result_height + y) * g.result_width + block.first_x
            store_phases(g, at(out, to), at(residual, to), row, width)


@kernel(inline=True)
def entries(tables, axis, position, tap_step, sample_step):  # type: ignore[no-untyped-def]
    """Return where the sums stand that add to a position of an axis.

    Returns
    -------
    tuple of int
        The first of them, how far the next one is, and how many there are.
    """
    axis = at(tables, axis)
    tap, sample, count = readers_of(axis, position)
    begin = tap * tap_step + sample * sample_step
    return begin, axis[4] * tap_step - axis[5] * sample_step, count


@kernel(inline=True)
def add_phases(g, block, row, bias, turned, tables, z, y):  # type: ignore[no-untyped-def]
    """Add up a row of results, those of each remainder of the stride for themselves."""
    # Read before the loops, for the compiler cannot know that what is written is not the record.
    lanes, stride, pitch = g.lanes, g.stride_x, g.phase_pitch
    width = block.end_x - block.first_x
    begin_z, next_z, count_z = entries(tables, g.at_z, z + g.lo_z, g.step_z, g.given_y * g.given_x)
    begin_y, next_y, count_y = entries(tables, g.at_y, y + g.lo_y, g.step_y, g.given_x)
    turned = at(turned, begin_z + begin_y - block.first_position)
    of_x, given, shift = at(tables, block.at_x), g.given_x, g.shift_x
    step, following = g.step_x, g.period_x * g.step_x - shift
    for phase in range(min(stride, width)):
        tap, taps = of_x[3 * phase], of_x[3 * phase + 2]
        # The phase's result j is reached by sample j + ahead of the first tap.
        ahead = of_x[3 * phase + 1] + block.cell
        i, count = 0, (width - phase + stride - 1) // stride
        while i < count:
            total = single_zeros(g)
            for entry_z in range(count_z):
                for entry_y in range(count_y):
                    line = at(turned, entry_z * next_z + entry_y * next_y + i)
                    samples, first = at(line, tap * step + ahead), -ahead
                    for _ in range(taps):
                        last = min(first + given, count)
                        inside = load_between(total, samples, first - i, last - i)
                        total = add_tiles(total, inside)
                        samples, first = at(samples, following), first + shift
            store(add_value(total, bias), at(row, phase * pitch + i), 0)
            i += lanes
