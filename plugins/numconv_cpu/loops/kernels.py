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


@kernel(parallel=True)
def forward(
    x: Any, weight: Any, epilogue: Any, out: Any, sources: Any, groups: int, serial: bool
) -> None:
    """Convolve `x` with `weight`."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _forward_row(x, weight, epilogue, out, sources, groups, row)
    else:
        for row in prange(rows):
            _forward_row(x, weight, epilogue, out, sources, groups, np.int64(row))


@kernel(parallel=True)
def input_gradient(
    y: Any, weight: Any, epilogue: Any, out: Any, readers: Any, groups: int, serial: bool
) -> None:
    """Apply the adjoint of the convolution with `weight` to `y`."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _input_gradient_row(y, weight, epilogue, out, readers, groups, row)
    else:
        for row in prange(rows):
            _input_gradient_row(y, weight, epilogue, out, readers, groups, np.int64(row))


@kernel(parallel=True)
def involution(
    x: Any, kernels: Any, epilogue: Any, out: Any, sources: Any, groups: int, serial: bool
) -> None:
    """Apply to each position of `x` its own kernel; `kernels` has one flat axis of taps."""
    rows = out.shape[0] * out.shape[1] * out.shape[2] * out.shape[3]
    if serial:
        for row in range(rows):
            _involution_row(x, kernels, epilogue, out, sources, groups, row)
    else:
        for row in prange(rows):
            _involution_row(x, kernels, epilogue, out, sources, groups, np.int64(row))


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
