"""Which samples meet at which tap, one axis at a time, for every stride and padding mode."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .geometry import source_index, tap_source

Indices = NDArray[np.int64]


class Axis(NamedTuple):
    """One spatial axis of a problem; an axis that the problem has not got is all ones."""

    size: int
    outputs: int
    kernel: int
    stride: int
    lo: int
    dilation: int


def three_axes(problem: Any) -> tuple[Axis, Axis, Axis]:
    """Return the spatial axes of `problem`, preceded by axes of one sample to make three.

    A stride between outputs of which there is one, and a dilation of a single tap, become 1.
    """
    fields = zip(
        problem.input_shape,
        problem.output_shape,
        problem.kernel_shape,
        problem.stride,
        (lo for lo, _ in problem.padding),
        problem.dilation,
        strict=True,
    )
    absent = Axis(size=1, outputs=1, kernel=1, stride=1, lo=0, dilation=1)
    axes = (absent, absent, *(_plain(Axis(*each)) for each in fields))
    return axes[-3], axes[-2], axes[-1]


def _plain(axis: Axis) -> Axis:
    stride = axis.stride if axis.outputs > 1 else 1
    return axis._replace(stride=stride, dilation=axis.dilation if axis.kernel > 1 else 1)


def padded_size(axis: Axis) -> int:
    """Return the samples of an axis that any output sees, padding included."""
    return (axis.outputs - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1


def padded_sources(axis: Axis, mode: str) -> Indices:
    """Return which sample stands at each position that any output sees; -1 is a zero."""
    return source_index(axis.size, axis.lo, padded_size(axis) - axis.lo - axis.size, mode)


def five_axes(shape: tuple[int, ...], leading: int = 2) -> tuple[int, ...]:
    """Return `shape` with axes of one between the `leading` and the spatial ones."""
    spatial = shape[leading:]
    return (*shape[:leading], *(1,) * (3 - len(spatial)), *spatial)


def sources(axis: Axis, mode: str) -> Indices:
    """Return the input sample of each tap and output, shape (kernel, outputs); -1 is a zero."""
    return np.ascontiguousarray(tap_source(*axis, mode).T)


def readers(axis: Axis, mode: str) -> tuple[Indices, Indices, Indices]:
    """Return for each input sample the outputs and taps that read it, in order of the taps.

    They are ``output[start[i] : start[i + 1]]`` and ``tap[start[i] : start[i + 1]]`` for sample
    ``i``, and the result is ``start, output, tap``.
    """
    source = sources(axis, mode)
    tap, output = np.nonzero(source >= 0)
    sample = source[tap, output]
    order = np.argsort(sample, kind="stable")
    start = np.searchsorted(sample[order], np.arange(axis.size + 1))
    return start.astype(np.int64), output[order].astype(np.int64), tap[order].astype(np.int64)
