"""How a lowered convolution is cut up: register tiles MR x NR, blocks of KC, tasks.

M are the result channels of a group, N the positions of a plane, K the products of a result: taps
times given channels. The register tile has one of two forms. With *positions* in the lanes its rows
are result channels (see `positions`); with *channels* in the lanes its rows are positions (see
`channels`). Each leaves lanes and rows empty for other shapes, and the one that leaves fewer is
taken.

The sizes follow from the caches: KC of about 150, times a vector or three of values, fills half of
a first-level cache of 32 KiB; the sums and the weights of a task fill a good part of a second level
of 512 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from ...kernel.lowering import Lowering, Part, strips
from ...simd.machine import machine
from .partition import Partition, ProductCost

KC = 152
POSITION_TILES = 12
CHANNELS = 64
TASKS_PER_WORKER = 4
GROUP_BYTES = 256 * 1024
STRIP_BYTES = 1024 * 1024
# Of more blocks of positions, it is estimated in how many rows they lie.
MOST_BLOCKS = 4096
# To write what another core reads takes about twice as long as to write what stays here.
REPEATS = 2
# Measured on a Zen 4 and a Zen 5, on some forty layers from 1x1 to 11x11.
TRANSPOSE_PRODUCTS = 10
STORE_PRODUCTS = 4
ACROSS_LINES = 1.02
PACKING = 1.08


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
    def MR(self) -> int:  # noqa: N802
        """Result channels of a tile."""
        return self.vectors * self.lanes if self.channels_in_lanes else self.rows

    @property
    def NR(self) -> int:  # noqa: N802
        """Positions of a tile."""
        return self.rows if self.channels_in_lanes else self.vectors * self.lanes

    @property
    def edge_positions(self) -> int:
        """Up to how many positions left over an edge tile is faster: a vector, or half the rows.

        For each k a vector takes half a cycle or one, but no tile less than the latency of the FMA.
        """
        if self.channels_in_lanes:
            return self.rows // 2
        single, whole = max(self.rows / 2, 4), max(self.rows * self.vectors / 2, 4)
        return max((v for v in range(self.vectors) if v * single < whole), default=0) * self.lanes

    def tiles(self, part: Part) -> float:
        """Return how many tiles the positions of one layer of a part take, the last one in part."""
        positions = self.positions(part)
        whole, rest = divmod(positions, self.NR)
        if not self.channels_in_lanes:
            return whole + min(-(-rest // self.lanes) / self.vectors, 1)
        return whole + (rest > 0) * (0.5 if rest <= self.edge_positions else 1)

    def positions(self, part: Part) -> int:
        """Return the positions of one layer of a part."""
        return part.counts[1] * part.counts[2] if self.channels_in_lanes else part.positions

    def row_positions(self, lowering: Lowering) -> int:
        """Return the positions from one row of results to the next."""
        return lowering.parts[0].counts[2] if self.channels_in_lanes else lowering.pitch

    def position_tiles(self, part: Part) -> int:
        """Return how many tiles cover the positions of one layer of a part."""
        return -(-self.positions(part) // self.NR)

    def work(self, lowering: Lowering) -> float:
        """Return roughly the multiply-adds of a group, with those computed in vain, and stores.

        To transpose sums and store them takes as long as `TRANSPOSE_PRODUCTS` more products of
        each, to store them as they are `STORE_PRODUCTS`, and nothing where they are stored directly
        to the result. Positions in the lanes are read across the ends of cache lines; in the rows,
        they are packed if they are not in one row. So are the last ones in the lanes if the planes
        end there, which takes as long as a vector.
        """
        parts, x, stores, slower, last = lowering.parts, lowering.axes[2], 0, 1.0, 0.0
        if self.channels_in_lanes:
            stores = TRANSPOSE_PRODUCTS
            if any(part.counts[1] > 1 and part.counts[2] % self.NR for part in parts):
                slower = PACKING
        else:
            slower = ACROSS_LINES
            if len(parts) > 1:
                stores = STORE_PRODUCTS
            elif x.step == 1 and x.length == x.count and parts[0].positions % self.NR:
                last = 1 / self.vectors
        tiles = sum(
            part.counts[0] * (self.tiles(part) + last) * (part.offsets.size + stores)
            for part in parts
        )
        channel_tiles = -(-lowering.result_channels // self.MR)
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
    KC : int
        Products summed on one register tile before the next gets its turn.
    tiles, tile_block, tile_blocks : int
        Tiles of result channels in a group, in a task, and how many tasks that makes.
    position_blocks : tuple of int
        Per part, how many tasks share the positions of a layer.
    whole_groups : bool
        Whether one task has all of a group of an image, and packs its planes by itself.
    late : bool
        Whether each task packs the weights it uses.
    """

    form: Form
    KC: int
    tiles: int
    tile_block: int
    tile_blocks: int
    position_blocks: tuple[int, ...]
    whole_groups: bool
    late: bool

    def rows(self, part: Part, blocks: int, width: int) -> int:
        """Return how many rows of `width` positions a block of those of a layer lies in at most."""
        if blocks > MOST_BLOCKS:
            return (self.position_block(part, blocks) + width - 2) // width + 1
        tiles = np.arange(blocks + 1) * self.form.position_tiles(part) // blocks
        firsts = np.minimum(tiles * self.form.NR, self.form.positions(part))
        return int(((firsts[1:] - 1) // width - firsts[:-1] // width).max()) + 1

    def position_block(self, part: Part, blocks: int) -> int:
        """Return the most positions of a task: whole tiles, as equal as can be."""
        return -(-self.form.position_tiles(part) // blocks) * self.form.NR


def rows_for(result_channels: int) -> int:
    """Return the rows of the register tile that wastes least of itself on so many channels."""
    most = machine().rows
    return most if 2 * result_channels >= most else 1


def block(lowering: Lowering, form: Form, itemsize: int, batch: int, workers: int) -> Blocking:
    """Cut `lowering` up so that all workers have something to do, and about as much each."""
    tiles = -(-lowering.result_channels // form.MR)
    most_K = max(part.offsets.size for part in lowering.parts)
    K_blocks = -(-most_K // KC) or 1
    grids = batch * lowering.groups * sum(part.counts[0] for part in lowering.parts)
    most_channels = 256 if form.channels_in_lanes else CHANNELS
    most_tiles = 16 if form.channels_in_lanes else POSITION_TILES
    tile_blocks = -(-tiles * form.MR // most_channels)
    lengths = [form.position_tiles(part) for part in lowering.parts]
    position_blocks = [-(-length // most_tiles) for length in lengths]
    least = Partition(tile_blocks, position_blocks[0], True)
    plane_bytes = lowering.given_channels * lowering.channel_pitch * itemsize
    wanted = TASKS_PER_WORKER * workers if workers > 1 else 1
    whole_groups = plane_bytes <= GROUP_BYTES and batch * lowering.groups >= wanted
    while not whole_groups and grids * tile_blocks * max(position_blocks) < wanted:
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
    if form.channels_in_lanes and not whole_groups and len(lowering.parts) == 1:
        (part,) = lowering.parts
        # Neighbours in one row are read without packing, but for the last ones: nothing may follow.
        packed = part.counts[1] > 1 and part.counts[2] % form.NR > 0
        sizes = tiles, form.tiles(part), packed, lowering.groups, images, workers
        early = Partition(tile_blocks, position_blocks[0], late)
        tile_blocks, position_blocks[0], late = ProductCost(*sizes).best(early, least, wanted // 2)
    tile_block = -(-tiles // tile_blocks)
    return Blocking(
        form=form,
        # Whole vectors of weights, so that blocks begin with a cache line if rows do.
        KC=-(-most_K // (K_blocks * form.lanes)) * form.lanes or 1,
        tiles=tiles,
        tile_block=tile_block,
        tile_blocks=-(-tiles // tile_block),
        position_blocks=tuple(position_blocks),
        whole_groups=whole_groups,
        late=late,
    )


def _split_channels(lowering: Lowering, form: Form, tiles: float, position_tiles: float) -> bool:
    """Return whether a task is better halved by its channels than by its positions."""
    if not form.channels_in_lanes:
        # Halve whichever is longer: the weights of a task or its positions.
        return tiles >= max(position_tiles, 2)
    # Weights are used by one task only, which packs them when they are needed, as long as that
    # leaves channels enough for the packed samples of the positions, if they are not in one row.
    rows = all(part.counts[2] % form.NR == 0 for part in lowering.parts)
    return tiles >= (2 if rows or position_tiles < 2 else 4)


def strip_lowering(
    lowering: Lowering, blocking: Blocking, itemsize: int, batch: int, workers: int
) -> Lowering | None:
    """Return the lowering with planes for the rows of one task, if workers shall pack their own.

    Rows that several tasks read are then packed several times, as are strips that several workers
    have tasks in.
    """
    if len(lowering.parts) > 1 or blocking.whole_groups:
        return None
    (part,), (blocks,) = lowering.parts, blocking.position_blocks
    width = blocking.form.row_positions(lowering)
    strip = strips(lowering, blocking.rows(part, blocks, width))
    images = batch * lowering.groups
    count = images * part.counts[0] * blocks
    tasks = count * blocking.tile_blocks
    divided = sum(w * tasks // workers % blocking.tile_blocks > 0 for w in range(1, workers))
    small = strip.given_channels * strip.channel_pitch * itemsize <= STRIP_BYTES
    few = (count + divided) * strip.channel_pitch <= REPEATS * images * lowering.channel_pitch
    return strip if small and few else None
