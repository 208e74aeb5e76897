"""Where the results of a convolution lie, and how its operands become those of a tensor function.

Along one axis of n and k samples the full convolution has ``n + k - 1`` results,
``full[i] = sum over j of second[j] * first[i - j]``, and a mode gives some that follow each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from ..core.errors import ArgumentError
from ..core.geometry import Pairs, samples_met
from ..core.kept import remembering
from ..core.protocol import Array

Shape = tuple[int, ...]

MOST_AXES = 3
"""Axes along which a tensor function slides its weight."""

FEW_TAPS = 64
"""Up to so many an axis along which nothing slides stays where it is: a copy takes longer."""


@dataclass(frozen=True)
class Span:
    """What one axis asks for.

    Parameters
    ----------
    size, taps : int
        Samples of the larger operand and of the smaller one.
    start, length : int
        First result, counted from that of the full convolution, and how many.
    paired : bool
        Whether the samples are multiplied one by one, and nothing slides.
    """

    size: int
    taps: int
    start: int
    length: int
    paired: bool = False

    @property
    def lo(self) -> int:
        """Zeros before the first sample; a negative number drops samples."""
        return self.taps - 1 - self.start

    @property
    def hi(self) -> int:
        return self.start + self.length - self.size


@dataclass(frozen=True)
class Layout:
    """A convolution of two arrays as one of a tensor function: x is the larger of them.

    Axes along which only `x` is long are the batch, those of which both have the same samples
    are groups, those along which only the weight is long are channels of the result.

    Parameters
    ----------
    swapped : bool
        Whether the second array is the larger one.
    spans : tuple of Span
        For each axis of the arrays.
    batch, groups, channels, sliding : tuple of int
        The axes, by what they become. An axis of one sample is in none of them.
    padding_mode : str
        What stands outside `x` along the sliding axes, one of `geometry.PADDING_MODES`.
    """

    swapped: bool
    spans: tuple[Span, ...]
    batch: Shape
    groups: Shape
    channels: Shape
    sliding: Shape
    padding_mode: str = "zeros"

    @cached_property
    def shape(self) -> Shape:
        """Shape of the result."""
        return tuple(span.length for span in self.spans)

    @cached_property
    def terms(self) -> int:
        """K: the products that are summed into one result, those with padding included."""
        return prod(span.taps for span in self._slid)

    @cached_property
    def most_products(self) -> int:
        """The most products that a result sums which are not with zeros beyond the edges."""
        met = (samples_met(s.size, s.taps, padding_mode=self.padding_mode) for s in self._slid)
        return prod(met)

    @cached_property
    def products(self) -> int:
        """Multiply-adds, those with padding included."""
        return prod(self.shape) * self.terms

    @cached_property
    def padding(self) -> Pairs:
        """Zeros around the samples of `x`, for each sliding axis."""
        return tuple((max(span.lo, 0), max(span.hi, 0)) for span in self._slid)

    @cached_property
    def padded(self) -> bool:
        return any(map(any, self.padding))

    @cached_property
    def group_count(self) -> int:
        return self._count(self.groups)

    @cached_property
    def x_shape(self) -> Shape:
        """(N, groups, *spatial)."""
        sizes = (span.size + min(span.lo, 0) + min(span.hi, 0) for span in self._slid)
        return (self._count(self.batch), self.group_count, *sizes)

    @cached_property
    def weight_shape(self) -> Shape:
        """(groups * channels, 1, *spatial)."""
        rows = self.group_count * self._count(self.channels)
        return (rows, 1, *(span.taps for span in self._slid))

    @cached_property
    def result_shape(self) -> Shape:
        """(N, groups * channels, *spatial)."""
        sizes = (span.length for span in self._slid)
        return (self._count(self.batch), self.weight_shape[0], *sizes)

    def operands(self, first: Array, second: Array) -> tuple[Array, Array]:
        """Return both arrays as `x` and unflipped weight: views, unless axes change their order."""
        x, weight = (second, first) if self.swapped else (first, second)
        if self._seen is not None:
            x = x[self._seen]
        if self._used is not None:
            weight = weight[self._used]
        if self._x_order is not None:
            x = x.transpose(self._x_order)
        if self._weight_order is not None:
            weight = weight.transpose(self._weight_order)
        return x.reshape(self.x_shape), weight.reshape(self.weight_shape)

    def result(self, computed: Array) -> Array:
        """Return a result of shape `result_shape` with the axes of the arrays."""
        if self._result_order is None:
            return computed.reshape(self.shape)
        apart = computed.reshape([self.spans[axis].length for axis in self._result_order])
        return apart.transpose(np.argsort(self._result_order)).reshape(self.shape)

    @cached_property
    def _slid(self) -> tuple[Span, ...]:
        return tuple(self.spans[axis] for axis in self.sliding)

    @cached_property
    def _seen(self) -> tuple[slice, ...] | None:
        """Samples of `x` that some result sees, if not all."""
        cut = [slice(None)] * len(self.spans)
        for axis in self.sliding:
            span = self.spans[axis]
            cut[axis] = slice(max(-span.lo, 0), span.size + min(span.hi, 0))
        for axis in self.batch:
            span = self.spans[axis]
            cut[axis] = slice(span.start, span.start + span.length)
        whole = all(
            slice(None).indices(s.size) == c.indices(s.size)
            for s, c in zip(self.spans, cut, strict=True)
        )
        return None if whole else tuple(cut)

    @cached_property
    def _used(self) -> tuple[slice, ...] | None:
        """Taps of the weight that some result uses, if not all."""
        cut = [slice(None)] * len(self.spans)
        for axis in self.channels:
            span = self.spans[axis]
            cut[axis] = slice(span.start, span.start + span.length)
        return tuple(cut) if self.channels else None

    @cached_property
    def _x_order(self) -> Shape | None:
        return self._order((*self.batch, *self.groups, *self.sliding))

    @cached_property
    def _weight_order(self) -> Shape | None:
        return self._order((*self.groups, *self.channels, *self.sliding))

    @cached_property
    def _result_order(self) -> Shape | None:
        order = (*self.batch, *self.groups, *self.channels, *self.sliding)
        return None if order == tuple(sorted(order)) else order

    def _order(self, axes: Shape) -> Shape | None:
        """Return all axes with those of one sample first, unless that changes no other's place."""
        if axes == tuple(sorted(axes)):
            return None
        return (*(axis for axis in range(len(self.spans)) if axis not in axes), *axes)

    def _count(self, axes: Shape) -> int:
        return prod(self.spans[axis].length for axis in axes)


