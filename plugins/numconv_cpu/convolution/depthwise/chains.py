"""Chains: taps of one channel that read rows of samples at even distances.

With two neighbouring rows of results, a tap of one reads what another tap of the other reads, if
their distance is that of the rows. Taps are therefore summed chain by chain; `simd.columns` then
loads every vector once for all the rows and taps that meet it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from ...simd.columns import MOST_TAPS
from ..axes import Axis, Tap
from ..lowering import Table


@dataclass(frozen=True)
class Steps:
    """Elements of a slab from one (slot, position) of each axis to the next."""

    slots: tuple[int, int, int]
    positions: tuple[int, int, int]

    def offset(self, axis: int, tap: Tap) -> int:
        return tap.slot * self.slots[axis] + tap.offset * self.positions[axis]


def row_distance(axis: Axis) -> int:
    """Return how many rows of results lie between two that share samples.

    Tap k reads row ``k * dilation // stride``, and only taps of one slot read the same rows.
    """
    slots: dict[int, list[int]] = {}
    for tap in axis.parts[0].taps:
        slots.setdefault(tap.slot, []).append(tap.offset)
    distances = {b - a for offsets in slots.values() for a, b in pairwise(offsets)}
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
    others = [axis for axis in (0, 1, 2) if axis != along]
    rows = []
    for z_or_y in taps[others[0]]:
        for chain, tap in product(_chains(taps[along], distance), taps[others[1]]):
            members = ((others[0], z_or_y), (along, chain[0]), (others[1], tap))
            begin = sum(steps.offset(axis, member) for axis, member in members)
            weight = sum(weight_steps[axis] * member.kernel for axis, member in members)
            apart = chain[1].kernel - chain[0].kernel if len(chain) > 1 else 0
            rows.append((begin, weight, apart * weight_steps[along], len(chain)))
    return np.array(rows, np.int64).reshape(-1, 4)


def _chains(taps: Sequence[Tap], distance: int) -> Iterator[list[Tap]]:
    """Cut taps into chains of equal distances, and these into pieces of about equal length."""
    left = sorted(taps, key=lambda tap: tap.offset)
    while left:
        chain = [left.pop(0)]
        for tap in tuple(left):
            if tap.slot == chain[-1].slot and tap.offset == chain[-1].offset + distance:
                chain.append(tap)
                left.remove(tap)
        pieces = -(-len(chain) // MOST_TAPS)
        ends = [len(chain) * piece // pieces for piece in range(pieces + 1)]
        for begin, end in pairwise(ends):
            yield chain[begin:end]
