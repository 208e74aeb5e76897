"""The arguments of the worker of a filter, and how they follow from its layout."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.plugin import FilterProblem, source_index

from ...kernel.arguments import Arguments, OwnRoom, whole_lines
from ...kernel.padding import Lines, Table
from .formats import loader, storer
from .kernel import MANY
from .layout import Blocking, FilterAxis, Layout

# Rows of short lines are summed together, up to so many values.
SWEEP = 1024


@dataclass(frozen=True, kw_only=True)
class OuterArguments(Arguments):
    """An axis that is neither x nor y."""

    samples: int
    taps: int
    stride: int  # values from one sample to the next
    at_sources: Table | int  # what `padding.Lines` says of the axis; -1 where it is not padded


@dataclass(frozen=True, kw_only=True)
class BandArguments(Arguments):
    """Tasks, and the band that is converted for one."""

    blocking: Blocking
    strips: int
    pieces: int
    tasks: int
    pitch: int  # from one line of a band to the next
    layer: int  # from one index of the outer taps to the next
    sweep: int  # lines that are summed at once
    span: int  # values that a row of vectors holds
    at_offsets: Table  # of each tap: from sample o of a band to sample o + k
    own_band: OwnRoom  # (layers, lines, pitch)
    own_sums: OwnRoom  # (sweep, pitch)


@dataclass(frozen=True, kw_only=True)
class FilterArguments(Arguments):
    """All arguments but those of the outer axes."""

    band: BandArguments
    form: int  # what is summed: see `kernel`
    load: int  # addresses of routines
    store: int
    x_bytes: int  # of a value
    result_bytes: int
    fill: float  # what stands beyond the borders of an axis without a mode
    lines: int
    length: int  # of a line
    taps: int
    taps_y: int
    low: int  # values before and behind a line
    high: int
    layers: int  # lines of the same y that a result is made of
    outer_axes: int
    at_y: Table | int  # as of an outer axis
    at_lefts: Table  # which values of a line stand before it, and behind it
    at_rights: Table


def arguments_of(
    problem: FilterProblem, layout: Layout, blocking: Blocking, form: int, span: int
) -> FilterArguments:
    """Return the arguments of the worker, whose rows of vectors hold `span` values."""
    x, y = layout.x, layout.y
    before = source_index(x.samples, x.low, -x.samples, x.mode)
    behind = source_index(x.samples, -x.samples, x.high, x.mode)
    return FilterArguments(
        band=_band(layout, blocking, form == MANY, span),
        form=form,
        load=loader(problem.dtype),
        store=storer(problem.result_dtype),
        x_bytes=np.dtype(problem.dtype).itemsize,
        result_bytes=np.dtype(problem.result_dtype).itemsize,
        fill=float(problem.fill),
        lines=y.samples,
        length=x.samples * x.step,
        taps=problem.terms,
        taps_y=y.taps,
        low=x.low * x.step,
        high=x.high * x.step,
        layers=layout.layers,
        outer_axes=len(layout.outer),
        at_y=_sources(y),
        at_lefts=_values(before, x.step),
        at_rights=_values(behind, x.step),
    )


def outer_arguments(layout: Layout) -> list[OuterArguments]:
    """Return the arguments of the outer axes; without any, of one axis of one sample."""
    found, stride = [], layout.y.samples * layout.x.samples * layout.x.step
    for axis in reversed(layout.outer or (FilterAxis(1),)):
        at = _sources(axis)
        found.append(
            OuterArguments(samples=axis.samples, taps=axis.taps, stride=stride, at_sources=at)
        )
        stride *= axis.samples
    return found[::-1]


def _band(layout: Layout, blocking: Blocking, many: bool, span: int) -> BandArguments:
    x, y = layout.x, layout.y
    # Sums of many samples that write over a row leave the next one as it is.
    pitch = whole_lines(blocking.width + x.reach + (span if many else 0))
    layer = (blocking.height + y.taps - 1) * pitch
    together = blocking.height if many and y.taps > 1 else max(SWEEP // pitch, 1)
    sweep = min(together, blocking.height)
    taps = np.indices((layout.layers, y.taps, x.taps)).reshape(3, -1).T
    strips = -(-y.samples // blocking.height)
    pieces = -(-x.samples * x.step // blocking.width)
    return BandArguments(
        blocking=blocking,
        strips=strips,
        pieces=pieces,
        tasks=prod(axis.samples for axis in layout.outer) * strips * pieces,
        pitch=pitch,
        layer=layer,
        sweep=sweep,
        span=span,
        at_offsets=taps @ np.array([layer, pitch, x.step]),
        # What hangs over the end of a row of vectors is read and summed, and not stored.
        own_band=OwnRoom(layout.layers * layer + span),
        own_sums=OwnRoom(sweep * pitch + span),
    )


def _sources(axis: FilterAxis) -> Table | int:
    """Return the table of an axis; -1 for one that is not padded."""
    if axis.taps == 1:
        return -1
    size, end = axis.samples, axis.samples + axis.high
    return Lines(np.array([-axis.low]), 1, size, end, axis.mode).numbers()


def _values(samples: Table, step: int) -> Table:
    """Return the places of all values of these samples; -1 for each of one that is none."""
    values = samples[:, None] * step + np.arange(step)
    return np.asarray(np.where(samples[:, None] < 0, -1, values)).ravel()
