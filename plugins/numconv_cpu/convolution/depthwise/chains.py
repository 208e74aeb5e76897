"""Chains: taps of one channel that read rows of samples at even distances.

With two neighbouring rows of results, a tap of one reads what another tap of the other reads, if
their distance is that of the rows. Taps are therefore summed chain by chain; `simd.columns` then
loads every vector once for all the rows and taps that meet it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...simd.columns import MOST_TAPS
from ..axes import Axis, Tap
from ..lowering import Table


@dataclass(frozen=True)
class Steps:
    """Elements of a slab from one (slot, position) of each axis to the next."""

    slots: tuple[int, int, int]
    positions: tuple[int, int, int]


def row_distance(axis: Axis) -> int:
    """Return how many rows of results lie between two that share samples.

    Tap k reads row ``k * dilation // stride``, and only taps of one slot read the same rows.
    """
    slots: dict[int, list[int]] = {}
    for tap in axis.parts[0].taps:
        slots.setdefault(tap.slot, []).append(tap.offset)
    distances = {b - a for offsets in slots.values() for a, b in pairwise(offsets)} - {0}
    return min(distances, default=1)


def chains(
    taps: Sequence[Sequence[Tap]], kernel: Sequence[int], steps: Steps, along: int, distance: int
) -> Table:
    """Return the chains of a part of a convolution, in the order in which they are summed.

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
    ndarray of int64, shape (chains, 4)
        Of each: where it begins to read, its first weight, how far its weights are apart, and how
        many taps it has.
    """
    weight_steps = (kernel[1] * kernel[2], kernel[2], 1)
    outer, inner = (axis for axis in (0, 1, 2) if axis != along)
    found = list(_chains(taps[along], distance))
    firsts = {outer: taps[outer], along: [chain[0] for chain in found], inner: taps[inner]}
    rows = np.zeros((len(taps[outer]), len(found), len(taps[inner]), 4), np.int64)
    for at, (axis, members) in enumerate(firsts.items()):
        shape = [1, 1, 1]
        shape[at] = len(members)
        kernels, slots, offsets = np.array(members, np.int64).reshape(-1, 3).T
        begins = slots * steps.slots[axis] + offsets * steps.positions[axis]
        rows[..., 0] += begins.reshape(shape)
        rows[..., 1] += (weight_steps[axis] * kernels).reshape(shape)
    apart = [chain[1].kernel - chain[0].kernel if len(chain) > 1 else 0 for chain in found]
    rows[..., 2] = weight_steps[along] * np.array(apart, np.int64)[:, None]
    rows[..., 3] = np.array([len(chain) for chain in found], np.int64)[:, None]
    return rows.reshape(-1, 4)


def _chains(taps: Sequence[Tap], distance: int) -> Iterator[list[Tap]]:
    """Cut taps into chains of equal distances, and these into pieces of about equal length."""
    ordered = sorted(taps, key=lambda tap: tap.offset)
    # Taps that read nothing but zeros may share a place.
    left: dict[tuple[int, int], deque[Tap]] = {}
    for tap in ordered:
        left.setdefault((tap.slot, tap.offset), deque()).append(tap)
    for tap in ordered:
        _, slot, offset = tap
        chain = []
        while (there := left.get((slot, offset))) and (chain or there[0] is tap):
            chain.append(there.popleft())
            offset += distance
        if not chain:
            continue  # it is in another chain
        pieces = -(-len(chain) // MOST_TAPS)
        ends = [len(chain) * piece // pieces for piece in range(pieces + 1)]
        for begin, end in pairwise(ends):
            yield chain[begin:end]
