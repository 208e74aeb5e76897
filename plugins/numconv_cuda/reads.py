"""Which samples meet which taps along an axis, in either direction, small enough for long axes.

Results that have a phase in common are reached by the same taps, at samples that move on by a
constant. Forward there is one phase; an input gradient has those of its stride
(`numconv.core.polyphase`), so that no product with an inserted zero is computed. What the other
padding modes fold back has no such order, and there each result has a phase of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import result_phases
from numconv.core.tables import Axis, Indices, padded_size, padded_sources, readers

# What may stand for where a sample is: a zero, that is multiplied as others are, or no product at
# all. Added to other offsets within MOST samples, any of them leaves a negative number.
MOST = 2**29
ZERO, NOTHING = -MOST, -MOST - 1


class Reads(NamedTuple):
    """The reads of the results along one axis.

    Result ``phase + line * phases`` reads ``sources[line * step + places[phase, i]]`` with tap
    ``taps[phase, i]``, or nothing if that is -1. From one place to the next it is `spacing`, or 0
    if it is no constant.
    """

    results: int
    phases: int
    step: int
    spacing: int
    places: Indices
    taps: NDArray[np.int64]
    sources: Indices

    @property
    def lines(self) -> int:
        """Results of a phase, of the longest."""
        return -(-self.results // self.phases)

    @property
    def count(self) -> int:
        """Reads of a result, of the one with the most."""
        return self.taps.shape[1]


def reads(axis: Axis, mode: str, direction: str) -> Reads:
    """Return what the results of a convolution along `axis`, or of its adjoint, read."""
    if direction == "forward":
        return _forward(axis, mode)
    padded = axis.lo > 0 or padded_size(axis) > axis.lo + axis.size
    return _folded(axis, mode) if mode != "zeros" and padded else _backward(axis)


def _forward(axis: Axis, mode: str) -> Reads:
    sources = padded_sources(axis, mode)
    sources = np.where(sources < 0, ZERO, sources)
    taps = np.arange(axis.kernel)[None]
    places = taps * axis.dilation
    return Reads(axis.outputs, 1, axis.stride, axis.dilation, places, taps, sources)


def _backward(axis: Axis) -> Reads:
    phases = max(min(axis.stride, axis.size), 1)
    found = result_phases(axis.lo, phases, axis.kernel, axis.stride, axis.dilation)
    taps, places = found.table()
    first = places.min()
    length = -(-axis.size // phases) + places.max() - first
    sample = np.arange(length) + first
    sources = np.where((sample >= 0) & (sample < axis.outputs), sample, NOTHING)
    return Reads(axis.size, phases, 1, found.shift, places - first, taps, sources)


def _folded(axis: Axis, mode: str) -> Reads:
    start, output, tap = readers(axis, mode)
    each = np.diff(start)
    places = np.zeros((max(axis.size, 1), max(each.max(initial=0), 1)), np.int64)
    taps = np.full_like(places, -1)
    row, i = np.nonzero(np.arange(places.shape[1]) < each[:, None])
    places[row, i], taps[row, i] = output, tap
    return Reads(axis.size, len(places), 1, 0, places, taps, np.arange(axis.outputs))
