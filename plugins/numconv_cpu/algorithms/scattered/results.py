"""Sums of products added up to results, row by row."""

from __future__ import annotations

from ...kernel.epilogue import store_phases, stored_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.columns import add_tiles, add_value, load_between, single_zeros
from ...simd.memory import at, load_biased, store_biased, zero
from ...simd.tile import store
from ...simd.transpose import transpose_lanes


@kernel
def add_up(g, block, channel, channels, n, arrays, sums, transposed, row, rows):  # type: ignore[no-untyped-def]
    """Add up and store a block of results of some channels.

    Parameters
    ----------
    g : record
    block : solve.Block
    channel, channels, n : int
        First channel of the results, number of them, image.
    arrays : Arrays
    sums : pointer
        As `products.macro_kernel` leaves them.
    transposed, row : pointer
        To places for the sums of a unit of lanes, and for two rows of results.
    rows : pointer to int64
        What `find_rows` wrote.
    """
    stay_whole()
    all_channels = g.groups * g.result_channels
    padded = (block.positions + g.NR - 1) // g.NR * g.NR
    size = g.result_depth * g.result_height * g.result_width
    lanes = channels * g.taps
    for first in range(0, lanes, g.unit * g.lanes):
        unit = min(g.unit * g.lanes, lanes - first)
        for v in range(0, unit, g.lanes):
            tile, lane = (first + v) // g.MR, (first + v) % g.MR
            source = at(sums, tile * padded * g.MR + lane)
            for p in range(0, block.positions, g.lanes):
                target = at(transposed, v * g.transposed_pitch + p)
                transpose_lanes(g, target, g.transposed_pitch, at(source, p * g.MR), g.MR)
        for member in range(unit // g.taps):
            co = channel + first // g.taps + member
            plane = (n * all_channels + stored_channel(co, all_channels, g)) * size
            add_channel(
                g,
                block,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                arrays.bias[co] if g.bias else zero(arrays.bias),
                at(transposed, member * g.taps * g.transposed_pitch),
                arrays.tables,
                row,
                rows,
            )


@kernel
def find_rows(rows, g, block, tables):  # type: ignore[no-untyped-def]
    """Write down `entries` of each row of a block along y, which are those of all channels."""
    phase_entry, turn, phase = at(tables, g.at_y), block.turn_y, block.phase_y
    for y in range(block.end_y - block.first_y):
        begin, count = entries(
            at(phase_entry, 3 * phase), turn, g.given_y, g.shift_y, g.next_y, g.given_x
        )
        store_biased(rows, 2 * y, begin)
        store_biased(rows, 2 * y + 1, count)
        phase += 1
        if phase == g.stride_y:
            phase, turn = 0, turn + 1


@kernel
def add_channel(g, block, out, residual, bias, transposed, tables, row, rows):  # type: ignore[no-untyped-def]
    """Add up and store a block of one result channel."""
    width = block.end_x - block.first_x
    of_z, step_z = at(tables, g.at_z), g.given_x * g.given_y
    # Divisions are slow: turns and phases are counted.
    turn_z, phase_z = block.turn_z, block.phase_z
    for z in range(block.first_z, block.end_z):
        phase_entry = at(of_z, 3 * phase_z)
        rows_z = entries(phase_entry, turn_z, g.given_z, g.shift_z, g.next_z, step_z)
        for y in range(block.first_y, block.end_y):
            found = at(rows, 2 * (y - block.first_y))
            add_phases(
                g,
                block,
                row,
                bias,
                transposed,
                tables,
                rows_z,
                (load_biased(found, 0), load_biased(found, 1)),
            )
            to = (z * g.result_height + y) * g.result_width + block.first_x
            store_phases(g, at(out, to), at(residual, to), row, width)
        phase_z += 1
        if phase_z == g.stride_z:
            phase_z, turn_z = 0, turn_z + 1


@kernel(inline=True)
def entries(phase_entry, turn, given, shift, following, step):  # type: ignore[no-untyped-def]
    """Return where the sums stand that add to a result along an axis.

    Parameters
    ----------
    phase_entry : pointer to int64
        To what `arguments._phases` has of the result's phase.
    turn : int
        Which result of the phase it is.
    given, shift : int
        Samples of the axis, and from the sample of one tap to that of the next, backwards.
    following, step : int
        From the sums of one tap to those of the next, and from one sample to the next.

    Returns
    -------
    tuple of int
        The first of them, and how many there are.
    """
    begin, sample, count = phase_entry[0] + turn * step, phase_entry[1] + turn, phase_entry[2]
    if sample >= given:
        skipped = sample - given + 1 if shift == 1 else (sample - given + shift) // shift
        begin, sample, count = (
            begin + skipped * following,
            sample - skipped * shift,
            count - skipped,
        )
    if sample < (count - 1) * shift:
        count = sample + 1 if shift == 1 else sample // shift + 1
    return begin, count


@kernel(inline=True)
def add_phases(g, block, row, bias, transposed, tables, rows_z, rows_y):  # type: ignore[no-untyped-def]
    """Add up a row of results, those of each remainder of the stride for themselves."""
    # Read before the loops, for the compiler cannot know that what is written is not the record.
    lanes, stride, pitch = g.lanes, g.stride_x, g.phase_pitch
    width = block.end_x - block.first_x
    (begin_z, count_z), next_z = rows_z, g.next_z
    (begin_y, count_y), next_y = rows_y, g.next_y
    transposed = at(transposed, begin_z + begin_y - block.first_position)
    of_x, given = at(tables, block.at_x), g.given_x
    shift, following = g.shift_x, g.next_x
    for phase in range(min(stride, width)):
        # The phase's result j is reached by sample j + ahead of the first tap.
        begin, ahead = of_x[3 * phase] + block.cell, of_x[3 * phase + 1] + block.cell
        taps = of_x[3 * phase + 2]
        i, count = 0, (width - phase + stride - 1) // stride
        while i < count:
            total, sums_z = single_zeros(g), at(transposed, begin + i)
            for _ in range(count_z):
                sums_y = sums_z
                for _ in range(count_y):
                    samples, first = sums_y, -ahead - i
                    for _ in range(taps):
                        last = min(first + given, count - i)
                        total = add_tiles(total, load_between(total, samples, first, last))
                        samples, first = at(samples, following), first + shift
                    sums_y = at(sums_y, next_y)
                sums_z = at(sums_z, next_z)
            store(add_value(total, bias), at(row, phase * pitch + i), 0)
            i += lanes
