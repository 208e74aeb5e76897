"""Results from the scratch to their places: ends of rows dropped, epilogue applied."""

from __future__ import annotations

from ..runtime.compile import kernel
from ..simd.memory import at, zero
from ..simd.runs import copy_contiguous, interleave_2
from .activations import activate

RELU = 1


@kernel(inline=True)
def stored_channel(channel, channels, g):  # type: ignore[no-untyped-def]
    """Return where the epilogue's channel shuffle puts a channel, of all that an image has."""
    in_shuffle = channels // g.shuffle
    return channel % in_shuffle * g.shuffle + channel // in_shuffle


@kernel
def store_row(target, sums, count, step, bias):  # type: ignore[no-untyped-def]
    """Write a row of sums plus `bias`, `step` apart."""
    if step == 1:
        for i in range(count):
            target[i] = sums[i] + bias
    elif step == 2:
        for i in range(count):
            target[2 * i] = sums[i] + bias
    else:
        for i in range(count):
            target[step * i] = sums[i] + bias


@kernel
def store_row_with(target, sums, count, step, bias, residual, added, code):  # type: ignore[no-untyped-def]
    """Do as `store_row`, with residual where `added`, and activation."""
    if added:
        for i in range(count):
            sums[i] += bias + residual[step * i]
        bias = zero(sums)
    if code == RELU:
        for i in range(count):
            value = sums[i] + bias
            target[step * i] = zero(sums) if value < 0 else value
    else:
        for i in range(count):
            target[step * i] = activate(code, sums[i] + bias)


@kernel
def store_channel(g, part, out, residual, bias, sums, z, p0, p1):  # type: ignore[no-untyped-def]
    """Do as `store_positions`, where the positions lie as far apart as in the planes."""
    store_positions(g, part, out, residual, bias, sums, z, p0, p1, g.pitch)


@kernel
def store_positions(g, part, out, residual, bias, sums, z, p0, p1, pitch):  # type: ignore[no-untyped-def]
    """Write positions `p0` to `p1` of layer `z` of a part, for one result channel.

    Parameters
    ----------
    g : record
        With the numbers of `ResultArguments`, and `stride_z`, `stride_y` and `stride_x`.
    out, residual : pointer
        To the channel.
    sums : pointer
        To position `p0`.
    pitch : int
        Positions from one row to the next.
    """
    plain = g.residual == 0 and g.activation == 0
    to_z = part.start_z + z * g.stride_z
    width = part.count_x
    whole = width == g.result_width and part.count_y == g.result_height
    if whole and pitch == width and g.stride_x == 1:
        # Rows that lie end to end, here and there, are one long row. (Results of one column may
        # have any stride.)
        pitch = width = pitch * g.result_height
    for y in range(p0 // pitch, (p1 - 1) // pitch + 1):
        first = max(p0 - y * pitch, 0)
        count = min(p1 - y * pitch, width) - first
        if count <= 0:
            continue
        to_y = part.start_y + y * g.stride_y
        to = (to_z * g.result_height + to_y) * g.result_width + part.start_x + first * g.stride_x
        row = at(sums, y * pitch + first - p0)
        if plain:
            store_row(at(out, to), row, count, g.stride_x, bias)
        else:
            store_row_with(
                at(out, to),
                row,
                count,
                g.stride_x,
                bias,
                at(residual, to),
                g.residual != 0,
                g.activation,
            )


@kernel
def store_phases(g, out, residual, row, width):  # type: ignore[no-untyped-def]
    """Write a row of results whose phases of the stride have been computed one by one.

    Parameters
    ----------
    g : record
        With the numbers `stride_x`, `phase_pitch`, `residual` and `activation`.
    out, residual : pointer
        To the first of `width` results, which is of the first phase.
    row : pointer
        To the results, bias included: (phases, phase_pitch), and behind them room for the row.
    """
    if g.residual == 0 and g.activation == 0:
        interleave_phases(g, out, row, width)
        return
    whole = at(row, g.stride_x * g.phase_pitch)
    interleave_phases(g, whole, row, width)
    store_row_with(out, whole, width, 1, zero(out), residual, g.residual != 0, g.activation)


@kernel(inline=True)
def interleave_phases(g, target, row, width):  # type: ignore[no-untyped-def]
    """Interleave the phases of a row of results: ``target[i * stride + phase]``."""
    stride, pitch = g.stride_x, g.phase_pitch
    if stride == 1:
        copy_contiguous(g, target, row, width)
    elif stride == 2:
        interleave_2(g, target, row, at(row, pitch), width)
    else:
        for phase in range(min(stride, width)):
            for i in range((width - phase + stride - 1) // stride):
                target[phase + i * stride] = row[phase * pitch + i]
