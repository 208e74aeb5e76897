"""How a filter's axes are laid out as lines, and how the lines are cut into tasks."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from numconv.plugin import FilterProblem

from ...kernel.arguments import Arguments

# A band of lines and its sums fill about half of a second-level cache of 1 MiB.
BAND_BYTES = 384 * 1024
# Longer lines are cut: a row of the result, with the few that it is summed from, fits the first
# level.
LONGEST_PIECE = 4096
SHORTEST_PIECE = 256
# Threads that finish at different times wait for at most a part of this many of their tasks.
TASKS_PER_THREAD = 4
# Fewer samples than this, side by side and not filtered, lengthen the lines of the axis before:
# the colours of a pixel.
LEAST_LINE = 24


@dataclass(frozen=True)
class FilterAxis:
    """An axis, or several that are one in memory: samples, taps, taps before the output's own."""

    samples: int
    taps: int = 1
    low: int = 0
    mode: str = "zeros"
    step: int = 1
    """Values that a sample has; they are not filtered."""

    @property
    def high(self) -> int:
        return self.taps - 1 - self.low

    @property
    def reach(self) -> int:
        """Values by which a line of results is shorter than what it is made of."""
        return (self.taps - 1) * self.step


@dataclass(frozen=True)
class Layout:
    """The axes of a filter: lines, what lies below each other, and all others."""

    outer: tuple[FilterAxis, ...]
    y: FilterAxis
    x: FilterAxis

    @property
    def layers(self) -> int:
        """Lines of the same y that a result is made of."""
        return prod(axis.taps for axis in self.outer)


def layout_of(problem: FilterProblem) -> Layout:
    """Return the axes of a problem, those that are not filtered together merged."""
    axes: list[FilterAxis] = []
    for samples, taps, (low, _), mode in zip(
        problem.input_shape,
        problem.kernel_shape,
        problem.padding,
        problem.padding_modes,
        strict=True,
    ):
        if taps == 1 and axes and axes[-1].taps == 1:
            axes[-1] = FilterAxis(axes[-1].samples * samples)
        else:
            axes.append(FilterAxis(samples, taps, low, mode) if taps > 1 else FilterAxis(samples))
    last = axes.pop()
    if last.taps == 1 and last.samples < LEAST_LINE and axes:
        before = axes.pop()
        last = FilterAxis(before.samples, before.taps, before.low, before.mode, last.samples)
    y = axes.pop() if axes else FilterAxis(1)
    return Layout(tuple(axes), y, last)


@dataclass(frozen=True)
class Blocking(Arguments):
    """How results are cut into tasks."""

    height: int  # lines of a task
    width: int  # values of each


def choose_blocking(layout: Layout, threads: int, whole_bands: bool) -> Blocking:
    """Choose tasks whose bands fit the cache, and that are enough to keep all threads busy.

    Parameters
    ----------
    whole_bands : bool
        Whether the sums of a task need as much room as its band.
    """
    lines, length = layout.y.samples, layout.x.samples * layout.x.step
    if lines == 0 or length == 0:
        return Blocking(1, 1)
    reach, room = layout.x.reach, BAND_BYTES // (8 << whole_bands)
    others = max(prod(axis.samples for axis in layout.outer), 1)
    # A band twice as high as the kernel converts each line twice at most.
    least = layout.layers * (min(2 * layout.y.taps, lines + layout.y.taps) - 1)
    width = max(min(room // least - reach, LONGEST_PIECE), SHORTEST_PIECE, min(reach, length))
    wanted = TASKS_PER_THREAD * threads if threads > 1 else 1
    if others * lines < wanted:
        width = min(width, max(-(-length * others * lines // wanted), SHORTEST_PIECE))
    width = min(width, length)
    pieces = -(-length // width)
    width = -(-length // pieces)
    fitting = room // (layout.layers * (width + reach)) - layout.y.taps + 1
    height = min(max(fitting, layout.y.taps, 1), lines)
    strips = max(-(-wanted // (others * pieces)), 1)
    height = min(height, max(-(-lines // strips), -(-layout.y.taps // 2)))
    return Blocking(height, width)