@remembering(4096)
def lay_out(
    first: Shape,
    second: Shape,
    mode: str,
    axes: Shape | None = None,
    padding_mode: str = "zeros",
    broadcast: Shape = (),
) -> Layout:
    """Return the layout of a convolution of arrays of these shapes, none of them empty.

    Parameters
    ----------
    first, second : tuple of int
        Shapes of as many axes.
    mode : {"full", "valid", "same", "late"}
        ``late`` is ``same`` with the odd sample before the first result, not after the last.
    axes : tuple of int, optional
        Along which one array slides over the other; all by default. Along the others both have as
        many samples, or one of them a single one.
    padding_mode : str
        Others than ``"zeros"`` ask for a first array that is the larger one, and longer than a
        sample along every axis.
    broadcast : tuple of int
        Along these the result is as long as the longer array, also in mode `same`.

    Raises
    ------
    ArgumentError
        If in `valid` mode neither array is at least as long as the other along each of `axes`.
    """
    pairs = list(zip(first, second, strict=True))
    slid = set(range(len(pairs)) if axes is None else axes)
    if mode == "valid":
        check_valid(first, second, slid)
    swapped = prod(second) > prod(first)
    ordered = [pair[::-1] for pair in pairs] if swapped else pairs
    spans = tuple(
        _span(*sizes, pair, "full" if axis in broadcast else mode, axis in slid)
        for axis, (sizes, pair) in enumerate(zip(ordered, pairs, strict=True))
    )
    numbered = list(enumerate(spans))
    channels = tuple(axis for axis, s in numbered if s.size == 1 and s.taps > 1 and not s.paired)
    still = _still(spans)
    return Layout(
        swapped=swapped,
        spans=spans,
        batch=still,
        groups=tuple(axis for axis, s in numbered if s.paired),
        channels=channels,
        sliding=tuple(
            axis for axis, s in numbered if s.size > 1 and not s.paired and axis not in still
        ),
        padding_mode=padding_mode,
    )


def valid_fits(first: Shape, second: Shape, axes: Collection[int]) -> bool:
    """Return whether one array is at least as long as the other along each of `axes`."""
    return all(first[i] >= second[i] for i in axes) or all(second[i] >= first[i] for i in axes)


def check_valid(first: Shape, second: Shape, axes: Collection[int]) -> None:
    """Raise unless `valid_fits`."""
    if valid_fits(first, second, axes):
        return
    expected = f"at least {second} or at most that along each axis, for mode='valid'"
    raise ArgumentError("in1", first, expected)


def _span(size: int, taps: int, pair: tuple[int, int], mode: str, slides: bool) -> Span:
    if size == taps > 1 and not slides:
        return Span(size, taps, 0, size, paired=True)
    full = size + taps - 1
    if mode in ("same", "late"):
        return Span(size, taps, (full - pair[0] + (mode == "late")) // 2, pair[0])
    if mode == "valid" and slides:
        return Span(size, taps, min(size, taps) - 1, abs(size - taps) + 1)
    return Span(size, taps, 0, full)


def _still(spans: tuple[Span, ...]) -> Shape:
    """Return the axes of `x` along which the weight has one tap, and which are the batch.

    These are the leading ones, which are so without a copy, and others where it is worth one.
    """
    moving = [axis for axis, s in enumerate(spans) if s.size > 1 and s.taps > 1 and not s.paired]
    still = [axis for axis, s in enumerate(spans) if s.size > 1 and s.taps == 1]
    if len(moving) + len(still) > MOST_AXES or prod(s.taps for s in spans) > FEW_TAPS:
        return tuple(still)
    first = min(moving, default=len(spans))
    return tuple(axis for axis in still if axis < first)
