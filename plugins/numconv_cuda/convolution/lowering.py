"""A convolution in either direction as parts: results on a grid, each a sum over the same reads.

Forward there is one part. The input gradient of a convolution has one for each combination of the
phases of its results (`numconv.core.polyphase`), so that no product with an inserted zero is
computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import result_phases
from numconv.core.problems import ConvolutionProblem
from numconv.core.tables import Axis, three_axes

Table = NDArray[np.int64]


class Lines(NamedTuple):
    """The results of a part along one axis, and the samples each of them reads.

    Result `j` is ``start + j * step`` in the result and reads ``base + j * in_step + steps[i]``
    of the given array, with tap ``taps[i]``.
    """

    count: int
    start: int
    base: int
    steps: Table
    taps: Table


@dataclass(frozen=True)
class Part:
    """One part: its lines by axis, and its reads in the order in which they are summed.

    `reads` has a row for each: how far its sample is from that of the base, in elements, and by
    axis in samples. `sources` says where its weight stands, from that of the first.
    """

    axes: tuple[Lines, Lines, Lines]
    reads: NDArray[np.int32]
    sources: NDArray[np.int32]


@dataclass(frozen=True)
class Lowering:
    """All parts of a problem.

    Attributes
    ----------
    in_steps, out_steps : tuple of int
        By axis, from one result of a part to the next: in the given array, and in the result.
    given_channels, result_channels : int
        Of a group.
    group_stride, row_stride : int
        Elements of the weight from one group to the next, and from one result channel.
    """

    in_steps: tuple[int, int, int]
    out_steps: tuple[int, int, int]
    parts: tuple[Part, ...]
    given_channels: int
    result_channels: int
    group_stride: int
    row_stride: int


def lower(problem: ConvolutionProblem) -> Lowering:
    """Return the parts of a problem whose padding is zeros."""
    axes = three_axes(problem)
    forward = problem.direction == "forward"
    ins, outs = problem.in_channels // problem.groups, problem.out_channels // problem.groups
    taps = int(np.prod([axis.kernel for axis in axes]))
    given, result = (ins, outs) if forward else (outs, ins)
    lines = [_forward(axis) if forward else _backward(axis) for axis in axes]
    sizes = [axis.size if forward else axis.outputs for axis in axes]
    kernel = [axis.kernel for axis in axes]
    given_stride, row_stride = (taps, ins * taps) if forward else (ins * taps, taps)
    parts = tuple(_part(chosen, sizes, kernel, given, given_stride) for chosen in product(*lines))
    stride = (axes[0].stride, axes[1].stride, axes[2].stride)
    return Lowering(
        in_steps=stride if forward else (1, 1, 1),
        out_steps=(1, 1, 1) if forward else stride,
        parts=parts,
        given_channels=given,
        result_channels=result,
        group_stride=outs * ins * taps,
        row_stride=row_stride,
    )


def _forward(axis: Axis) -> list[Lines]:
    taps = np.arange(axis.kernel)
    return [Lines(axis.outputs, 0, -axis.lo, taps * axis.dilation, taps)]


def _backward(axis: Axis) -> list[Lines]:
    starts = range(min(axis.stride, axis.size))
    phases = result_phases(axis.lo, len(starts), axis.kernel, axis.stride, axis.dilation)
    found = []
    for start in starts:
        taps, outputs = phases.reads(start)
        found.append(Lines(-(-(axis.size - start) // axis.stride), start, 0, outputs, taps))
    return found


def _part(
    axes: tuple[Lines, ...], sizes: list[int], kernel: list[int], given: int, given_stride: int
) -> Part:
    z, y, x = axes
    channels = np.arange(given)
    grid = np.meshgrid(channels, z.steps, y.steps, x.steps, indexing="ij")
    c, dz, dy, dx = (each.ravel() for each in grid)
    offsets = ((c * sizes[0] + dz) * sizes[1] + dy) * sizes[2] + dx
    grid = np.meshgrid(channels, z.taps, y.taps, x.taps, indexing="ij")
    c, kz, ky, kx = (each.ravel() for each in grid)
    sources = c * given_stride + (kz * kernel[1] + ky) * kernel[2] + kx
    reads = np.stack([offsets, dz, dy, dx], axis=1).astype(np.int32)
    return Part((z, y, x), reads, sources.astype(np.int32))
