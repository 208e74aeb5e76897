"""Who packs the weights, where channels are in the lanes: all tasks beforehand, or each its own.

What is packed beforehand is packed once, but partly read by another core than the one that wrote
it. A task that packs what it uses has it in its first-level cache; but tasks that have the same
channels, of other positions, pack the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

# What each takes, in products of a tile of channels and a tile of positions: to pack the weights of
# a tile of channels, to read those that perhaps another core packed, to gather what a tile of
# positions reads. Measured on a Zen 5, on 1x1 layers of 7x7 and 14x14.
PACK = 1.3
SHARE = 1.4
GATHER = 0.3
# Of cuts that take about as long, that with more tasks: workers are not always equally fast.
ABOUT = 1.02


class Cut(NamedTuple):
    """Into how many tasks the results of a group of an image are cut.

    Parameters
    ----------
    tile_blocks, position_blocks : int
        By channels and by positions.
    late : bool
        Whether each task packs the weights it uses.
    """

    tile_blocks: int
    position_blocks: int
    late: bool


@dataclass(frozen=True)
class Product:
    """What is shared by the workers.

    Parameters
    ----------
    tiles : int
        Tiles of channels in a group.
    positions : float
        Tiles of positions in an image, the last one in part.
    gathered : bool
        Whether all of them are gathered before they are read, or just the last one.
    groups, images, workers : int
    """

    tiles: int
    positions: float
    gathered: bool
    groups: int
    images: int
    workers: int

    def tasks(self, cut: Cut) -> int:
        """Return the number of tasks."""
        return self.images * self.groups * cut.tile_blocks * cut.position_blocks

    def time(self, cut: Cut) -> float:
        """Return how long the worker with most to do is busy."""
        tasks = self.tasks(cut)
        tiles = self.tiles / cut.tile_blocks
        positions = self.positions / cut.position_blocks
        # Of many tasks, each worker has large ones and small ones.
        if tasks == cut.tile_blocks or tasks <= self.workers:
            tiles = -(-self.tiles // cut.tile_blocks)
        if cut.position_blocks > 1 and tasks <= self.workers:
            positions = -(-self.positions // cut.position_blocks)
        task = tiles * (positions + cut.late * PACK)
        task += GATHER * (positions if self.gathered else 1)
        packed = self.groups * self.tiles * (PACK + SHARE * (self.workers > 1)) / self.workers
        return -(-tasks // self.workers) * task + (0 if cut.late else packed)

    def best(self, early: Cut, least: Cut, wanted: int) -> Cut:
        """Return `early`, or the cut with late packing that is done sooner.

        Parameters
        ----------
        early, least : Cut
            What suits weights that are packed beforehand; what has no larger tasks than allowed.
        wanted : int
            Tasks that make up for workers of different speed.
        """
        most = min(self.tiles, max(4 * wanted, least.tile_blocks))
        even = -(-least.position_blocks // self.workers) * self.workers
        cuts = {
            # With as few blocks as give tasks of this size.
            Cut(-(-self.tiles // -(-self.tiles // tile_blocks)), position_blocks, True)
            for tile_blocks, position_blocks in product(
                range(least.tile_blocks, most + 1), {least.position_blocks, even}
            )
            if position_blocks <= max(self.positions, 1)
        }
        times = {cut: self.time(cut) for cut in (early, *sorted(cuts))}
        enough = ABOUT * min(times.values())
        good = [cut for cut, time in times.items() if time <= enough]
        return max(good, key=lambda cut: (min(self.tasks(cut), wanted), -times[cut]))
