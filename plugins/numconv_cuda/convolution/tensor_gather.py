"""How a block brings reads to shared memory, for `tensor_product`.

Copies are asynchronous. Where neighbours in memory are neighbours in the tile, a thread copies 16
bytes at once; else single values. A single float16 is too small for that: it is loaded while the
products before it are computed, and stored after them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import cuda, int32, uint32

from ..part import part
from ..ptx import copying, load4
from . import implicit as k
from . import numbers as n

READS = n.READS
# Reads that are on their way or multiplied, of which more than so many hide no more.
MOST_STAGES = 4
# Shared memory that a block has without asking, and that all of a multiprocessor take, so that
# they fit that of most GPUs.
BLOCK_BYTES, PROCESSOR_BYTES = 48 * 1024, 96 * 1024
VECTOR_BYTES, LEAST_BYTES = 16, 4
# After the reads of a row in bytes, and after the columns of a read in elements: what spreads
# those that a warp reads at once over all banks of shared memory.
ROW_SPACE_BYTES, COLUMN_SPACE = 16, 8


@dataclass(frozen=True)
class Tile:
    """How many results a block of threads computes, and each of its warps."""

    rows: int
    columns: int
    warp_rows: int
    warp_columns: int
    blocks: int

    @property
    def threads(self) -> int:
        return 32 * self.rows * self.columns // (self.warp_rows * self.warp_columns)

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.columns}"

    @property
    def loads(self) -> float:
        return 8 / self.warp_rows + 8 / self.warp_columns


@dataclass(frozen=True)
class Room:
    """Where the reads of a tile stand in shared memory, in elements of `size` bytes."""

    tile: Tile
    size: int

    @property
    def row_pitch(self) -> int:
        return READS + ROW_SPACE_BYTES // self.size

    @property
    def column_pitch(self) -> int:
        return self.tile.columns + COLUMN_SPACE

    @property
    def samples(self) -> int:
        """From the weights of a stage to its samples."""
        return self.tile.rows * self.row_pitch

    @property
    def stage(self) -> int:
        """From one stage to the next."""
        return self.samples + READS * self.column_pitch

    @property
    def stages(self) -> int:
        room = min(BLOCK_BYTES, PROCESSOR_BYTES // self.tile.blocks)
        return max(2, min(MOST_STAGES, room // (self.stage * self.size)))


@dataclass(frozen=True)
class Vectors:
    """What is copied by vectors: the reads of a row, the columns of a read."""

    rows: bool = False
    columns: bool = False

    @property
    def name(self) -> str:
        return {(0, 0): "single", (1, 0): "rows", (0, 1): "columns", (1, 1): "both"}[
            self.rows, self.columns
        ]


Side = tuple[Callable[..., None], Callable[..., None], int]
"""What a thread does at once, what it does after the products, and how many values it holds."""


def rows(room: Room, vectors: bool) -> Side:
    """Return how a thread brings weights."""
    vector = VECTOR_BYTES // room.size if vectors else 1
    threads, count, row_pitch = room.tile.threads, room.tile.rows, room.row_pitch
    across = READS // vector
    at_once = threads // across
    loads, all_load = -(-count // at_once), count % at_once == 0
    copy = copying(vector * room.size)

    def fetch(shared, held, weight, sources, g, own, ahead, into):  # type: ignore[no-untyped-def]
        first_row, weight_base, results = own
        thread = uint32(cuda.threadIdx.x)
        read, down = int32(thread % across * vector), int32(thread // across)
        source = weight_base + sources[int32(ahead + read)]
        for i in range(loads):
            row = int32(down + i * at_once)
            if all_load or row < count:
                at = k.weight_at(g, source, first_row + row, results)
                copy(shared, int32(into + row * row_pitch + read), weight, at, True)

    def load(shared, held, weight, sources, g, own, ahead, into):  # type: ignore[no-untyped-def]
        first_row, weight_base, results = own
        thread = uint32(cuda.threadIdx.x)
        source = weight_base + sources[int32(ahead + int32(thread % across))]
        for i in range(loads):
            row = first_row + int32(thread // across) + i * at_once
            held[i] = weight[k.weight_at(g, source, row, results)]

    def keep(shared, held, into):  # type: ignore[no-untyped-def]
        thread = uint32(cuda.threadIdx.x)
        at = into + thread // across * row_pitch + thread % across
        for i in range(loads):
            shared[uint32(at + i * at_once * row_pitch)] = held[i]

    if vector * room.size < LEAST_BYTES:
        return part(load), part(keep), loads
    return part(fetch), part(_nothing), 1


def columns(room: Room, vectors: bool) -> Side:
    """Return how a thread brings samples: of the column that a corner is of, and neighbours."""
    vector = vector_of_columns(room, vectors)
    across = room.tile.columns // vector
    at_once, pitch, samples = room.tile.threads // across, room.column_pitch, room.samples
    loads = READS // at_once
    copy = copying(vector * room.size)

    def fetch(shared, held, given, reads, g, corner, ahead, into):  # type: ignore[no-untyped-def]
        thread = uint32(cuda.threadIdx.x)
        column, first = int32(thread % across * vector), int32(thread // across)
        for i in range(loads):
            read = int32(first + i * at_once)
            step = load4(reads, int32(4 * (ahead + read)))
            to = int32(into + samples + read * pitch + column)
            copy(shared, to, given, step[n.OFFSET], k.is_there(g, corner, step))

    def load(shared, held, given, reads, g, corner, ahead, into):  # type: ignore[no-untyped-def]
        first = int32(uint32(cuda.threadIdx.x) // across)
        for i in range(loads):
            step = load4(reads, int32(4 * (ahead + first + i * at_once)))
            held[i] = np.float16(0)
            if k.is_there(g, corner, step):
                held[i] = given[step[n.OFFSET]]

    def keep(shared, held, into):  # type: ignore[no-untyped-def]
        thread = uint32(cuda.threadIdx.x)
        at = into + samples + thread // across * pitch + thread % across
        for i in range(loads):
            shared[uint32(at + i * at_once * pitch)] = held[i]

    if vector * room.size < LEAST_BYTES:
        return part(load), part(keep), loads
    return part(fetch), part(_nothing), 1


def vector_of_columns(room: Room, vectors: bool) -> int:
    """Return how many neighbouring columns a thread copies at once."""
    return VECTOR_BYTES // room.size if vectors else 1


def _nothing(shared, held, into):  # type: ignore[no-untyped-def]
    pass
