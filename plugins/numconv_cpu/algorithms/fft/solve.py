"""The worker of `fft`: blocks two at a time, one as the real part and one as the imaginary part.

The weights are real, so each of the two comes out as if it were alone, but for rounding errors.
"""

from __future__ import annotations

from ...kernel.epilogue import store_row, store_row_with
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, fetch_add, record_at, zero
from ..fourier.butterflies import add_product_with_conjugate, multiply_conjugate
from ..fourier.lines import factors_of
from .direct_sums import recompute_row
from .samples import least_window_sum, pack_block, sum_windows
from .transforms import backward, forward
from .weights import weight_task


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left: of stage 0 filters, of stage 1 pairs of blocks.

    The parameters are those of `launch.start`, `parts` being the factors of the transforms. The
    first element of `memory` becomes 1 if the filters are not fit for this.
    """
    g = record_at(geometry, 0)
    factors = factors_of(parts, x)
    own = at(memory, g.at_workers + worker * g.worker)
    spectra = weight if g.prepared else at(memory, g.at_spectra)
    taps = at(weight, g.at_taps)
    tasks = g.pair_tasks if stage else g.weight_tasks
    while True:
        task = fetch_add(at(counters, 8 * stage), 1)
        if task >= tasks:
            return
        if stage == 0:
            weight_task(task, taps, spectra, own, memory, factors, tables, g)
        else:
            pair_task(task, x, taps, spectra, bias, residual, out, own, factors, tables, g)


@kernel
def pair_task(  # type: ignore[no-untyped-def]
    task, x, weight, spectra, bias, residual, out, own, factors, tables, g
):
    """Compute two blocks of results of one image and group."""
    pair, rest = task % g.pairs, task // g.pairs
    group = rest % g.groups
    given = at(x, rest * g.given_channels * g.given_size_y * g.given_size_x)
    block = at(own, g.own_block)
    least = transform_pair(pair, given, own, factors, tables, g)
    for result in range(g.result_channels):
        filter = group * g.result_channels + result
        filtered = at(spectra, filter * g.given_channels * g.spectrum)
        total = at(own, g.own_total)
        multiply_channels(total, at(own, g.own_spectra), filtered, g)
        backward(total, block, factors, tables, g)
        taps = at(weight, group * g.group_stride + result * g.row_stride)
        image = rest // g.groups * g.groups * g.result_channels * g.result_height * g.result_width
        place = image + tables[g.at_plane_offsets + filter]
        shift = bias[filter] if g.bias else zero(bias)
        for part in range(min(2, g.image_blocks - 2 * pair)):
            rows, window_sums = (
                at(block, part * g.imaginary),
                at(own, g.own_window_sums + part * g.block_cells),
            )
            store_block(
                rows,
                2 * pair + part,
                window_sums,
                least,
                given,
                taps,
                at(out, place),
                at(residual, place),
                shift,
                own,
                tables,
                g,
            )


@kernel
def transform_pair(pair, x, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform every channel of two blocks, and write the window sums of their results.

    Returns
    -------
    float
        The least window sum of an accurate result; see `samples.least_window_sum`.
    """
    block, cells, largest = at(own, g.own_block), at(own, g.own_cells), at(own, g.own_largest)
    clear(cells, 2 * g.block_cells)
    clear(largest, g.columns)
    for c in range(g.given_channels):
        plane = at(x, c * g.given_size_y * g.given_size_x)
        for part in range(2):
            target, band = at(block, part * g.imaginary), at(own, g.own_band)
            added = at(cells, part * g.block_cells)
            pack_block(target, added, band, largest, plane, 2 * pair + part, tables, g)
        forward(block, at(own, g.own_spectra + c * g.spectrum), factors, tables, g)
    total = 0.0
    for cell in range(2 * g.block_cells):
        total += cells[cell]
    for part in range(2):
        window_sums = at(own, g.own_window_sums + part * g.block_cells)
        sum_windows(window_sums, at(cells, part * g.block_cells), at(own, g.own_cell_rows), g)
    return least_window_sum(total, largest, g)


@kernel
def multiply_channels(total, samples, weights, g):  # type: ignore[no-untyped-def]
    """Sum the products of a filter's spectra with those of the samples, channel by channel."""
    stay_whole()
    for c in range(g.given_channels):
        own, factor = at(samples, c * g.spectrum), at(weights, c * g.spectrum)
        for row in range(g.columns):
            for v in range(row * g.spectrum_pitch, row * g.spectrum_pitch + g.rows, g.lanes):
                place, sample, weight = at(total, v), at(own, v), at(factor, v)
                if c == 0:
                    multiply_conjugate(g, place, sample, weight, g.imaginary)
                else:
                    add_product_with_conjugate(g, place, sample, weight, g.imaginary)


@kernel
def store_block(  # type: ignore[no-untyped-def]
    block, number, window_sums, least, x, taps, out, residual, shift, own, tables, g
):
    """Write the results of one block, after those that are not accurate are recomputed."""
    stay_whole()
    first_y, first_x = number // g.counts_x * g.steps_y, number % g.counts_x * g.steps_x
    accurate = all_accurate(window_sums, least, g)
    for row in range(g.rows):
        y, begin = first_y + row * g.row_step_y, row * g.row_step_x
        count = min(g.columns, g.steps_x - begin, g.result_width - first_x - begin)
        if row * g.row_step_y >= g.steps_y or y >= g.result_height or count <= 0:
            return
        results, to = at(block, row * g.pitch), y * g.result_width + first_x + begin
        if not accurate:
            samples, first = at(own, g.own_samples), first_x + begin
            recompute_row(
                results, row, window_sums, least, x, taps, y, first, count, samples, tables, g
            )
        if g.residual or g.activation:
            added = at(residual, to)
            store_row_with(
                at(out, to), results, count, 1, shift, added, g.residual != 0, g.activation
            )
        else:
            store_row(at(out, to), results, count, 1, shift)


@kernel
def all_accurate(window_sums, least, g):  # type: ignore[no-untyped-def]
    """Return whether all results of a block are."""
    enough = least >= 0
    for place in range((g.cells_y - g.whole_y + 1) * (g.cells_x - g.whole_x + 1)):
        enough &= window_sums[place] >= least
    return enough
