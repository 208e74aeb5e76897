"""The worker of `spectral`: stages that all workers share, item by item or some items at once.

An item is a group of an image. Those of a round have spectra at the same time.
"""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, claim, record_at
from ..fourier.solve import numbers
from .columns import backward_strip, forward_strip
from .finish import count_task, finish_task, too_much
from .measure import measure_plane
from .operand import samples_of, taps_of
from .rows import middle_layer, middle_layer_back, multiply_rows
from .seen import sum_boxes
from .settle import settle
from .vectors import integers

MEASURE, SETTLE, FORWARD, MIDDLE, ROWS, MIDDLE_BACK, BACKWARD, COUNT, FINISH = range(9)


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left.

    The parameters are those of `launch.start`, `parts` being the factors of the transforms. The
    first element of `memory` becomes 1 if the taps are not fit for this, the one after an
    image's if its samples are not.
    """
    g = record_at(geometry, 0)
    factors = numbers(parts, x)
    own = at(memory, g.at_workers + worker * g.worker)
    kind, first = tables[g.at_kinds + stage % g.kinds], stage // g.kinds * g.together
    items = min(g.together, g.items - first)
    # The filters are transformed in the first round and stay.
    filters = 0 if first else g.filters
    tasks = 0 if memory[0] else task_count(kind, items, filters, g)
    while True:
        task = claim(at(counters, 8 * stage), 1)
        if task >= tasks:
            return
        if kind == MEASURE or kind == SETTLE:
            know(kind, task, items, first, x, weight, memory, own, g)
        elif kind == FORWARD:
            forward_task(task, items, first, x, weight, memory, own, factors, tables, g)
        elif kind == MIDDLE:
            middle_task(task, items, memory, own, factors, tables, g)
        elif kind == ROWS:
            item, block = task // g.row_blocks, task % g.row_blocks
            group = (first + item) % g.groups
            taps = g.at_taps + group * g.result_channels * g.given_channels * g.plane
            samples = at(memory, g.at_samples + item * g.planes * g.plane)
            multiply_rows(samples, at(memory, taps), block, own, factors, tables, g)
        elif kind == MIDDLE_BACK:
            plane, r = task // g.rows, task % g.rows
            plane = plane // g.result_channels * g.planes + plane % g.result_channels
            spectrum = at(memory, g.at_samples + plane * g.plane)
            middle_layer_back(spectrum, r, own, factors, tables, g)
        elif kind == BACKWARD:
            backward_task(task, first, out, memory, own, factors, tables, g)
        else:
            last_task(kind, task, first, x, weight, bias, residual, out, memory, own, tables, g)


@kernel
def task_count(kind, items, filters, g):  # type: ignore[no-untyped-def]
    """Return how many tasks a stage has."""
    planes, taps = items * g.given_channels, filters * g.given_channels
    results = items * g.result_channels
    if kind == MEASURE:
        return planes + taps
    if kind == SETTLE:
        return items + filters
    if kind == FORWARD:
        found = items + planes * g.seen_middle * g.sample_strips
        return found + taps * g.kernel_middle * g.tap_strips
    if kind == MIDDLE:
        return (planes + taps) * g.rows
    if kind == ROWS:
        return items * g.row_blocks
    if kind == MIDDLE_BACK:
        return results * g.rows
    if kind == BACKWARD:
        return results * g.kept_middle * g.result_strips
    return results * g.count_tasks


@kernel
def know(kind, task, items, first, x, weight, memory, own, g):  # type: ignore[no-untyped-def]
    """Measure a plane of an operand, or settle what to take out of an operand."""
    stay_whole()
    share = g.given_channels if kind == MEASURE else 1
    of_taps = task >= items * share
    number = task // share - items if of_taps else task // share
    operand = taps_of(weight, number, g) if of_taps else samples_of(x, first + number, g)
    at_found = g.at_taps_found if of_taps else g.at_samples_found
    found = at(memory, at_found + number * g.given_channels * g.found)
    if kind == MEASURE:
        channel = task % share
        measure_plane(at(found, channel * g.found), operand, channel, at(own, g.own_room), g)
        return
    record = at(memory, (g.at_taps_known if of_taps else g.at_samples_known) + number * g.record)
    settle(record, found, operand, g)
    if integers(record)[0] < 0:
        memory[0 if of_taps else 1 + (first + number) // g.groups] = 1


@kernel
def forward_task(task, items, first, x, weight, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Sum up what results may see, or transform some columns of samples or taps."""
    stay_whole()
    if task < items:
        record = at(memory, g.at_samples_known + task * g.record)
        sums = at(memory, g.at_sums + task * g.sums)
        sum_boxes(sums, samples_of(x, first + task, g), record, at(own, g.own_room), g)
        return
    task -= items
    of_samples = items * g.given_channels * g.seen_middle * g.sample_strips
    if task < of_samples:
        strip, rest = task % g.sample_strips, task // g.sample_strips
        middle, rest = rest % g.seen_middle, rest // g.seen_middle
        channel, number = rest % g.given_channels, rest // g.given_channels
        plane = at(memory, g.at_samples + (number * g.planes + channel) * g.plane)
        record = at(memory, g.at_samples_known + number * g.record)
        operand = samples_of(x, first + number, g)
    else:
        task -= of_samples
        strip, rest = task % g.tap_strips, task // g.tap_strips
        middle, rest = rest % g.kernel_middle, rest // g.kernel_middle
        channel, number = rest % g.given_channels, rest // g.given_channels
        plane = at(memory, g.at_taps + rest * g.plane)
        record = at(memory, g.at_taps_known + number * g.record)
        operand = taps_of(weight, number, g)
    forward_strip(plane, operand, record, channel, middle, strip, own, factors, tables, g)


