"""The loops: a thread sums one result at a time, by the definition.

Operands have three spatial axes and lie flat. Neighbouring threads have neighbouring results of a
row, so their reads of x, and an involution's of its kernels, fall into the same lines of memory.
Padded zeros are multiplied like any other sample, so that an infinite weight which meets one gives
NaN, as the definition has it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from numba import cuda

from ..compile import Integers, Kernel, LongNumbers, Results, Values
from ..epilogue import destination, storing
from ..part import part

THREADS = 256

# The numbers that `algorithm` hands over, in this order.
(
    TOTAL,
    GROUPS,
    GIVEN_CHANNELS,
    GIVEN_Z,
    GIVEN_Y,
    GIVEN_X,
    RESULT_CHANNELS,
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    KERNEL_Z,
    KERNEL_Y,
    KERNEL_X,
    TABLE_Z,
    TABLE_Y,
    TABLE_X,
    OUTPUTS_Z,
    OUTPUTS_Y,
    OUTPUTS_X,
    TAPS_Z,
    TAPS_Y,
    TAPS_X,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
) = range(25)
NUMBERS = 25


@part
def split(index: int, g: Any) -> Any:
    """Return (n, channel, z, y, x) of a result."""
    rest, x = index // g[RESULT_X], index % g[RESULT_X]
    rest, y = rest // g[RESULT_Y], rest % g[RESULT_Y]
    rest, z = rest // g[RESULT_Z], rest % g[RESULT_Z]
    return rest // g[RESULT_CHANNELS], rest % g[RESULT_CHANNELS], z, y, x


@part
def given_at(n: int, channel: int, z: int, y: int, x: int, g: Any) -> int:
    """Return where an element of the given array stands."""
    plane = (n * g[GIVEN_CHANNELS] + channel) * g[GIVEN_Z] + z
    return (plane * g[GIVEN_Y] + y) * g[GIVEN_X] + x


@part
def result_at(n: int, channel: int, z: int, y: int, x: int, g: Any) -> int:
    """Return where an element of the result stands."""
    plane = (n * g[RESULT_CHANNELS] + channel) * g[RESULT_Z] + z
    return (plane * g[RESULT_Y] + y) * g[RESULT_X] + x


def finish(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Return the device function that applies the epilogue to a sum and stores it."""
    finish_sum = storing(activation_name, wide)

    @part
    def store(
        total: Any,
        n: int,
        channel: int,
        z: int,
        y: int,
        x: int,
        bias: Any,
        residual: Any,
        out: Any,
        g: Any,
    ) -> None:
        stored = destination(channel, g[RESULT_CHANNELS] // g[SHUFFLE], g[SHUFFLE])
        place = result_at(n, stored, z, y, x, g)
        finish_sum(total, channel, place, g[HAS_BIAS], g[HAS_RESIDUAL], bias, residual, out)

    return store


def forward(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Convolve x with a weight."""
    store = finish(activation_name, wide)

    def kernel(
        x: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Integers,
        g: LongNumbers,
    ) -> None:
        index = cuda.grid(1)
        while index < g[TOTAL]:
            n, co, oz, oy, ox = split(index, g)
            given = g[GIVEN_CHANNELS] // g[GROUPS]
            first = co // (g[RESULT_CHANNELS] // g[GROUPS]) * given
            total = wide(0)
            tap = co * given * g[KERNEL_Z] * g[KERNEL_Y] * g[KERNEL_X]
            for ci in range(first, first + given):
                for kz in range(g[KERNEL_Z]):
                    iz = tables[g[TABLE_Z] + kz * g[RESULT_Z] + oz]
                    for ky in range(g[KERNEL_Y]):
                        iy = tables[g[TABLE_Y] + ky * g[RESULT_Y] + oy]
                        for kx in range(g[KERNEL_X]):
                            ix = tables[g[TABLE_X] + kx * g[RESULT_X] + ox]
                            sample = wide(0)
                            if iz >= 0 and iy >= 0 and ix >= 0:
                                place = given_at(n, ci, iz, iy, ix, g)
                                sample = wide(x[place])
                            total += wide(weight[tap]) * sample
                            tap += 1
            store(total, n, co, oz, oy, ox, bias, residual, out, g)
            index += cuda.gridsize(1)

    return kernel


def input_gradient(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Apply the adjoint of the convolution with a weight to y.

    An axis has tables of where the readers of each sample begin, of their results and of their
    taps.
    """
    store = finish(activation_name, wide)

    def kernel(
        y: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Integers,
        g: LongNumbers,
    ) -> None:
        index = cuda.grid(1)
        while index < g[TOTAL]:
            n, ci, iz, iy, ix = split(index, g)
            given = g[GIVEN_CHANNELS] // g[GROUPS]
            results = g[RESULT_CHANNELS] // g[GROUPS]
            first = ci // results * given
            at_z, at_y, at_x = g[TABLE_Z] + iz, g[TABLE_Y] + iy, g[TABLE_X] + ix
            total = wide(0)
            for co in range(first, first + given):
                taps = (co * results + ci % results) * g[KERNEL_Z]
                for pz in range(tables[at_z], tables[at_z + 1]):
                    oz, kz = tables[g[OUTPUTS_Z] + pz], tables[g[TAPS_Z] + pz]
                    for py in range(tables[at_y], tables[at_y + 1]):
                        oy, ky = tables[g[OUTPUTS_Y] + py], tables[g[TAPS_Y] + py]
                        row = ((taps + kz) * g[KERNEL_Y] + ky) * g[KERNEL_X]
                        for px in range(tables[at_x], tables[at_x + 1]):
                            ox, kx = tables[g[OUTPUTS_X] + px], tables[g[TAPS_X] + px]
                            place = given_at(n, co, oz, oy, ox, g)
                            total += wide(weight[row + kx]) * wide(y[place])
            store(total, n, ci, iz, iy, ix, bias, residual, out, g)
            index += cuda.gridsize(1)

    return kernel


def involution(activation_name: str | None, wide: Any) -> Callable[..., None]:
    """Apply to each position of x its own kernel."""
    store = finish(activation_name, wide)

    def kernel(
        x: Values,
        kernels: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Integers,
        g: LongNumbers,
    ) -> None:
        index = cuda.grid(1)
        while index < g[TOTAL]:
            n, c, oz, oy, ox = split(index, g)
            group = c // (g[RESULT_CHANNELS] // g[GROUPS])
            total = wide(0)
            tap = (n * g[GROUPS] + group) * g[KERNEL_Z] * g[KERNEL_Y] * g[KERNEL_X]
            for kz in range(g[KERNEL_Z]):
                iz = tables[g[TABLE_Z] + kz * g[RESULT_Z] + oz]
                for ky in range(g[KERNEL_Y]):
                    iy = tables[g[TABLE_Y] + ky * g[RESULT_Y] + oy]
                    for kx in range(g[KERNEL_X]):
                        ix = tables[g[TABLE_X] + kx * g[RESULT_X] + ox]
                        sample = wide(0)
                        if iz >= 0 and iy >= 0 and ix >= 0:
                            place = given_at(n, c, iz, iy, ix, g)
                            sample = wide(x[place])
                        w = kernels[
                            ((tap * g[RESULT_Z] + oz) * g[RESULT_Y] + oy) * g[RESULT_X] + ox
                        ]
                        total += wide(w) * sample
                        tap += 1
            store(total, n, c, oz, oy, ox, bias, residual, out, g)
            index += cuda.gridsize(1)

    return kernel


@cache
def kernel(make: Callable[[str | None, Any], Callable[..., None]], name: str | None) -> Kernel:
    """Return the kernel that one of the functions above makes for the activation `name`."""
    # As many as have the registers for it without spilling; a gradient needs more of them.
    blocks = 2 if make is input_gradient else 3
    return Kernel(f"loops-{make.__name__}-{name}", partial(make, name), THREADS, blocks, NUMBERS)
