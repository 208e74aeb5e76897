"""Copies of the given array into planes, and of the weights into the order they are read in."""

from __future__ import annotations

from ...kernel.padded_reads import line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy
from ...simd.runs import (
    copy_contiguous,
    copy_stride_2,
    deinterleave_2,
    deinterleave_3,
    deinterleave_4,
)
from ...simd.tile import store_column


@kernel
def pack_lines(planes, given, tables, g, z0, y0, first, last):  # type: ignore[no-untyped-def]
    """Fill lines `first` to `last` of one channel's planes.

    Parameters
    ----------
    planes, given : pointer
        To the channel.
    tables : pointer to int64
    g : record of `arguments.PlanesArguments`
    z0, y0 : int
        The results from which the planes begin.
    first, last : int
        Lines are counted over (z, y); of each, all phases are filled, so that neighbouring lines
        are read by neighbouring results.
    """
    stay_whole()
    line = first
    while line < last:
        # Divisions are slow: one block of lines has all but y in common.
        z = line // g.lines
        begin = line - z * g.lines
        end = min(g.lines, begin + last - line)
        for phase_z in range(g.phases_z):
            from_z = sample_at(line_at(at(tables, g.at_z), phase_z, z0), z)
            given_layer = at(given, from_z * g.height * g.width)
            layer = at(planes, (phase_z * g.layers + z) * g.layer_pitch)
            for phase_y in range(g.phases_y):
                lines = line_at(at(tables, g.at_y), phase_y, y0)
                rows = at(layer, phase_y * g.phases_x * g.lines * g.pitch)
                if g.padded:
                    for phase_x in range(g.phases_x):
                        place = (phase_x * g.lines + begin) * g.pitch
                        clear(at(rows, place), (end - begin) * g.pitch)
                if from_z >= 0:
                    pack_rows(rows, given_layer, lines, begin, end, tables, g)
        line += end - begin


@kernel
def pack_rows(rows, layer, lines, begin, end, tables, g):  # type: ignore[no-untyped-def]
    """Fill rows `begin` to `end` of every phase along x with the samples there are.

    In each phase that is a run of samples `g.step` apart, and perhaps others before or after it.
    """
    runs, extras = at(tables, g.at_runs), at(tables, g.at_extras)
    # Read before the loops, for the compiler cannot know that what is written is not the record.
    width, pitch = g.width, g.pitch
    if g.deinterleaved:
        source, places = at(layer, g.first_deinterleaved), at(tables, g.at_phase_offsets)
        deinterleave_rows(rows, source, lines, begin, end, places, runs[1] - runs[0], g)
    else:
        for phase in range(g.phases_x):
            first, last, sample = runs[3 * phase], runs[3 * phase + 1], runs[3 * phase + 2]
            target = at(rows, phase * g.lines * g.pitch + first)
            copy_rows(target, at(layer, sample), lines, begin, end, last - first, g)
    if g.extras:
        for piece in range(g.extras):
            entry = at(extras, 4 * piece)
            place, count, sample, step = entry[0], entry[1], entry[2], entry[3]
            for y in range(begin, end):
                from_y = sample_at(lines, y)
                if from_y >= 0:
                    row, source = at(rows, y * pitch + place), at(layer, from_y * width + sample)
                    for i in range(count):
                        row[i] = source[i * step]


@kernel(inline=True)
def deinterleave_rows(rows, layer, lines, begin, end, places, count, g):  # type: ignore[no-untyped-def]
    """Deinterleave the samples of each row into the rows of its phases."""
    width, pitch = g.width, g.pitch
    if g.step == 2:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deinterleave_2(g, at(rows, y * pitch), places, source, count)
    elif g.step == 3:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deinterleave_3(g, at(rows, y * pitch), places, source, count)
    else:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                deinterleave_4(g, at(rows, y * pitch), places, source, count)


@kernel(inline=True)
def copy_rows(rows, layer, lines, begin, end, count, g):  # type: ignore[no-untyped-def]
    """Copy a run of samples `g.step` apart from each row."""
    width, pitch, step = g.width, g.pitch, g.step
    if step == 1:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                copy_contiguous(g, at(rows, y * pitch), source, count)
    elif step == 2:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                source = at(layer, from_y * width)
                copy_stride_2(g, at(rows, y * pitch), source, count)
    else:
        for y in range(begin, end):
            from_y = sample_at(lines, y)
            if from_y >= 0:
                target, source = at(rows, y * pitch), at(layer, from_y * width)
                for i in range(count):
                    target[i] = source[step * i]


@kernel
def pack_weights(packed, weights, sources, g, kc, channels):  # type: ignore[no-untyped-def]
    """Write ``packed[k, row] = weights[row, sources[k]]``, with zeros beyond `channels` rows.

    Parameters
    ----------
    packed : pointer
        To the panel, (kc, MR).
    weights : pointer
        To the tile's first result channel in the caller's array, rows `g.row_stride` apart.
    sources : pointer to int64, (kc,)
        Where in a row weight k stands.
    kc, channels : int
        How many weights a row has, and how many of the tile's MR rows there are.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    finite = True
    if channels == g.MR:
        for k in range(kc):
            target = at(packed, k * g.MR)
            finite &= store_column(g, target, at(weights, sources[k]), g.row_stride)
        return finite
    for k in range(kc):
        clear(at(packed, k * g.MR), g.MR)
        for row in range(channels):
            value = weights[row * g.row_stride + sources[k]]
            finite &= value - value == 0
            packed[k * g.MR + row] = value
    return finite


@kernel
def pack_panel(panel, x, offsets, kc, valid, width):  # type: ignore[no-untyped-def]
    """Write ``panel[k, p] = x[p + offsets[k]]``, of `width` positions; zeros from `valid` on."""
    for k in range(kc):
        copy(at(panel, k * width), at(x, offsets[k]), valid)
        clear(at(panel, k * width + valid), width - valid)
