"""The loops, compiled.

Arrays have three spatial axes. A task is one row of the result, in which the sums are kept while
they grow. Padded zeros are multiplied like any other sample, so that an infinite weight which
meets one gives NaN, as the definition has it.
"""

from __future__ import annotations

from typing import Any

from numba import carray

from ..activate import activate
from ..compile import kernel
from ..simd.memory import at, claim, record_at

# What the kernels are told, in one record: shapes with their axes in order, where each table begins
# and its shape, and the epilogue.
SHAPES = (
    *(f"x{i}" for i in range(5)),
    *(f"weight{i}" for i in range(6)),
    *(f"out{i}" for i in range(5)),
)
TABLES = tuple(f"{what}{i}" for what in ("at", "rows", "columns") for i in range(9))
NUMBERS = (*SHAPES, *TABLES, "groups", "rows", "bias", "residual", "shuffle", "activation")


def forward(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Convolve `x` with `weight`; the parameters are those of a worker (`launch.worker`)."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(x, g), _out(out, g), _epilogue(bias, residual, g)
    filters = carray(weight, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4))
    sources = _sources(tables, g)
    row = claim(counters, 1)
    while row < g.rows:
        _forward_row(given, filters, epilogue, result, sources, g.groups, row)
        row = claim(counters, 1)


def input_gradient(  # type: ignore[no-untyped-def]
    stage, worker, counters, y, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Apply the adjoint of the convolution with `weight` to `y`."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(y, g), _out(out, g), _epilogue(bias, residual, g)
    filters = carray(weight, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4))
    readers = (
        carray(at(tables, g.at0), g.columns0),
        carray(at(tables, g.at1), g.columns1),
        carray(at(tables, g.at2), g.columns2),
        carray(at(tables, g.at3), g.columns3),
        carray(at(tables, g.at4), g.columns4),
        carray(at(tables, g.at5), g.columns5),
        carray(at(tables, g.at6), g.columns6),
        carray(at(tables, g.at7), g.columns7),
        carray(at(tables, g.at8), g.columns8),
    )
    row = claim(counters, 1)
    while row < g.rows:
        _input_gradient_row(given, filters, epilogue, result, readers, g.groups, row)
        row = claim(counters, 1)


def involution(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, kernels, bias, residual, out, memory, tables, parts, geometry
):
    """Apply to each position of `x` its own kernel; `kernels` has one flat axis of taps."""
    g = record_at(geometry, 0)
    given, result, epilogue = _x(x, g), _out(out, g), _epilogue(bias, residual, g)
    own = carray(kernels, (g.weight0, g.weight1, g.weight2, g.weight3, g.weight4, g.weight5))
    sources = _sources(tables, g)
    row = claim(counters, 1)
    while row < g.rows:
        _involution_row(given, own, epilogue, result, sources, g.groups, row)
        row = claim(counters, 1)


@kernel
def _x(x, g):  # type: ignore[no-untyped-def]
    return carray(x, (g.x0, g.x1, g.x2, g.x3, g.x4))


@kernel
def _out(out, g):  # type: ignore[no-untyped-def]
    return carray(out, (g.out0, g.out1, g.out2, g.out3, g.out4))


@kernel
def _sources(tables, g):  # type: ignore[no-untyped-def]
    """Return for each axis which sample each tap reads for each output."""
    return (
        carray(at(tables, g.at0), (g.rows0, g.columns0)),
        carray(at(tables, g.at1), (g.rows1, g.columns1)),
        carray(at(tables, g.at2), (g.rows2, g.columns2)),
    )


@kernel
def _epilogue(bias, residual, g):  # type: ignore[no-untyped-def]
    """Return ``(bias, residual, shuffle, activation)``; empty arrays are none."""
    added = (g.out0, g.out1, g.out2, g.out3, g.out4) if g.residual else (0, 0, 0, 0, 0)
    biases = g.out1 if g.bias else 0
    return carray(bias, biases), carray(residual, added), g.shuffle, g.activation


