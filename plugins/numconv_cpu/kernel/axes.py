"""One spatial axis of a convolution, lowered: which sample stands where, and what taps read.

The given array is copied, once, into *planes*. Along each axis it is padded and split into the
phases of the stride (`numconv.core.polyphase`). In its phase every tap reads consecutive samples
for consecutive results.
Where taps are so far apart that most of a phase would never be read, each tap gets a phase of its
own, which begins with its first sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from numconv.core.polyphase import result_phases, sample_phases

from .padding import Lines, Table

# Phases up to this long stay as they are, however little of them is read.
SHORT = 4096


@dataclass(frozen=True)
class AxisPart:
    """Results ``start, start + stride, …``, which the same taps reach.

    Parameters
    ----------
    count, start : int
    taps : ndarray of int64, shape (taps, 3)
        Of each: which tap of the kernel it is, and the phase and the position that it reads for
        the part's first result.
    """

    count: int
    start: int
    taps: Table


@dataclass(frozen=True)
class LoweredAxis:
    """A lowered axis.

    Parameters
    ----------
    given, result : int
        Lengths of the array that is read and of the one that is computed.
    stride : int
        Results between neighbours of a part.
    lines : Lines
        Which sample stands at each position of each phase.
    length : int
        Positions of a phase.
    parts : tuple of AxisPart
    """

    given: int
    result: int
    stride: int
    lines: Lines
    length: int
    parts: tuple[AxisPart, ...]

    @property
    def step(self) -> int:
        """Samples of the given array between neighbours of a phase."""
        return self.lines.step

    @property
    def phases(self) -> int:
        return len(self.lines.first)

    @property
    def count(self) -> int:
        """Length of the longest part."""
        return max((part.count for part in self.parts), default=1)

    @property
    def reach(self) -> int:
        """How many positions beyond a range of outputs their taps read."""
        return max((int(part.taps[:, 2].max(initial=0)) for part in self.parts), default=0)

    @property
    def shared(self) -> int:
        """How many zeros at the end of a row may also be the zeros before the next one."""
        first, last = self.lines.filled(self.length).T
        there = first < last
        if not there.any():
            return 0
        before, behind = first[there].min(), self.length - last[there].max()
        return min(int(before), int(behind), self.length - self.count)

    def by_taps(self) -> LoweredAxis:
        """Return the axis with a phase for each tap of each part: they then reach no further.

        Taps that read nothing but zeros share one.
        """
        taps = np.concatenate([part.taps for part in self.parts])
        if taps.size == 0:
            return replace(self, length=self.count)
        every = replace(self.lines, first=self.lines.first[taps[:, 1]] + self.step * taps[:, 2])
        begin, end = every.filled(self.count).T
        first, phases = np.unique(
            np.where(begin < end, every.first, every.end), return_inverse=True
        )
        apart = np.stack((taps[:, 0], phases.ravel(), np.zeros_like(taps[:, 0])), 1)
        ends = np.cumsum([len(part.taps) for part in self.parts])
        parts = zip(self.parts, np.split(apart, ends[:-1]), strict=True)
        return replace(
            self,
            lines=replace(every, first=first),
            length=self.count,
            parts=tuple(replace(part, taps=each) for part, each in parts),
        )

    def compact(self) -> LoweredAxis:
        """Return the axis, by taps if its phases are long and hold less then."""
        positions = self.phases * self.length
        if positions <= SHORT or positions <= self.count * sum(
            len(part.taps) for part in self.parts
        ):
            return self
        return self.by_taps()


def forward_axis(
    size: int, kernel: int, stride: int, dilation: int, lo: int, outputs: int, mode: str
) -> LoweredAxis:
    """Lower an axis of ``y[o] = sum of w[k] * x[o * stride + k * dilation - lo]``."""
    read = (outputs - 1) * stride + (kernel - 1) * dilation + 1
    found = sample_phases(kernel, stride, dilation)
    length = outputs + (kernel - 1) * dilation // stride
    lines = Lines(found.remainders - lo, stride, size, read - lo, mode)
    part = AxisPart(outputs, 0, np.stack((np.arange(kernel), found.phases, found.offsets), 1))
    return LoweredAxis(size, outputs, 1, lines, length, (part,)).compact()


def gradient_axis(
    size: int, kernel: int, stride: int, dilation: int, lo: int, given: int
) -> LoweredAxis:
    """Lower an axis of the adjoint, gathered: ``x[i] = sum of w[k] * y[(i + lo - k * d) / s]``.

    Each phase of the results is a part of its own.
    """
    phases = result_phases(lo, min(size, stride), kernel, stride, dilation)
    drafts = []
    # Without dilation, those that most taps reach come first: their tasks take longest.
    for start in sorted(range(min(size, stride)), key=lambda start: (start + lo) % stride):
        taps, outputs = phases.reads(start)
        drafts.append((-(-(size - start) // stride), start, taps, outputs))
    pad = max(-int(outputs.min(initial=0)) for _, _, _, outputs in drafts)
    ends = (pad + count + int(outputs.max(initial=-pad)) for count, _, _, outputs in drafts)
    length = max(1, *ends)
    parts = tuple(
        AxisPart(count, start, np.stack((taps, np.zeros_like(taps), pad + outputs), 1))
        for count, start, taps, outputs in drafts
    )
    lines = Lines(np.array([-pad]), 1, given, length - pad, "zeros")
    return LoweredAxis(given, size, stride, lines, length, parts).compact()
