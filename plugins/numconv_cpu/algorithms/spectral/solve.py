"""The worker of `spectral`: stages that all workers share, item by item or some items at once.

An item is a group of an image. Those of a round have spectra at the same time.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, fetch_add, integers, record_at
from ..fourier.lines import factors_of
from .columns import backward_strip, forward_strip
from .finish import count_pieces, finish_pieces, too_many_products
from .measure import measure
from .operand import samples_of, taps_of
from .outliers import write_record
from .records import BACKWARD, FORWARD, MEASURE, MIDDLE, MULTIPLY
from .rows import middle_layer, multiply_layer, multiply_rows
from .summed_area import build_summed_area_table


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left.

    The parameters are those of a worker (`launch.worker`). `parts` are the factors of the
    transforms. The first element of `memory` becomes 1 if the taps are not fit for this, the one
    after an image's if its samples are not.
    """
    g = record_at(geometry, 0)
    factors = factors_of(parts, x)
    own = at(memory, g.at_workers + worker * g.worker)
    kind, first = tables[g.at_kinds + stage % g.kinds], stage // g.kinds * g.together
    items = min(g.together, g.items - first)
    # The filters are transformed in the first round and stay.
    filters = 0 if first else g.filters
    tasks = 0 if memory[0] else task_count(kind, items, filters, g)
    while True:
        task = fetch_add(at(counters, 8 * stage), 1)
        if task >= tasks:
            return
        if kind == MEASURE:
            measure_task(task, items, first, x, weight, memory, own, g)
        elif kind == FORWARD:
            forward_task(task, items, first, x, weight, memory, own, factors, tables, g)
        elif kind == MIDDLE:
            plane = at(memory, g.at_taps + task // g.rows * g.plane)
            height, width = g.kernel_middle, g.tap_columns
            middle_layer(plane, task % g.rows, height, width, factors, tables, g)
        elif kind == MULTIPLY and task < items * g.blocks:
            multiply_task(task, first, memory, own, factors, tables, g)
        elif kind == MULTIPLY:
            count_task(task - items * g.blocks, first, x, weight, memory, g)
        elif kind == BACKWARD:
            backward_task(task, first, out, memory, own, factors, tables, g)
        else:
            last_task(task, first, x, weight, bias, residual, out, memory, own, tables, g)


@kernel
def task_count(kind, items, filters, g):  # type: ignore[no-untyped-def]
    """Return how many tasks a stage has."""
    planes, taps = items * g.given_channels, filters * g.given_channels
    results = items * g.result_channels
    if kind == MEASURE:
        return items + filters
    if kind == FORWARD:
        measured = items + planes * g.seen_middle * g.sample_strips
        return measured + taps * g.kernel_middle * g.tap_strips
    if kind == MIDDLE:
        return taps * g.rows
    if kind == MULTIPLY:
        return items * g.blocks + results * g.count_tasks
    if kind == BACKWARD:
        return results * g.kept_middle * g.result_strips
    return results * g.count_tasks


@kernel
def samples(number, first, x, memory, g):  # type: ignore[no-untyped-def]
    """Return the samples of an item of the round."""
    record = at(memory, g.at_sample_records + number * g.record)
    return samples_of(x, record, first + number, g)


@kernel
def taps(filter, weight, memory, g):  # type: ignore[no-untyped-def]
    """Return the taps of a filter."""
    return taps_of(weight, at(memory, g.at_tap_records + filter * g.record), filter, g)


@kernel
def measure_task(task, items, first, x, weight, memory, own, g):  # type: ignore[no-untyped-def]
    """Measure an operand, find its outliers, and write its record."""
    stay_whole()
    measured, number = at(own, g.own_measured), task - items
    if task < items:
        operand, message = samples(task, first, x, memory, g), 1 + (first + task) // g.groups
    else:
        operand, message = taps(number, weight, memory, g), 0
    measure(measured, operand, at(own, g.own_room), g)
    write_record(measured, operand, g)
    if integers(operand.record)[0] < 0:
        memory[message] = 1


@kernel
def forward_task(task, items, first, x, weight, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Build an item's summed-area table, or transform some columns of samples or taps."""
    stay_whole()
    if task < items:
        sums = at(memory, g.at_sums + task * g.sums)
        build_summed_area_table(sums, samples(task, first, x, memory, g), at(own, g.own_room), g)
        return
    task -= items
    sample_tasks = items * g.given_channels * g.seen_middle * g.sample_strips
    if task < sample_tasks:
        strip, rest = task % g.sample_strips, task // g.sample_strips
        middle, rest = rest % g.seen_middle, rest // g.seen_middle
        channel, number = rest % g.given_channels, rest // g.given_channels
        plane = at(memory, g.at_samples + (number * g.planes + channel) * g.plane)
        operand = samples(number, first, x, memory, g)
    else:
        task -= sample_tasks
        strip, rest = task % g.tap_strips, task // g.tap_strips
        middle, rest = rest % g.kernel_middle, rest // g.kernel_middle
        channel, number = rest % g.given_channels, rest // g.given_channels
        plane = at(memory, g.at_taps + rest * g.plane)
        operand = taps(number, weight, memory, g)
    forward_strip(plane, operand, channel, middle, strip, own, factors, tables, g)


@kernel
def multiply_task(task, first, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform rows along all axes that are left, multiply, and transform back."""
    item, block = task // g.blocks, task % g.blocks
    group = (first + item) % g.groups
    of_taps = at(memory, g.at_taps + group * g.result_channels * g.given_channels * g.plane)
    of_samples = at(memory, g.at_samples + item * g.planes * g.plane)
    if g.middles > 1:
        multiply_layer(of_samples, of_taps, block, own, factors, tables, g)
    else:
        first_row = block * g.lanes * g.layer
        multiply_rows(of_samples, of_taps, first_row, own, factors, tables, g)


@kernel
def count_task(task, first, x, weight, memory, g):  # type: ignore[no-untyped-def]
    """Count what must be recomputed in some pieces of a plane."""
    plane, task = task // g.count_tasks, task % g.count_tasks
    result, number = plane % g.result_channels, plane // g.result_channels
    filter = (first + number) % g.groups * g.result_channels + result
    counts = at(memory, g.at_counts + (plane * g.count_tasks + task) * g.count)
    sums = integers(at(memory, g.at_sums + number * g.sums))
    of_samples, of_taps = samples(number, first, x, memory, g), taps(filter, weight, memory, g)
    count_pieces(counts, task, sums, of_samples, of_taps, g)


@kernel
def backward_task(task, first, out, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform some columns of products back, into results."""
    stay_whole()
    strip, rest = task % g.result_strips, task // g.result_strips
    middle, rest = rest % g.kept_middle, rest // g.kept_middle
    result, number = rest % g.result_channels, rest // g.result_channels
    filter = (first + number) % g.groups * g.result_channels + result
    of_samples = at(memory, g.at_sample_records + number * g.record)
    of_taps = at(memory, g.at_tap_records + filter * g.record)
    exponent = integers(of_samples)[1] + integers(of_taps)[1]
    # Either power is a normal number, and what lies between the two products is no further from 1
    # than what comes out.
    one, other = 2.0 ** (exponent // 2) / g.numbers, 2.0 ** (exponent - exponent // 2)
    plane = at(memory, g.at_samples + (number * g.planes + result) * g.plane)
    place = at(out, place_of(first + number, filter, tables, g))
    backward_strip(place, plane, middle, strip, one, other, own, factors, tables, g)


@kernel
def last_task(  # type: ignore[no-untyped-def]
    task, first, x, weight, bias, residual, out, memory, own, tables, g
):
    """Finish some pieces of a plane, unless too much of it would have to be recomputed."""
    stay_whole()
    plane, task = task // g.count_tasks, task % g.count_tasks
    result, number = plane % g.result_channels, plane // g.result_channels
    image = (first + number) // g.groups
    if memory[1 + image]:
        return
    filter = (first + number) % g.groups * g.result_channels + result
    all_counts = at(memory, g.at_counts + plane * g.count_tasks * g.count)
    counts = at(all_counts, task * g.count)
    sums = integers(at(memory, g.at_sums + number * g.sums))
    if too_many_products(all_counts, g):
        memory[1 + image] = 1
    else:
        place = place_of(first + number, filter, tables, g)
        finish_pieces(
            at(out, place),
            at(residual, place),
            at(bias, g.parts * filter),
            counts,
            task,
            sums,
            samples(number, first, x, memory, g),
            taps(filter, weight, memory, g),
            own,
            g,
        )


@kernel
def place_of(item, filter, tables, g):  # type: ignore[no-untyped-def]
    """Return where the results of an item's filter begin."""
    size = g.result_size_outer * g.result_size_middle * g.result_size_inner
    image = item // g.groups * g.filters * size
    return g.parts * (image + tables[g.at_plane_offsets + filter])
