"""Results as direct sums of products: those that the transform cannot make accurate.

The rounding errors of a transform are in proportion to all samples of a block. A result is accurate
if the absolute samples in its window, those that it is a sum of, add up to enough beside them.
Window sums are not exact here but lower bounds, one for each square of results (`samples`).
"""

from __future__ import annotations

from ...kernel.padded_reads import line_at, sample_at
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear
from .samples import pack_row


@kernel
def recompute_row(results, row, window_sums, least, x, weight, y, first, count, samples, tables, g):  # type: ignore[no-untyped-def]
    """Recompute the results of a row whose window sums are too small.

    Parameters
    ----------
    results : pointer
        To the row of the block, of which `count` results stand in the padded array at `y` and
        from `first` on.
    row : int
        Of the block.
    window_sums, least : pointer, float
        The window sum of each square of results at least, and what it must be; see
        `samples.least_window_sum`.
    x, weight : pointer
        To the group's first channel and to the filter.
    samples : pointer
        To room for the samples in the windows of a row of a block.
    """
    stay_whole()
    width = g.cells_x - g.whole_x + 1
    start = row * g.row_step_x
    line = at(window_sums, -(-row * g.row_step_y // g.cell_y) * width)
    done = 0
    while done < count:
        j = (start + done + g.cell_x - 1) // g.cell_x
        end = done
        while end < count and not (least >= 0 and line[j] >= least):
            end = min(j * g.cell_x + 1 - start, count)
            j += 1
        if end > done:
            sum_directly(
                at(results, done), x, weight, y, first + done, end - done, samples, tables, g
            )
        done = max(end, min(j * g.cell_x + 1 - start, count))


@kernel
def sum_directly(results, x, weight, y, first, count, samples, tables, g):  # type: ignore[no-untyped-def]
    """Compute `count` neighbouring results tap by tap."""
    stay_whole()
    clear(results, count)
    span = count + g.kernel_x - 1
    begin = min(max(g.first_seen - first - count + 1, 0), g.kernel_x)
    end = min(max(g.last_seen - first, begin), g.kernel_x)
    for c in range(g.given_channels):
        plane = at(x, c * g.given_size_y * g.given_size_x)
        for ky in range(g.kernel_y):
            source = sample_at(line_at(at(tables, g.at_y), 0, y), ky)
            if source < 0:
                continue
            row = at(plane, source * g.given_size_x)
            pack_row(samples, row, at(tables, g.at_x), first, span, g)
            taps = at(weight, c * g.channel_stride + g.first_tap + ky * g.tap_step * g.kernel_x)
            for kx in range(begin, end):
                factor, own = taps[kx * g.tap_step], at(samples, kx)
                for i in range(count):
                    results[i] += factor * own[i]
