"""Runs of taps: taps of one channel that read rows of samples at even distances.

With two neighbouring rows of results, a tap of one row reads the samples that another tap reads for
the other row, if the distance of the taps is that of the rows. Taps are therefore summed run by
run; `simd.columns` then loads every vector of samples once for all the rows and taps that meet it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...kernel.axes import LoweredAxis
from ...kernel.lowering import Table
from ...simd.columns import MOST_TAPS


@dataclass(frozen=True)
class Steps:
    """Elements of a slab from one phase, and from one position, of each axis to the next."""

    phases: tuple[int, int, int]
    positions: tuple[int, int, int]


def row_distance(axis: LoweredAxis) -> int:
    """Return how many rows of results lie between two that share samples.

    Tap k reads row ``k * dilation // stride``, and only taps of one phase read the same rows.
    """
    phases, offsets = axis.parts[0].taps[:, 1:].T
    order = np.lexsort((offsets, phases))
    distances = np.diff(offsets[order])[np.diff(phases[order]) == 0]
    # Taps that read nothing but zeros may share a place.
    apart = distances[distances > 0]
    return int(apart.min()) if apart.size else 1


def tap_runs(
    taps: Sequence[Table], kernel: Sequence[int], steps: Steps, along: int, distance: int
) -> Table:
    """Return the runs of taps of a part of a convolution, in the order in which they are summed.

    Parameters
    ----------
    taps, kernel
        The part's taps of each axis, and how many there are in all.
    along : int
        The axis along which results are in one register tile: 1 for rows below each other, 2 for
        pieces of one row.
    distance : int
        Positions between neighbouring rows of a tile along that axis.

    Returns
    -------
    ndarray of int64, shape (runs, 4)
        Of each: where its first tap reads, its first weight, how far its weights are apart, and
        how many taps it has.
    """
    weight_steps = (kernel[1] * kernel[2], kernel[2], 1)
    outer, inner = (axis for axis in (0, 1, 2) if axis != along)
    heads, apart, lengths = _tap_runs(taps[along], distance)
    firsts = {outer: taps[outer], along: heads, inner: taps[inner]}
    rows = np.zeros((len(taps[outer]), len(heads), len(taps[inner]), 4), np.int64)
    for at, (axis, members) in enumerate(firsts.items()):
        shape = [1, 1, 1]
        shape[at] = len(members)
        kernels, phases, offsets = members.T
        begins = phases * steps.phases[axis] + offsets * steps.positions[axis]
        rows[..., 0] += begins.reshape(shape)
        rows[..., 1] += (weight_steps[axis] * kernels).reshape(shape)
    rows[..., 2] = weight_steps[along] * apart[:, None]
    rows[..., 3] = lengths[:, None]
    return rows.reshape(-1, 4)


def _tap_runs(taps: Table, distance: int) -> tuple[Table, Table, Table]:
    """Cut taps into runs of equal distances, and these into pieces of about equal length.

    Returns
    -------
    heads, apart, lengths : ndarray of int64
        Of each piece: its first tap, how far the next one is in the kernel, and how many it has.
        Runs come in the order of what they read first.
    """
    kernels, phases, offsets = taps.T
    rank = np.empty_like(offsets)
    rank[np.argsort(offsets, kind="stable")] = np.arange(len(taps))
    # A run stands together: the taps of a phase that read the same remainder of the distance.
    order = np.lexsort((rank, offsets % distance, phases))
    follows = (np.diff(offsets[order]) == distance) & (np.diff(phases[order]) == 0)
    first = np.flatnonzero(np.concatenate(([len(taps) > 0], ~follows)))
    length = np.diff(first, append=len(taps))
    chosen = np.argsort(rank[order[first]])
    first, length = first[chosen], length[chosen]
    pieces = -(-length // MOST_TAPS)
    first, length, count = (np.repeat(each, pieces) for each in (first, length, pieces))
    piece = np.arange(len(count)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begin, end = length * piece // count, length * (piece + 1) // count
    head, second = order[first + begin], order[first + np.minimum(begin + 1, length - 1)]
    apart = np.where(end - begin > 1, kernels[second] - kernels[head], 0)
    return taps[head], apart, end - begin
