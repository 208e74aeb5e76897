"""One spatial axis of a convolution, lowered: which sample stands where, and where taps read.

The given array is copied, once, into *planes*: along each axis it is padded and split into slots,
one for each remainder of the stride that some tap meets. In its slot every tap reads consecutive
samples for consecutive outputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from numconv.core.geometry import source_index


@dataclass(frozen=True)
class Tap:
    """Tap `kernel` reads, for output 0 of its part, position `offset` of slot `slot`."""

    kernel: int
    slot: int
    offset: int


@dataclass(frozen=True)
class AxisPart:
    """Results ``start, start + stride, …`` (`count` of them), which the same taps reach."""

    count: int
    start: int
    taps: tuple[Tap, ...]


@dataclass(frozen=True)
class Axis:
    """A lowered axis.

    Parameters
    ----------
    given, result : int
        Lengths of the array that is read and of the one that is computed.
    step : int
        Samples of the given array between neighbours of a slot.
    stride : int
        Results between neighbours of a part.
    sources : ndarray of int64, shape (slots, length)
        Which sample stands at each position of each slot; -1 stands for a zero.
    parts : tuple of AxisPart
    """

    given: int
    result: int
    step: int
    stride: int
    sources: NDArray[np.int64]
    parts: tuple[AxisPart, ...]

    @property
    def slots(self) -> int:
        return len(self.sources)

    @property
    def length(self) -> int:
        return self.sources.shape[1]

    @property
    def count(self) -> int:
        """Length of the longest part."""
        return max((part.count for part in self.parts), default=1)

    @property
    def reach(self) -> int:
        """How many positions beyond a range of outputs their taps read."""
        return max((tap.offset for part in self.parts for tap in part.taps), default=0)

    @property
    def shared(self) -> int:
        """How many zeros at the end of a row may also be the zeros before the next one."""
        occupied = self.sources >= 0
        if not occupied.any():
            return 0
        columns = np.flatnonzero(occupied.any(axis=0))
        return int(min(columns[0], self.length - 1 - columns[-1], self.length - self.count))

    def by_taps(self) -> Axis:
        """Return the axis, of one part, with a slot for each tap: they then reach no further."""
        (part,) = self.parts
        sources = [self.sources[t.slot, t.offset : t.offset + part.count] for t in part.taps]
        taps = tuple(Tap(t.kernel, slot, 0) for slot, t in enumerate(part.taps))
        return replace(self, sources=np.array(sources), parts=(replace(part, taps=taps),))


def forward_axis(
    size: int, kernel: int, stride: int, dilation: int, lo: int, outputs: int, mode: str
) -> Axis:
    """Lower an axis of ``y[o] = sum of w[k] * x[o * stride + k * dilation - lo]``."""
    read = (outputs - 1) * stride + (kernel - 1) * dilation + 1
    padded = source_index(size, lo, max(read - lo - size, 0), mode)[:read]
    slots = sorted({k * dilation % stride for k in range(kernel)})
    length = outputs + (kernel - 1) * dilation // stride
    sources = np.full((len(slots), length), -1, np.int64)
    for slot, remainder in enumerate(slots):
        samples = padded[remainder::stride][:length]
        sources[slot, : len(samples)] = samples
    taps = tuple(
        Tap(k, slots.index(k * dilation % stride), k * dilation // stride) for k in range(kernel)
    )
    return Axis(size, outputs, stride, 1, sources, (AxisPart(outputs, 0, taps),))


def gradient_axis(size: int, kernel: int, stride: int, dilation: int, lo: int, given: int) -> Axis:
    """Lower an axis of the adjoint, gathered: ``x[i] = sum of w[k] * y[(i + lo - k * d) / s]``.

    With ``i + lo = q * s + r``, the taps that reach remainder ``r`` are those whose ``k * d``
    leaves it too, and they read ``y[q - k * d // s]``. Each remainder is a part of its own.
    """
    drafts = []
    for remainder in sorted({(i + lo) % stride for i in range(min(size, stride))}):
        first = -((remainder - lo) // stride)
        count = (size - 1 + lo - remainder) // stride - first + 1
        reads = [
            (k, first - k * dilation // stride)
            for k in range(kernel)
            if k * dilation % stride == remainder
        ]
        if count > 0:
            drafts.append((count, first * stride + remainder - lo, reads))
    lowest = min((read for _, _, reads in drafts for _, read in reads), default=0)
    pad = max(-lowest, 0)
    ends = [pad + read + count for count, _, reads in drafts for _, read in reads]
    length = max([count for count, _, _ in drafts] + ends + [1])
    sources = source_index(given, pad, max(length - pad - given, 0), "zeros")[None, :length]
    parts = tuple(
        AxisPart(count, start, tuple(Tap(k, 0, pad + read) for k, read in reads))
        for count, start, reads in drafts
    )
    return Axis(given, size, 1, stride, sources, parts)
