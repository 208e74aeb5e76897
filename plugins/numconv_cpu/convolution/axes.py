"""One spatial axis of a convolution, lowered: which sample stands where, and where taps read.

The given array is copied, once, into *planes*: along each axis it is padded and split into slots,
one for each remainder of the stride that some tap meets. In its slot every tap reads consecutive
samples for consecutive outputs. Where taps are so far apart that most of a slot would never be
read, each tap has a slot of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from ..lines import Lines

# Slots up to this long stay as they are, however little of them is read.
SHORT = 4096


class Tap(NamedTuple):
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
    stride : int
        Results between neighbours of a part.
    lines : Lines
        Which sample stands at each position of each slot.
    length : int
        Positions of a slot.
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
        """Samples of the given array between neighbours of a slot."""
        return self.lines.step

    @property
    def slots(self) -> int:
        return len(self.lines.first)

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
        filled = [self.lines.filled(slot, self.length) for slot in range(self.slots)]
        filled = [(first, last) for first, last in filled if first < last]
        if not filled:
            return 0
        before = min(first for first, _ in filled)
        behind = self.length - max(last for _, last in filled)
        return min(before, behind, self.length - self.count)

    def by_taps(self) -> Axis:
        """Return the axis with a slot for each tap of each part: they then reach no further.

        Taps that read nothing but zeros share one.
        """
        slots: dict[int, int] = {}
        lines, length, parts = self.lines, self.count, []
        for part in self.parts:
            taps = []
            for tap in part.taps:
                first = lines.first[tap.slot] + lines.step * tap.offset
                if not lines.reaches(first, length):
                    first = lines.end
                taps.append(Tap(tap.kernel, slots.setdefault(first, len(slots)), 0))
            parts.append(replace(part, taps=tuple(taps)))
        lines = replace(lines, first=tuple(slots) or lines.first)
        return replace(self, lines=lines, length=length, parts=tuple(parts))

    def compact(self) -> Axis:
        """Return the axis, by taps if its slots are long and hold less then."""
        held = self.slots * self.length
        if held <= SHORT or held <= self.count * sum(len(part.taps) for part in self.parts):
            return self
        return self.by_taps()


def forward_axis(
    size: int, kernel: int, stride: int, dilation: int, lo: int, outputs: int, mode: str
) -> Axis:
    """Lower an axis of ``y[o] = sum of w[k] * x[o * stride + k * dilation - lo]``."""
    read = (outputs - 1) * stride + (kernel - 1) * dilation + 1
    slots = {r: i for i, r in enumerate(sorted({k * dilation % stride for k in range(kernel)}))}
    length = outputs + (kernel - 1) * dilation // stride
    lines = Lines(tuple(r - lo for r in slots), stride, size, read - lo, mode)
    reads = (divmod(k * dilation, stride) for k in range(kernel))
    taps = tuple(Tap(k, slots[slot], offset) for k, (offset, slot) in enumerate(reads))
    return Axis(size, outputs, 1, lines, length, (AxisPart(outputs, 0, taps),)).compact()


def gradient_axis(size: int, kernel: int, stride: int, dilation: int, lo: int, given: int) -> Axis:
    """Lower an axis of the adjoint, gathered: ``x[i] = sum of w[k] * y[(i + lo - k * d) / s]``.

    With ``i + lo = q * s + r``, the taps that reach remainder ``r`` are those whose ``k * d``
    leaves it too, and they read ``y[q - k * d // s]``. Each remainder is a part of its own.
    """
    reached: dict[int, list[tuple[int, int]]] = {}
    for k in range(kernel):
        behind, remainder = divmod(k * dilation, stride)
        reached.setdefault(remainder, []).append((k, behind))
    drafts = []
    for remainder in sorted((i + lo) % stride for i in range(min(size, stride))):
        first = -((remainder - lo) // stride)
        count = (size - 1 + lo - remainder) // stride - first + 1
        reads = [(k, first - behind) for k, behind in reached.get(remainder, ())]
        if count > 0:
            drafts.append((count, first * stride + remainder - lo, reads))
    lowest = min((read for _, _, reads in drafts for _, read in reads), default=0)
    pad = max(-lowest, 0)
    ends = [pad + read + count for count, _, reads in drafts for _, read in reads]
    length = max([count for count, _, _ in drafts] + ends + [1])
    parts = tuple(
        AxisPart(count, start, tuple(Tap(k, 0, pad + read) for k, read in reads))
        for count, start, reads in drafts
    )
    lines = Lines((-pad,), 1, given, length - pad, "zeros")
    return Axis(given, size, stride, lines, length, parts).compact()
