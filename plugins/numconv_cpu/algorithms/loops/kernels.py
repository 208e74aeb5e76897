"""The loops, compiled.

Arrays have three spatial axes. A task is one row of the result, in which the sums are kept while
they grow. Padded zeros are multiplied like any other sample, so that an infinite weight which
meets one gives NaN, as the definition has it.
"""

from __future__ import annotations

from typing import Any

from numba import carray

from ...kernel.activations import activate
from ...kernel.padded_reads import copies_of, copy_at, line_at, readers_of, run_of, sample_at
from ...kernel.padding import HEAD
from ...runtime.compile import kernel
from ...simd.memory import at, fetch_add, pointer, record_at, zero

# What the kernels are told, in one record: shapes with their axes in order, where what is known of
# each axis begins in the tables and how long that is (`lines`), and the epilogue.
SHAPES = (
    *(f"x{i}" for i in range(5)),
    *(f"weight{i}" for i in range(6)),
    *(f"out{i}" for i in range(5)),
)
TABLES = tuple(f"{what}{i}" for what in ("at", "length") for i in range(5))
NUMBERS = (*SHAPES, *TABLES, "groups", "rows", "bias", "residual", "shuffle", "activation")


def forward(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Convolve `x` with `weight`; the parameters are those of a worker (`launch.worker`)."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(x, g), _out(out, g), _epilogue(bias, residual, g)
    filters = carray(weight, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4))
    axes = _axes(tables, g)
    row = fetch_add(counters, 1)
    while row < g.rows:
        _forward_row(given, filters, epilogue, result, axes, g.groups, row)
        row = fetch_add(counters, 1)


def input_gradient(  # type: ignore[no-untyped-def]
    stage, worker, counters, y, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Apply the adjoint of the convolution with `weight` to `y`."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(y, g), _out(out, g), _epilogue(bias, residual, g)
    filters = carray(weight, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4))
    axes = _axes(tables, g)
    row = fetch_add(counters, 1)
    while row < g.rows:
        _input_gradient_row(given, filters, epilogue, result, axes, g.groups, row)
        row = fetch_add(counters, 1)


