"""How a lowered convolution is cut up: register tiles, blocks of reads, tasks.

The register tile has one of two forms. With *positions* in the lanes its rows are result channels
(see `positions`); with *channels* in the lanes its rows are positions (see `channels`). Each leaves
lanes and rows empty for other shapes, and the one that leaves fewer is taken.

The sizes follow from the caches: a block of about 150 reads times a vector or three of values
fills half of a first-level cache of 32 KiB, the sums and the weights of a task a good part of a
second level of 512 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from ...kernel.lowering import Lowering, Part, strips
from ...simd.machine import machine
from .shares import Cut, Product

READS = 152
POSITION_TILES = 12
CHANNELS = 64
TASKS_PER_WORKER = 4
LOCAL_BYTES = 256 * 1024
STRIP_BYTES = 1024 * 1024
# Of more blocks of positions, it is estimated in how many rows they lie.
MOST_BLOCKS = 4096
# To write what another core reads takes about twice as long as to write what stays here.
REPEATS = 2
# Measured on a Zen 4 and a Zen 5, on some forty layers from 1x1 to 11x11.
TURN_READS = 10
STORE_READS = 4
ACROSS_LINES = 1.02
GATHERING = 1.08


@dataclass(frozen=True)
class Form:
    """The register tile of a convolution.

    Parameters
    ----------
    channels_in_lanes : bool
    rows, vectors, lanes : int
        Shape of the register tile.
    """

    channels_in_lanes: bool
    rows: int
    vectors: int
    lanes: int

    @property
    def channels(self) -> int:
        """Result channels of a tile."""
        return self.vectors * self.lanes if self.channels_in_lanes else self.rows

    @property
    def span(self) -> int:
        """Positions of a tile."""
        return self.rows if self.channels_in_lanes else self.vectors * self.lanes

    @property
    def narrow(self) -> int:
        """Up to how many left over positions a smaller tile is faster: a vector or half the rows.

        A vector takes half a cycle or one of a read, but no tile less than the latency of the FMA.
        """
        if self.channels_in_lanes:
            return self.rows // 2
        single, whole = max(self.rows / 2, 4), max(self.rows * self.vectors / 2, 4)
        return max((v for v in range(self.vectors) if v * single < whole), default=0) * self.lanes

    def tiles(self, part: Part) -> float:
        """Return how many tiles the positions of one layer of a part take, the last one in part."""
        positions = self.positions(part)
        whole, rest = divmod(positions, self.span)
        if not self.channels_in_lanes:
            return whole + min(-(-rest // self.lanes) / self.vectors, 1)
        return whole + (rest > 0) * (0.5 if rest <= self.narrow else 1)

    def positions(self, part: Part) -> int:
        """Return the positions of one layer of a part."""
        return part.counts[1] * part.counts[2] if self.channels_in_lanes else part.positions

    def row_positions(self, lowering: Lowering) -> int:
        """Return the positions from one row of results to the next."""
        return lowering.parts[0].counts[2] if self.channels_in_lanes else lowering.pitch

    def span_tiles(self, part: Part) -> int:
        """Return how many tiles cover the positions of one layer of a part."""
        return -(-self.positions(part) // self.span)

    def work(self, lowering: Lowering) -> float:
        """Return roughly the multiply-adds of a group, with those computed in vain, and stores.

        To turn sums and store them takes as long as `TURN_READS` more reads, to store them as they
        are `STORE_READS`, and nothing where they go straight to the result. Positions in the lanes
        are read across the ends of cache lines; in the rows, they are gathered if they are not in
        one row. So are the last ones in the lanes if the planes end there: as long as a vector.
        """
        parts, x, stores, slower, last = lowering.parts, lowering.axes[2], 0, 1.0, 0.0
        if self.channels_in_lanes:
            stores = TURN_READS
            if any(part.counts[1] > 1 and part.counts[2] % self.span for part in parts):
                slower = GATHERING
        else:
            slower = ACROSS_LINES
            if len(parts) > 1:
                stores = STORE_READS
            elif x.step == 1 and x.length == x.count and parts[0].positions % self.span:
                last = 1 / self.vectors
        tiles = sum(
            part.counts[0] * (self.tiles(part) + last) * (part.offsets.size + stores)
            for part in parts
        )
        channel_tiles = -(-lowering.result_channels // self.channels)
        return slower * tiles * channel_tiles * self.rows * self.vectors * self.lanes


def forms(lowering: Lowering, dtype: str) -> list[Form]:
    """Return the register tiles there are, the one that computes least in vain first."""
    here = machine()
    lanes = here.lanes(np.dtype(dtype).itemsize)
    rows = rows_for(lowering.result_channels)
    found = [Form(False, rows, here.vectors(rows), lanes)]
    if rows > 4 and lowering.result_channels % rows in (1, 2, 3, 4):
        found.append(Form(False, 4, here.vectors(4), lanes))
    if lowering.result_channels > lanes // 2:
        vectors = 2 if lowering.result_channels > lanes else 1
        found.append(Form(True, 14 if here.registers >= 32 else 6, vectors, lanes))
    return sorted(found, key=lambda form: form.work(lowering))


@dataclass(frozen=True)
class Blocking:
    """Sizes of tiles, blocks and tasks.

    Parameters
    ----------
    form : Form
    reads : int
        Summed on one register tile before the next gets its turn.
    tiles, tile_block, tile_blocks : int
        Tiles of result channels in a group, in a task, and how many tasks that makes.
    position_blocks : tuple of int
        Per part, how many tasks share the positions of a layer.
    local : bool
        Whether one task has all of a group of an image, and packs its planes by itself.
    late : bool
        Whether each task packs the weights it uses.
    """

    form: Form
    reads: int
    tiles: int
    tile_block: int
    tile_blocks: int
    position_blocks: tuple[int, ...]
    local: bool
    late: bool

    def rows(self, part: Part, blocks: int, width: int) -> int:
        """Return how many rows of `width` positions a block of those of a layer lies in at most."""
        if blocks > MOST_BLOCKS:
            return (self.position_block(part, blocks) + width - 2) // width + 1
        tiles = np.arange(blocks + 1) * self.form.span_tiles(part) // blocks
        firsts = np.minimum(tiles * self.form.span, self.form.positions(part))
        return int(((firsts[1:] - 1) // width - firsts[:-1] // width).max()) + 1

    def position_block(self, part: Part, blocks: int) -> int:
        """Return the most positions of a task: whole tiles, as equal as can be."""
        return -(-self.form.span_tiles(part) // blocks) * self.form.span


def rows_for(result_channels: int) -> int:
    """Return the rows of the register tile that wastes least of itself on so many channels."""
    most = machine().rows
    return most if 2 * result_channels >= most else 1


def block(lowering: Lowering, form: Form, itemsize: int, batch: int, workers: int) -> Blocking:
    """Cut `lowering` up so that all workers have something to do, and about as much each."""
    tiles = -(-lowering.result_channels // form.channels)
    most_reads = max(part.offsets.size for part in lowering.parts)
    read_blocks = -(-most_reads // READS) or 1
    grids = batch * lowering.groups * sum(part.counts[0] for part in lowering.parts)
    most_channels = 256 if form.channels_in_lanes else CHANNELS
    most_tiles = 16 if form.channels_in_lanes else POSITION_TILES
    tile_blocks = -(-tiles * form.channels // most_channels)
    lengths = [form.span_tiles(part) for part in lowering.parts]
    position_blocks = [-(-length // most_tiles) for length in lengths]
    least = Cut(tile_blocks, position_blocks[0], True)
    plane_bytes = lowering.given_channels * lowering.channel * itemsize
    wanted = TASKS_PER_WORKER * workers if workers > 1 else 1
    local = plane_bytes <= LOCAL_BYTES and batch * lowering.groups >= wanted
    while not local and grids * tile_blocks * max(position_blocks) < wanted:
        per_task = max(lengths) / max(position_blocks)
        if _split_channels(lowering, form, tiles / tile_blocks, per_task):
            tile_blocks = min(2 * tile_blocks, tiles)
        elif per_task >= 2:
            position_blocks = [2 * blocks for blocks in position_blocks]
        else:
            break
    even = workers // gcd(workers, grids * tile_blocks)
    if even * max(position_blocks) <= max(lengths):
        # So that no worker has a task more than the others.
        position_blocks = [-(-blocks // even) * even for blocks in position_blocks]
    position_blocks = [min(each) for each in zip(position_blocks, lengths, strict=True)]
    images = batch * max(part.counts[0] for part in lowering.parts)
    late = form.channels_in_lanes and images * max(position_blocks) == 1
    if form.channels_in_lanes and not local and len(lowering.parts) == 1:
        (part,) = lowering.parts
        # Neighbours in one row are read where they are, but for the last ones: nothing may follow.
        gathered = part.counts[1] > 1 and part.counts[2] % form.span > 0
        sizes = tiles, form.tiles(part), gathered, lowering.groups, images, workers
        early = Cut(tile_blocks, position_blocks[0], late)
        tile_blocks, position_blocks[0], late = Product(*sizes).best(early, least, wanted // 2)
    tile_block = -(-tiles // tile_blocks)
    return Blocking(
        form=form,
        # Whole vectors of weights, so that blocks begin with a cache line if rows do.
        reads=-(-most_reads // (read_blocks * form.lanes)) * form.lanes or 1,
        tiles=tiles,
        tile_block=tile_block,
        tile_blocks=-(-tiles // tile_block),
        position_blocks=tuple(position_blocks),
        local=local,
        late=late,
    )


def _split_channels(lowering: Lowering, form: Form, tiles: float, position_tiles: float) -> bool:
    """Return whether a task is better halved by its channels than by its positions."""
    if not form.channels_in_lanes:
        # Halve whichever is longer: the weights of a task or its positions.
        return tiles >= max(position_tiles, 2)
    # Weights are used by one task only, which packs them when they are needed, as long as that
    # leaves channels enough for what is gathered of the positions, if they are not in one row.
    rows = all(part.counts[2] % form.span == 0 for part in lowering.parts)
    return tiles >= (2 if rows or position_tiles < 2 else 4)


def in_strips(
    lowering: Lowering, blocking: Blocking, itemsize: int, batch: int, workers: int
) -> Lowering | None:
    """Return the lowering with planes for the rows of one task, if workers shall pack their own.

    Rows that several tasks read are then packed several times, as are strips that several workers
    have tasks in.
    """
    if len(lowering.parts) > 1 or blocking.local:
        return None
    (part,), (blocks,) = lowering.parts, blocking.position_blocks
    width = blocking.form.row_positions(lowering)
    cut = strips(lowering, blocking.rows(part, blocks, width))
    images = batch * lowering.groups
    count = images * part.counts[0] * blocks
    tasks = count * blocking.tile_blocks
    divided = sum(w * tasks // workers % blocking.tile_blocks > 0 for w in range(1, workers))
    small = cut.given_channels * cut.channel * itemsize <= STRIP_BYTES
    few = (count + divided) * cut.channel <= REPEATS * images * lowering.channel
    return cut if small and few else None
