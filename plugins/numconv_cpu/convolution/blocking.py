"""How a lowered convolution is cut up: register tiles, blocks of reads, tasks.

The sizes follow from the caches: a block of about 150 reads times a tile of 24 positions fills
half of a first-level cache of 32 KiB, the sums and the weights of a task a good part of a second
level of 512 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..simd.machine import machine
from .lowering import Lowering, Part

READS = 152
POSITION_TILES = 12
CHANNELS = 64
TASKS_PER_WORKER = 4


@dataclass(frozen=True)
class Blocking:
    """Sizes of tiles, blocks and tasks.

    Parameters
    ----------
    rows, lanes, tile : int
        Result channels, lanes of a vector and positions of a register tile.
    reads : int
        Summed on one register tile before the next gets its turn.
    tiles, tile_block, tile_blocks : int
        Tiles of result channels in a group, in a task, and how many tasks that makes.
    position_blocks : tuple of int
        Per part, how many tasks share the positions of a layer.
    """

    rows: int
    lanes: int
    tile: int
    reads: int
    tiles: int
    tile_block: int
    tile_blocks: int
    position_blocks: tuple[int, ...]

    @property
    def narrow(self) -> int:
        """Up to how many left over positions single vectors are faster than a whole tile.

        A vector of a tile takes half a cycle a read, but no register tile takes less than the
        latency of the FMA, four cycles.
        """
        vectors = self.tile // self.lanes
        single, whole = max(self.rows / 2, 4), max(self.rows * vectors / 2, 4)
        return max((v for v in range(vectors) if v * single < whole), default=0) * self.lanes

    def position_block(self, part: Part, blocks: int) -> int:
        """Return the positions of a task: whole tiles, as equal as can be."""
        tiles = -(-part.positions // self.tile)
        return -(-tiles // blocks) * self.tile


def rows_for(result_channels: int) -> int:
    """Return the rows of the register tile that wastes least of itself on so many channels."""
    most = machine().rows
    return most if 2 * result_channels >= most else 1


def block(lowering: Lowering, dtype: str, batch: int, workers: int) -> Blocking:
    """Cut `lowering` up so that all workers have something to do, and about as much each."""
    rows = rows_for(lowering.result_channels)
    lanes = machine().lanes(np.dtype(dtype).itemsize)
    tile = machine().vectors(rows) * lanes
    tiles = -(-lowering.result_channels // rows)
    most_reads = max(part.offsets.size for part in lowering.parts)
    read_blocks = -(-most_reads // READS) or 1
    grids = batch * lowering.groups * sum(part.counts[0] for part in lowering.parts)
    tile_blocks = -(-tiles * rows // CHANNELS)
    position_blocks = [-(-part.positions // (POSITION_TILES * tile)) for part in lowering.parts]
    wanted = TASKS_PER_WORKER * workers if workers > 1 else 1
    while grids * tile_blocks * max(position_blocks) < wanted:
        # Halve whichever is longer: the weights of a task or its positions.
        longest = max(-(-part.positions // tile) for part in lowering.parts)
        per_task = longest / max(position_blocks)
        if tiles / tile_blocks >= max(per_task, 2):
            tile_blocks = min(2 * tile_blocks, tiles)
        elif per_task >= 2:
            position_blocks = [2 * blocks for blocks in position_blocks]
        else:
            break
    tile_block = -(-tiles // tile_blocks)
    blocking = Blocking(
        rows=rows,
        lanes=lanes,
        tile=tile,
        reads=-(-most_reads // read_blocks) or 1,
        tiles=tiles,
        tile_block=tile_block,
        tile_blocks=-(-tiles // tile_block),
        position_blocks=(),
    )
    fitted = (
        -(-part.positions // blocking.position_block(part, blocks))
        for part, blocks in zip(lowering.parts, position_blocks, strict=True)
    )
    return replace(blocking, position_blocks=tuple(fitted))
