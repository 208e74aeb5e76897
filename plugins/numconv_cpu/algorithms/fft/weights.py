"""The filters' spectra, and whether a Fourier transform may stand for the filters at all."""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear
from .transforms import forward


@kernel
def weight_task(filter, weight, spectra, block, memory, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform one filter, divided by the numbers of a block, as `backward` multiplies by them.

    The first element of `memory` becomes 1 if the filter has little beside its largest tap,
    which should not be computed with the rounding errors of a sum; or numbers so large or so
    small that they are not safe here, or no numbers.
    """
    stay_whole()
    group, result = filter // g.result_channels, filter % g.result_channels
    taps = at(weight, group * g.group_stride + result * g.row_stride)
    most, total = 0.0, 0.0
    for c in range(g.given_channels):
        clear(block, 2 * g.imaginary)
        own = at(taps, c * g.channel_stride + g.first_tap)
        for row in range(g.rows):
            y, x = row * g.row_step_y, row * g.row_step_x
            if y >= g.kernel_y:
                break
            target, source = at(block, row * g.pitch), at(own, y * g.tap_step * g.kernel_x)
            for k in range(x, min(x + g.columns, g.kernel_x)):
                value = source[k * g.tap_step]
                target[k - x] = value / (g.rows * g.columns)
                most = max(most, abs(float(value)))
                total += abs(float(value))
        forward(
            block, at(spectra, (filter * g.given_channels + c) * g.spectrum), factors, tables, g
        )
    even = g.least_taps * most <= total and g.least <= total <= g.most
    if not (even or total == 0):
        memory[0] = 1
