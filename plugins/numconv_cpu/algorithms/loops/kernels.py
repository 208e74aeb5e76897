"""The loops, compiled.

Arrays have three spatial axes. A task is one row of the result, in which the sums are kept while
they grow. Padded zeros are multiplied like any other sample, so that an infinite weight which
meets one gives NaN, as the definition has it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernel.activations import activate
from ...kernel.epilogue import stored_channel
from ...kernel.padded_reads import copies_of, copy_at, line_at, readers_of, run_of, sample_at
from ...runtime.compile import kernel
from ...simd.memory import at, clear, fetch_add, record_at, zero


class Row(NamedTuple):
    """A row of the result: its indices, and where it begins."""

    n: Any
    channel: Any
    z: Any
    y: Any
    begin: Any


def forward(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Convolve x with the weight; the parameters are those of a worker (`launch.worker`)."""
    g = record_at(geometry, 0)
    task = fetch_add(counters, 1)
    while task < g.rows:
        row = begin_row(g, task, out)
        forward_row(g, row, x, weight, at(out, row.begin), tables)
        finish_row(g, row, bias, residual, out)
        task = fetch_add(counters, 1)


def input_gradient(  # type: ignore[no-untyped-def]
    stage, worker, counters, y, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Apply the adjoint of the convolution with the weight to y."""
    g = record_at(geometry, 0)
    task = fetch_add(counters, 1)
    while task < g.rows:
        row = begin_row(g, task, out)
        input_gradient_row(g, row, y, weight, at(out, row.begin), tables)
        finish_row(g, row, bias, residual, out)
        task = fetch_add(counters, 1)


def involution(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, kernels, bias, residual, out, memory, tables, parts, geometry
):
    """Apply to each position of x its own kernel."""
    g = record_at(geometry, 0)
    task = fetch_add(counters, 1)
    while task < g.rows:
        row = begin_row(g, task, out)
        involution_row(g, row, x, kernels, at(out, row.begin), tables)
        finish_row(g, row, bias, residual, out)
        task = fetch_add(counters, 1)


@kernel
def begin_row(g, task, out):  # type: ignore[no-untyped-def]
    """Begin the sums of a row of the result with zeros."""
    rest, y = task // g.result_height, task % g.result_height
    rest, z = rest // g.result_depth, rest % g.result_depth
    n, channel = rest // g.result_channels, rest % g.result_channels
    stored = stored_channel(channel, g.result_channels, g)
    plane = (n * g.result_channels + stored) * g.result_depth + z
    begin = (plane * g.result_height + y) * g.result_width
    clear(at(out, begin), g.result_width)
    return Row(n, channel, z, y, begin)


@kernel
def finish_row(g, row, bias, residual, out):  # type: ignore[no-untyped-def]
    """Apply the epilogue."""
    sums, added = at(out, row.begin), at(residual, row.begin)
    biased, with_residual, activation = g.bias, g.residual, g.activation
    for x in range(g.result_width):
        value = sums[x]
        if biased:
            value += bias[row.channel]
        if with_residual:
            value += added[x]
        sums[x] = activate(activation, value)


@kernel
def forward_row(g, row, x, weight, sums, tables):  # type: ignore[no-untyped-def]
    """Sum one row of a convolution: of each tap, the run of its samples in one go."""
    axis_z, axis_y, axis_x = at(tables, g.at_z), at(tables, g.at_y), at(tables, g.at_x)
    in_group, width, taps_x = g.given_channels // g.groups, g.result_width, g.taps_x
    first = row.channel // (g.result_channels // g.groups) * in_group
    for ci in range(in_group):
        plane = (row.n * g.given_channels + first + ci) * g.depth
        for kz in range(g.taps_z):
            iz = sample_at(line_at(axis_z, kz, 0), row.z)
            for ky in range(g.taps_y):
                iy = sample_at(line_at(axis_y, ky, 0), row.y)
                there = iz >= 0 and iy >= 0
                row_x = at(x, ((plane + iz) * g.height + iy) * g.width)
                tap = ((row.channel * in_group + ci) * g.taps_z + kz) * g.taps_y + ky
                for kx in range(taps_x):
                    w, line = weight[tap * taps_x + kx], line_at(axis_x, kx, 0)
                    begin, end = run_of(line, width)
                    if not there:
                        begin, end = width, width
                    add_edge(sums, row_x, w, line, 0, begin, there)
                    if line.step == 1:
                        for ox in range(begin, end):
                            sums[ox] += w * row_x[line.first + ox]
                    else:
                        for ox in range(begin, end):
                            sums[ox] += w * row_x[line.first + ox * line.step]
                    add_edge(sums, row_x, w, line, end, width, there)


@kernel(inline=True)
def add_edge(sums, x, w, line, first, last, there):  # type: ignore[no-untyped-def]
    """Add products to sums `first` to `last`, whose samples may be anywhere in the row or zeros."""
    for ox in range(first, last):
        ix = sample_at(line, ox)
        sums[ox] += w * (x[ix] if there and ix >= 0 else zero(x))


@kernel
def input_gradient_row(g, row, y, weight, sums, tables):  # type: ignore[no-untyped-def]
    """Sum one row of an input gradient: of each output that reads a sample of it, all that do."""
    copies_z, readers_z = at(tables, g.at_copies_z), at(tables, g.at_readers_z)
    copies_y, readers_y = at(tables, g.at_copies_y), at(tables, g.at_readers_y)
    axis_x = at(tables, g.at_x)
    all_z, all_y = copies_of(copies_z, row.z), copies_of(copies_y, row.y)
    in_group, out_group = g.result_channels // g.groups, g.given_channels // g.groups
    ci, first = row.channel % in_group, row.channel // in_group * out_group
    for co in range(first, first + out_group):
        plane, taps = (row.n * g.given_channels + co) * g.depth, (co * in_group + ci) * g.taps_z
        for pz in range(all_z[0] + all_z[2] + all_z[3]):
            kz, oz, count_z = readers_of(readers_z, copy_at(copies_z, row.z, all_z, pz))
            for _ in range(count_z):
                for py in range(all_y[0] + all_y[2] + all_y[3]):
                    ky, oy, count_y = readers_of(readers_y, copy_at(copies_y, row.y, all_y, py))
                    for _ in range(count_y):
                        row_y = at(y, ((plane + oz) * g.height + oy) * g.width)
                        row_taps = at(weight, ((taps + kz) * g.taps_y + ky) * g.taps_x)
                        scatter_row(sums, row_y, row_taps, g.width, g.taps_x, axis_x)
                        ky, oy = ky + readers_y[4], oy - readers_y[5]
                kz, oz = kz + readers_z[4], oz - readers_z[5]


@kernel
def scatter_row(sums, y, weight, outputs, taps, axis):  # type: ignore[no-untyped-def]
    """Add the products of a row of y with a row of taps, each where it read its sample from."""
    for kx in range(taps):
        line, w = line_at(axis, kx, 0), weight[kx]
        for ox in range(outputs):
            ix = sample_at(line, ox)
            if ix >= 0:
                sums[ix] += w * y[ox]


@kernel
def involution_row(g, row, x, kernels, sums, tables):  # type: ignore[no-untyped-def]
    """Sum one row of an involution; kernels are (N, groups, taps, depth, height, width)."""
    axis_z, axis_y, axis_x = at(tables, g.at_z), at(tables, g.at_y), at(tables, g.at_x)
    width, nothing = g.result_width, zero(x)
    group = row.channel // (g.given_channels // g.groups)
    plane = (row.n * g.given_channels + row.channel) * g.depth
    tap = (row.n * g.groups + group) * g.taps_z * g.taps_y * g.taps_x
    for kz in range(g.taps_z):
        iz = sample_at(line_at(axis_z, kz, 0), row.z)
        for ky in range(g.taps_y):
            iy = sample_at(line_at(axis_y, ky, 0), row.y)
            row_x = at(x, ((plane + iz) * g.height + iy) * g.width)
            for kx in range(g.taps_x):
                line = line_at(axis_x, kx, 0)
                own = at(
                    kernels, ((tap * g.result_depth + row.z) * g.result_height + row.y) * width
                )
                for ox in range(width):
                    ix = sample_at(line, ox)
                    inside = iz >= 0 and iy >= 0 and ix >= 0
                    sums[ox] += own[ox] * (row_x[ix] if inside else nothing)
                tap += 1
