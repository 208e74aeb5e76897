"""Who packs the weights, where channels are in the lanes: all tasks beforehand, or each its own.

What is packed beforehand is packed once, but partly read by another core than the one that wrote
it. A task that packs what it uses has it in its first-level cache; but tasks that have the same
channels, of other positions, pack the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

# What each takes, in units of the product of a tile of channels and a tile of positions: to pack
# the weights of a tile of channels; to read those that perhaps another core packed; to pack the
# samples of a tile of positions. Measured on a Zen 5, on 1x1 layers of 7x7 and 14x14.
PACK_WEIGHTS = 1.3
READ_SHARED = 1.4
PACK_SAMPLES = 0.3
# Of partitions that take about as long, that with more tasks: workers are not always equally fast.
ABOUT = 1.02


class Partition(NamedTuple):
    """Into how many tasks the results of a group of an image are partition.

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
class ProductCost:
    """The estimated time of a product that workers share.

    Parameters
    ----------
    tiles : int
        Tiles of channels in a group.
    positions : float
        Tiles of positions in an image, the last one in part.
    packed : bool
        Whether the samples of all of them are packed, or just of the last one.
    groups, images, workers : int
    """

    tiles: int
    positions: float
    packed: bool
    groups: int
    images: int
    workers: int

    def tasks(self, partition: Partition) -> int:
        """Return the number of tasks."""
        return self.images * self.groups * partition.tile_blocks * partition.position_blocks

    def time(self, partition: Partition) -> float:
        """Return how long the worker with most to do is busy."""
        tasks = self.tasks(partition)
        tiles = self.tiles / partition.tile_blocks
        positions = self.positions / partition.position_blocks
        # Of many tasks, each worker has large ones and small ones.
        if tasks == partition.tile_blocks or tasks <= self.workers:
            tiles = -(-self.tiles // partition.tile_blocks)
        if partition.position_blocks > 1 and tasks <= self.workers:
            positions = -(-self.positions // partition.position_blocks)
        task = tiles * (positions + partition.late * PACK_WEIGHTS)
        task += PACK_SAMPLES * (positions if self.packed else 1)
        beforehand = (
            self.groups
            * self.tiles
            * (PACK_WEIGHTS + READ_SHARED * (self.workers > 1))
            / self.workers
        )
        return -(-tasks // self.workers) * task + (0 if partition.late else beforehand)

    def best(self, early: Partition, least: Partition, wanted: int) -> Partition:
        """Return `early`, or the partition with late packing that is done sooner.

        Parameters
        ----------
        early, least : Cut
            What suits weights that are packed beforehand; what has no larger tasks than allowed.
        wanted : int
            Tasks that make up for workers of different speed.
        """
        most = min(self.tiles, max(4 * wanted, least.tile_blocks))
        even = -(-least.position_blocks // self.workers) * self.workers
        partitions = {
            # With as few blocks as give tasks of this size.
            Partition(-(-self.tiles // -(-self.tiles // tile_blocks)), position_blocks, True)
            for tile_blocks, position_blocks in product(
                range(least.tile_blocks, most + 1), {least.position_blocks, even}
            )
            if position_blocks <= max(self.positions, 1)
        }
        times = {partition: self.time(partition) for partition in (early, *sorted(partitions))}
        enough = ABOUT * min(times.values())
        good = [partition for partition, time in times.items() if time <= enough]
        return max(
            good, key=lambda partition: (min(self.tasks(partition), wanted), -times[partition])
        )