def involution(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, kernels, bias, residual, out, memory, tables, parts, geometry
):
    """Apply to each position of `x` its own kernel; `kernels` has one flat axis of taps."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(x, g), _out(out, g), _epilogue(bias, residual, g)
    own = carray(kernels, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4, g.weight5))
    axes = _axes(tables, g)
    row = fetch_add(counters, 1)
    while row < g.rows:
        _involution_row(given, own, epilogue, result, axes, g.groups, row)
        row = fetch_add(counters, 1)


@kernel(arrays=True)
def _x(x, g):  # type: ignore[no-untyped-def]
    return carray(x, (g.x0, g.x1, g.x2, g.x3, g.x4))


@kernel(arrays=True)
def _out(out, g):  # type: ignore[no-untyped-def]
    return carray(out, (g.out0, g.out1, g.out2, g.out3, g.out4))


@kernel(arrays=True)
def _axes(tables, g):  # type: ignore[no-untyped-def]
    """Return what is known of the axes: z, y, x; of a gradient two each of z and y, and x."""
    return (
        carray(at(tables, g.at0), g.length0),
        carray(at(tables, g.at1), g.length1),
        carray(at(tables, g.at2), g.length2),
        carray(at(tables, g.at3), g.length3),
        carray(at(tables, g.at4), g.length4),
    )


@kernel(arrays=True)
def _epilogue(bias, residual, g):  # type: ignore[no-untyped-def]
    """Return ``(bias, residual, shuffle, activation)``; empty arrays are none."""
    added = (g.out0, g.out1, g.out2, g.out3, g.out4) if g.residual else (0, 0, 0, 0, 0)
    biases = g.out1 if g.bias else 0
    return carray(bias, biases), carray(residual, added), g.shuffle, g.activation


@kernel(arrays=True)
def _forward_row(
    x: Any, weight: Any, epilogue: Any, out: Any, axes: Any, groups: int, row: int
) -> None:
    n, co, oz, oy = _split(row, out.shape)
    axis_z, axis_y, axis_x = pointer(axes[0]), pointer(axes[1]), pointer(axes[2])
    in_group = weight.shape[1]
    first = co // (weight.shape[0] // groups) * in_group
    sums = out[n, _destination(co, out.shape[1], epilogue), oz, oy]
    sums[:] = x.dtype.type(0)
    for ci in range(in_group):
        for kz in range(weight.shape[2]):
            iz = sample_at(line_at(axis_z, kz, 0), oz)
            for ky in range(weight.shape[3]):
                iy = sample_at(line_at(axis_y, ky, 0), oy)
                there = iz >= 0 and iy >= 0
                row_x = at(pointer(x), _row(x.shape, n, first + ci, iz, iy))
                for kx in range(weight.shape[4]):
                    w, line = weight[co, ci, kz, ky, kx], line_at(axis_x, kx, 0)
                    begin, end = run_of(line, sums.size)
                    if not there:
                        begin, end = sums.size, sums.size
                    _add_edge(sums, row_x, w, line, 0, begin, there)
                    if line.step == 1:
                        for ox in range(begin, end):
                            sums[ox] += w * row_x[line.first + ox]
                    else:
                        for ox in range(begin, end):
                            sums[ox] += w * row_x[line.first + ox * line.step]
                    _add_edge(sums, row_x, w, line, end, sums.size, there)
    _finish_row(sums, n, co, oz, oy, out.shape[1], epilogue)


@kernel(arrays=True)
def _input_gradient_row(
    y: Any, weight: Any, epilogue: Any, out: Any, axes: Any, groups: int, row: int
) -> None:
    n, ci, iz, iy = _split(row, out.shape)
    copies_z, readers_z = pointer(axes[0]), pointer(axes[1])
    copies_y, readers_y, axis_x = pointer(axes[2]), pointer(axes[3]), pointer(axes[4])
    all_z, all_y = copies_of(copies_z, iz), copies_of(copies_y, iy)
    in_group = weight.shape[1]
    out_group = weight.shape[0] // groups
    first = ci // in_group * out_group
    sums = out[n, _destination(ci, out.shape[1], epilogue), iz, iy]
    sums[:] = y.dtype.type(0)
    for co in range(first, first + out_group):
        for pz in range(all_z[0] + all_z[2] + all_z[3]):
            kz, oz, count_z = readers_of(readers_z, copy_at(copies_z, iz, all_z, pz))
            for _ in range(count_z):
                for py in range(all_y[0] + all_y[2] + all_y[3]):
                    ky, oy, count_y = readers_of(readers_y, copy_at(copies_y, iy, all_y, py))
                    for _ in range(count_y):
                        row_y = at(pointer(y), _row(y.shape, n, co, oz, oy))
                        taps = at(pointer(weight), _row(weight.shape, co, ci % in_group, kz, ky))
                        _add_line(sums, row_y, taps, y.shape[4], weight.shape[4], axis_x)
                        ky, oy = ky + readers_y[4], oy - readers_y[5]
                kz, oz = kz + readers_z[4], oz - readers_z[5]
    _finish_row(sums, n, ci, iz, iy, out.shape[1], epilogue)


@kernel(arrays=True)
def _involution_row(
    x: Any, kernels: Any, epilogue: Any, out: Any, axes: Any, groups: int, row: int
) -> None:
    n, c, oz, oy = _split(row, out.shape)
    axis_z, axis_y, axis_x = pointer(axes[0]), pointer(axes[1]), pointer(axes[2])
    g = c // (x.shape[1] // groups)
    nothing = x.dtype.type(0)
    sums = out[n, _destination(c, out.shape[1], epilogue), oz, oy]
    sums[:] = nothing
    k = 0
    for kz in range(axes[0].size - HEAD):
        iz = sample_at(line_at(axis_z, kz, 0), oz)
        for ky in range(axes[1].size - HEAD):
            iy = sample_at(line_at(axis_y, ky, 0), oy)
            for kx in range(axes[2].size - HEAD):
                line = line_at(axis_x, kx, 0)
                for ox in range(sums.size):
                    ix = sample_at(line, ox)
                    inside = iz >= 0 and iy >= 0 and ix >= 0
                    w = kernels[n, g, k, oz, oy, ox]
                    sums[ox] += w * (x[n, c, iz, iy, ix] if inside else nothing)
                k += 1
    _finish_row(sums, n, c, oz, oy, out.shape[1], epilogue)


@kernel(inline=True, arrays=True)
def _add_edge(sums: Any, x: Any, w: Any, line: Any, first: int, last: int, there: bool) -> None:
    """Add products to sums `first` to `last`, whose samples may be anywhere in the row or zeros."""
    for ox in range(first, last):
        ix = sample_at(line, ox)
        sums[ox] += w * (x[ix] if there and ix >= 0 else zero(x))


@kernel(inline=True, arrays=True)
def _row(shape: Any, n: int, channel: int, z: int, y: int) -> Any:
    """Return where a row begins: a view of it would cost as much as a short row does."""
    return (((n * shape[1] + channel) * shape[2] + z) * shape[3] + y) * shape[4]


@kernel(arrays=True)
def _add_line(sums: Any, y: Any, weight: Any, outputs: int, taps: int, axis: Any) -> None:
    """Add the products of a row of `y` with a row of taps, each where it read its sample from."""
    for kx in range(taps):
        line, w = line_at(axis, kx, 0), weight[kx]
        for ox in range(outputs):
            ix = sample_at(line, ox)
            if ix >= 0:
                sums[ix] += w * y[ox]


@kernel(arrays=True)
def _split(row: int, shape: Any) -> Any:
    """Return the indices (n, channel, z, y) of a row of a result of `shape`."""
    rest, y = divmod(row, shape[3])
    rest, z = divmod(rest, shape[2])
    n, channel = divmod(rest, shape[1])
    return n, channel, z, y


@kernel(arrays=True)
def _destination(channel: int, channels: int, epilogue: Any) -> Any:
    """Return the channel at which `channel` is stored: `Epilogue.destination`."""
    per_group = channels // epilogue[2]
    return channel % per_group * epilogue[2] + channel // per_group


@kernel(arrays=True)
def _finish_row(
    sums: Any, n: int, channel: int, z: int, y: int, channels: int, epilogue: Any
) -> None:
    """Apply the epilogue ``(bias, residual, shuffle, activation)``; empty arrays are none."""
    bias, residual, _, activation = epilogue
    stored = _destination(channel, channels, epilogue)
    for x in range(sums.size):
        value = sums[x]
        if bias.size:
            value += bias[channel]
        if residual.size:
            value += residual[n, stored, z, y, x]
        sums[x] = activate(activation, value)
