"""A convolution lowered to tables: planes, parts, and the offsets of what their products read.

Nothing that runs compiled knows of padding, stride, dilation or direction. It sees

- *planes*: the given array copied with its padding, split into the phases of the stride (see
  `axes`), laid out as ``(channel, phase z, z, phase y, phase x, y, x)`` with rows `pitch` apart;
- *parts*: grids of results reached by the same taps. A forward convolution is one part, an input
  gradient one for each remainder of the strides;
- for each part, what the K products of its results read: product k of a position is
  ``weight[k] * planes[position + offsets[k]]``, where positions run linearly over
  ``y * pitch + x``, the ends of the rows included. What is computed there is dropped when the
  results are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import ConvolutionProblem

from .axes import AxisPart, LoweredAxis, forward_axis, gradient_axis

Table = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """A grid of results with their K products, in the order in which they are summed.

    Parameters
    ----------
    counts, starts : tuple of int
        Per axis (z, y, x): size of the grid, and which result its first one is.
    offsets, sources : ndarray of int64, shape (K,)
        Where product k reads in the planes, and where its weight stands in the caller's array,
        counted from the first row of the group.
    positions : int
        Linear positions of one z, from the first result to the last.
    """

    counts: tuple[int, ...]
    starts: tuple[int, ...]
    offsets: Table
    sources: Table
    positions: int


@dataclass(frozen=True)
class Lowering:
    """A lowered convolution.

    Parameters
    ----------
    axes : tuple of Axis
        Always three: z, y, x.
    layers, lines, pitch : int
        Extent of the planes along z and y, and the distance of rows.
    given_channels, result_channels : int
        In one group.
    row_stride, group_stride : int
        Between the weights of neighbouring result channels and of neighbouring groups.
    parts : tuple of Part
    """

    axes: tuple[LoweredAxis, LoweredAxis, LoweredAxis]
    layers: int
    lines: int
    pitch: int
    groups: int
    given_channels: int
    result_channels: int
    row_stride: int
    group_stride: int
    parts: tuple[Part, ...]

    @property
    def shared(self) -> int:
        """Zeros at the end of each row that belong to the next one as well."""
        return self.axes[2].length - self.pitch

    @property
    def layer_pitch(self) -> int:
        """Elements from one z of the planes to the next."""
        return self.axes[1].phases * self.axes[2].phases * self.lines * self.pitch

    @property
    def channel_pitch(self) -> int:
        """Elements of the planes of one channel."""
        return self.axes[0].phases * self.layers * self.layer_pitch


def lower(problem: ConvolutionProblem) -> Lowering:
    """Lower a convolution; of an input gradient, the padding mode must be zeros."""
    axes = _axes(problem)
    pitch = axes[2].length - axes[2].shared
    given, result = group_channels(problem)
    strides = weight_strides(problem)
    lowering = Lowering(
        axes=axes,
        layers=axes[0].length,
        lines=axes[1].length,
        pitch=pitch,
        groups=problem.groups,
        given_channels=given,
        result_channels=result,
        row_stride=strides["row_stride"],
        group_stride=strides["group_stride"],
        parts=(),
    )
    kernel = (1,) * (3 - problem.axes) + problem.kernel_shape
    parts = tuple(
        _part(lowering, each, kernel, strides["channel_stride"])
        for each in product(*(axis.parts for axis in axes))
    )
    return replace(lowering, parts=parts)


def group_channels(problem: ConvolutionProblem) -> tuple[int, int]:
    """Return how many channels a group has, given ones and those of the result."""
    given, result = problem.operand_shapes[0][1], problem.result_shape[1]
    return given // problem.groups, result // problem.groups


def weight_strides(problem: ConvolutionProblem) -> dict[str, int]:
    """Return how far apart the weights of result channels, given channels and groups are."""
    out_channels, in_channels, *kernel = problem.weight_shape
    taps, row = prod(kernel), in_channels * prod(kernel)
    forward = problem.direction == "forward"
    return {
        "row_stride": row if forward else taps,
        "channel_stride": taps if forward else row,
        "group_stride": out_channels // problem.groups * row,
    }


def _axes(problem: ConvolutionProblem) -> tuple[LoweredAxis, LoweredAxis, LoweredAxis]:
    missing = 3 - problem.axes
    if problem.direction == "forward":
        unit = forward_axis(1, 1, 1, 1, 0, 1, "zeros")
    else:
        unit = gradient_axis(1, 1, 1, 1, 0, 1)
    axes = [unit] * missing
    for size, kernel, stride, dilation, (lo, _), outputs in zip(
        problem.input_shape,
        problem.kernel_shape,
        problem.stride,
        problem.dilation,
        problem.padding,
        problem.output_shape,
        strict=True,
    ):
        if problem.direction == "forward":
            mode = problem.padding_mode
            axes.append(forward_axis(size, kernel, stride, dilation, lo, outputs, mode))
        else:
            axes.append(gradient_axis(size, kernel, stride, dilation, lo, outputs))
    return axes[0], axes[1], axes[2]


def _part(
    lowering: Lowering,
    parts: tuple[AxisPart, ...],
    kernel: tuple[int, ...],
    channel_stride: int,
) -> Part:
    counts = tuple(part.count for part in parts)
    z, y, x = (part.taps[:, 0] for part in parts)
    weights = _sums(z * kernel[1] * kernel[2], y * kernel[2], x)
    channels = np.arange(lowering.given_channels, dtype=np.int64)[:, None]
    return Part(
        counts=counts,
        starts=tuple(part.start for part in parts),
        offsets=_offsets(lowering, parts),
        sources=(channels * channel_stride + weights).ravel(),
        positions=(counts[1] - 1) * lowering.pitch + counts[2],
    )


def _offsets(lowering: Lowering, parts: tuple[AxisPart, ...]) -> Table:
    (_, z_phase, z), (_, y_phase, y), (_, x_phase, x) = (part.taps.T for part in parts)
    plane = lowering.lines * lowering.pitch
    rows = y_phase * lowering.axes[2].phases * plane + y * lowering.pitch
    inside = _sums(
        (z_phase * lowering.layers + z) * lowering.layer_pitch, rows, x_phase * plane + x
    )
    channels = np.arange(lowering.given_channels, dtype=np.int64)[:, None]
    return (channels * lowering.channel_pitch + inside).ravel()


def _sums(z: Table, y: Table, x: Table) -> Table:
    """Return the sum for each tap z, y and x, the last axis fastest."""
    return (z[:, None, None] + y[:, None] + x).ravel()


def strips(lowering: Lowering, rows: int) -> Lowering:
    """Return the lowering with planes for so many rows of one layer of results at a time."""
    z, y, x = lowering.axes
    strip = replace(lowering, axes=(z.by_taps(), y, x), layers=1, lines=rows + y.reach)
    parts = product(*(axis.parts for axis in strip.axes))
    return replace(
        strip,
        parts=tuple(
            replace(whole, offsets=_offsets(strip, part))
            for whole, part in zip(lowering.parts, parts, strict=True)
        ),
    )