@kernel
def _forward_row(
    x: Any, weight: Any, epilogue: Any, out: Any, sources: Any, groups: int, row: int
) -> None:
    n, co, oz, oy = _split(row, out.shape)
    source_z, source_y, source_x = sources
    in_group = weight.shape[1]
    first = co // (weight.shape[0] // groups) * in_group
    zero = x.dtype.type(0)
    sums = out[n, _destination(co, out.shape[1], epilogue), oz, oy]
    sums[:] = zero
    for ci in range(in_group):
        for kz in range(weight.shape[2]):
            iz = source_z[kz, oz]
            for ky in range(weight.shape[3]):
                iy = source_y[ky, oy]
                for kx in range(weight.shape[4]):
                    w = weight[co, ci, kz, ky, kx]
                    for ox in range(sums.size):
                        ix = source_x[kx, ox]
                        inside = iz >= 0 and iy >= 0 and ix >= 0
                        sums[ox] += w * (x[n, first + ci, iz, iy, ix] if inside else zero)
    _finish_row(sums, n, co, oz, oy, out.shape[1], epilogue)


@kernel
def _input_gradient_row(
    y: Any, weight: Any, epilogue: Any, out: Any, readers: Any, groups: int, row: int
) -> None:
    n, ci, iz, iy = _split(row, out.shape)
    start_z, output_z, tap_z, start_y, output_y, tap_y, start_x, output_x, tap_x = readers
    in_group = weight.shape[1]
    out_group = weight.shape[0] // groups
    first = ci // in_group * out_group
    sums = out[n, _destination(ci, out.shape[1], epilogue), iz, iy]
    sums[:] = y.dtype.type(0)
    for co in range(first, first + out_group):
        for pz in range(start_z[iz], start_z[iz + 1]):
            for py in range(start_y[iy], start_y[iy + 1]):
                for ix in range(sums.size):
                    for px in range(start_x[ix], start_x[ix + 1]):
                        w = weight[co, ci % in_group, tap_z[pz], tap_y[py], tap_x[px]]
                        sums[ix] += w * y[n, co, output_z[pz], output_y[py], output_x[px]]
    _finish_row(sums, n, ci, iz, iy, out.shape[1], epilogue)


@kernel
def _involution_row(
    x: Any, kernels: Any, epilogue: Any, out: Any, sources: Any, groups: int, row: int
) -> None:
    n, c, oz, oy = _split(row, out.shape)
    source_z, source_y, source_x = sources
    g = c // (x.shape[1] // groups)
    zero = x.dtype.type(0)
    sums = out[n, _destination(c, out.shape[1], epilogue), oz, oy]
    sums[:] = zero
    k = 0
    for kz in range(source_z.shape[0]):
        iz = source_z[kz, oz]
        for ky in range(source_y.shape[0]):
            iy = source_y[ky, oy]
            for kx in range(source_x.shape[0]):
                for ox in range(sums.size):
                    ix = source_x[kx, ox]
                    inside = iz >= 0 and iy >= 0 and ix >= 0
                    w = kernels[n, g, k, oz, oy, ox]
                    sums[ox] += w * (x[n, c, iz, iy, ix] if inside else zero)
                k += 1
    _finish_row(sums, n, c, oz, oy, out.shape[1], epilogue)


@kernel
def _split(row: int, shape: Any) -> Any:
    """Return the indices (n, channel, z, y) of a row of a result of `shape`."""
    rest, y = divmod(row, shape[3])
    rest, z = divmod(rest, shape[2])
    n, channel = divmod(rest, shape[1])
    return n, channel, z, y


@kernel
def _destination(channel: int, channels: int, epilogue: Any) -> Any:
    """Return the channel at which `channel` is stored: `Epilogue.destination`."""
    per_group = channels // epilogue[2]
    return channel % per_group * epilogue[2] + channel // per_group


@kernel
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
