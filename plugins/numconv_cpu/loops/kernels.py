"""The loops, compiled.

Arrays have three spatial axes. A task is one row of the result, in which the sums are kept while
they grow. Padded zeros are multiplied like any other sample, so that an infinite weight which
meets one gives NaN, as the definition has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from ..activate import activate
from ..compile import kernel
from ..lines import HEAD, copies_of, copy_at, from_sample, line_at, readers_of, sample_at
from ..simd.memory import pointer


@kernel(parallel=True)
def forward(
    x: Any, weight: Any, epilogue: Any, out: Any, axes: Any, groups: int, serial: bool
) -> None:
    """Convolve `x` with `weight`."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _forward_row(x, weight, epilogue, out, axes, groups, row)
    else:
        for row in prange(rows):
            _forward_row(x, weight, epilogue, out, axes, groups, np.int64(row))


@kernel(parallel=True)
def input_gradient(
    y: Any, weight: Any, epilogue: Any, out: Any, axes: Any, groups: int, serial: bool
) -> None:
    """Apply the adjoint of the convolution with `weight` to `y`."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _input_gradient_row(y, weight, epilogue, out, axes, groups, row)
    else:
        for row in prange(rows):
            _input_gradient_row(y, weight, epilogue, out, axes, groups, np.int64(row))


@kernel(parallel=True)
def involution(
    x: Any, kernels: Any, epilogue: Any, out: Any, axes: Any, groups: int, serial: bool
) -> None:
    """Apply to each position of `x` its own kernel; `kernels` has one flat axis of taps."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _involution_row(x, kernels, epilogue, out, axes, groups, row)
    else:
        for row in prange(rows):
            _involution_row(x, kernels, epilogue, out, axes, groups, np.int64(row))


@kernel
def _forward_row(
    x: Any, weight: Any, epilogue: Any, out: Any, axes: Any, groups: int, row: int
) -> None:
    n, co, oz, oy = _split(row, out.shape)
    axis_z, axis_y, axis_x = pointer(axes[0]), pointer(axes[1]), pointer(axes[2])
    in_group, line = weight.shape[1], line_at(axis_x, 0, 0)
    first = co // (weight.shape[0] // groups) * in_group
    sums = out[n, _destination(co, out.shape[1], epilogue), oz, oy]
    zero = x.dtype.type(0)
    sums[:] = zero
    for ci in range(in_group):
        for kz in range(weight.shape[2]):
            iz = sample_at(line_at(axis_z, kz, 0), oz)
            for ky in range(weight.shape[3]):
                iy = sample_at(line_at(axis_y, ky, 0), oy)
                there, row_x = iz >= 0 and iy >= 0, x[n, first + ci, iz, iy]
                taps = weight[co, ci, kz, ky]
                for ox in range(sums.size):
                    total = sums[ox]
                    for kx in range(taps.size):
                        ix = sample_at(from_sample(line, axis_x[HEAD + kx]), ox)
                        total += taps[kx] * (row_x[ix] if there and ix >= 0 else zero)
                    sums[ox] = total
    _finish_row(sums, n, co, oz, oy, out.shape[1], epilogue)


@kernel
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
                        _add_line(sums, y[n, co, oz, oy], weight[co, ci % in_group, kz, ky], axis_x)
                        ky, oy = ky + readers_y[4], oy - readers_y[5]
                kz, oz = kz + readers_z[4], oz - readers_z[5]
    _finish_row(sums, n, ci, iz, iy, out.shape[1], epilogue)


@kernel
def _involution_row(
    x: Any, kernels: Any, epilogue: Any, out: Any, axes: Any, groups: int, row: int
) -> None:
    n, c, oz, oy = _split(row, out.shape)
    axis_z, axis_y, axis_x = pointer(axes[0]), pointer(axes[1]), pointer(axes[2])
    g = c // (x.shape[1] // groups)
    zero = x.dtype.type(0)
    sums = out[n, _destination(c, out.shape[1], epilogue), oz, oy]
    sums[:] = zero
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
                    sums[ox] += w * (x[n, c, iz, iy, ix] if inside else zero)
                k += 1
    _finish_row(sums, n, c, oz, oy, out.shape[1], epilogue)


@kernel
def _add_line(sums: Any, y: Any, weight: Any, axis: Any) -> None:
    """Add the products of a row of `y` with a row of taps, each where it read its sample from."""
    for kx in range(weight.size):
        line = line_at(axis, kx, 0)
        for ox in range(y.size):
            ix = sample_at(line, ox)
            if ix >= 0:
                sums[ix] += weight[kx] * y[ox]


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
