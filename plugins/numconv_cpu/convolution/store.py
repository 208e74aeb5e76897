"""Results from the scratch to their places: ends of rows dropped, epilogue applied."""

from __future__ import annotations

from ..activate import activate
from ..compile import kernel
from ..simd.memory import at, zero

RELU = 1


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
    g : record with the numbers `layout.RESULT`
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
    if pitch == width and width == g.result_width and part.count_y == g.result_height:
        # Rows that lie end to end, here and there, are one long row.
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