@kernel
def middle_task(task, items, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform a layer of samples or taps along the middle axis."""
    number, r = task // g.rows, task % g.rows
    planes = items * g.given_channels
    if number < planes:
        place = number // g.given_channels * g.planes + number % g.given_channels
        plane = at(memory, g.at_samples + place * g.plane)
        middle_layer(plane, r, g.seen_middle, g.sample_columns, own, factors, tables, g)
    else:
        plane = at(memory, g.at_taps + (number - planes) * g.plane)
        middle_layer(plane, r, g.kernel_middle, g.tap_columns, own, factors, tables, g)


@kernel
def backward_task(task, first, out, memory, own, factors, tables, g):  # type: ignore[no-untyped-def]
    """Transform some columns of products back, into results."""
    stay_whole()
    strip, rest = task % g.result_strips, task // g.result_strips
    middle, rest = rest % g.kept_middle, rest // g.kept_middle
    result, number = rest % g.result_channels, rest // g.result_channels
    filter = (first + number) % g.groups * g.result_channels + result
    samples = at(memory, g.at_samples_known + number * g.record)
    taps = at(memory, g.at_taps_known + filter * g.record)
    exponent = integers(samples)[1] + integers(taps)[1]
    # Either power is a normal number, and what lies between the two products is no further from 1
    # than what comes out.
    one, other = 2.0 ** (exponent // 2) / g.numbers, 2.0 ** (exponent - exponent // 2)
    plane = at(memory, g.at_samples + (number * g.planes + result) * g.plane)
    place = at(out, place_of(first + number, filter, tables, g))
    backward_strip(place, plane, middle, strip, one, other, own, factors, tables, g)


@kernel
def last_task(  # type: ignore[no-untyped-def]
    kind, task, first, x, weight, bias, residual, out, memory, own, tables, g
):
    """Count what must be computed anew in some pieces of a plane, or finish them."""
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
    samples = at(memory, g.at_samples_known + number * g.record)
    taps = at(memory, g.at_taps_known + filter * g.record)
    if kind == COUNT:
        count_task(counts, task, sums, samples, taps, g)
    elif too_much(all_counts, g):
        memory[1 + image] = 1
    else:
        place = place_of(first + number, filter, tables, g)
        finish_task(
            at(out, place),
            at(residual, place),
            at(bias, g.parts * filter),
            counts,
            task,
            sums,
            samples,
            taps,
            samples_of(x, first + number, g),
            taps_of(weight, filter, g),
            own,
            g,
        )


@kernel
def place_of(item, filter, tables, g):  # type: ignore[no-untyped-def]
    """Return where the results of an item's filter begin."""
    size = g.result_outer * g.result_middle * g.result_inner
    image = item // g.groups * g.filters * size
    return g.parts * (image + tables[g.at_places + filter])
