"""The product of `implicit` with the arithmetic of each thread.

A block gathers a few reads of all its rows and columns into shared memory, adds their products to
the sums that its threads keep, and so on until no read is left; the next reads are on their way
from memory meanwhile. A thread's results are in pieces of four, a quarter or more of the tile
apart, so that the threads of a warp load neighbouring vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32, uint32

from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..part import part
from ..ptx import anew, behind, load4
from . import implicit as k
from . import numbers as n

READS = 8
VECTOR = 4
# What separates rows of shared memory, so that the threads that fill one column use all banks.
SPACE = 4


@dataclass(frozen=True)
class Tile:
    """How many results a block of threads computes, and each of its threads."""

    rows: int
    columns: int
    thread_rows: int
    thread_columns: int
    blocks: int

    @property
    def threads(self) -> int:
        return self.rows * self.columns // (self.thread_rows * self.thread_columns)

    @property
    def name(self) -> str:
        return f"{self.rows}x{self.columns}"

    @property
    def loads(self) -> float:
        return 1 / self.thread_rows + 1 / self.thread_columns


LARGE = Tile(128, 128, 8, 8, 2)
SMALL = Tile(64, 64, 4, 4, 2)
FLAT = Tile(32, 128, 4, 4, 2)
TILES = (LARGE, SMALL, FLAT)


def _gathering(tile: Tile, wide: Any) -> tuple[Any, Any]:
    """Return how a thread loads reads, and how it keeps them in shared memory later."""
    columns = tile.columns
    row_pitch, column_pitch = tile.rows + SPACE, columns + SPACE
    rows_at_once, reads_at_once = tile.threads // READS, tile.threads // columns
    row_loads, column_loads = tile.rows // rows_at_once, READS // reads_at_once
    zero = wide(0)

    def fetch(held, given, weight, reads, sources, g, corner, own, ahead):  # type: ignore[no-untyped-def]
        first_row, weight_base, results = own
        thread = uint32(cuda.threadIdx.x)
        for i in range(column_loads):
            read = int32(ahead + int32(thread // columns) + i * reads_at_once)
            step = load4(reads, int32(4 * read))
            held[i] = zero
            if k.is_there(g, corner, step):
                held[i] = wide(given[step[n.OFFSET]])
        source = weight_base + sources[int32(ahead + int32(thread % READS))]
        for i in range(row_loads):
            row = first_row + int32(thread // READS) + i * rows_at_once
            held[column_loads + i] = wide(weight[k.weight_at(g, source, row, results)])

    def keep(samples, weights, held, half):  # type: ignore[no-untyped-def]
        thread = uint32(cuda.threadIdx.x)
        at = half * READS * column_pitch + thread % columns
        for i in range(column_loads):
            to = at + (thread // columns + i * reads_at_once) * column_pitch
            samples[uint32(to)] = held[i]
        at = (half * READS + thread % READS) * row_pitch + thread // READS
        for i in range(row_loads):
            weights[uint32(at + i * rows_at_once)] = held[column_loads + i]

    return part(fetch), part(keep)


def _adding(tile: Tile) -> Any:
    """Return how a thread adds the products of what is kept to its sums."""
    own_rows, own_columns = tile.thread_rows, tile.thread_columns
    row_pitch, column_pitch = tile.rows + SPACE, tile.columns + SPACE
    across, down = tile.columns // own_columns, tile.rows // own_rows

    def add(samples, weights, sums, row_values, column_values, half):  # type: ignore[no-untyped-def]
        thread = uint32(cuda.threadIdx.x)
        at_row = int32(half * READS * row_pitch + thread // across * VECTOR)
        at_column = int32(half * READS * column_pitch + thread % across * VECTOR)
        for read in range(READS):
            for piece in range(own_rows // VECTOR):
                four = load4(weights, at_row + read * row_pitch + piece * down * VECTOR)
                for i in range(VECTOR):
                    row_values[piece * VECTOR + i] = four[i]
            for piece in range(own_columns // VECTOR):
                four = load4(samples, at_column + read * column_pitch + piece * across * VECTOR)
                for i in range(VECTOR):
                    column_values[piece * VECTOR + i] = four[i]
            for i in range(own_rows):
                for j in range(own_columns):
                    sums[i, j] += row_values[i] * column_values[j]

    return part(add)


def _make(tile: Tile, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    (fetch, keep), add = _gathering(tile, wide), _adding(tile)
    store = k.storing(activation_name, wide)
    rows, columns = tile.rows, tile.columns
    own_rows, own_columns = tile.thread_rows, tile.thread_columns
    column_pitch, reads_at_once = columns + SPACE, tile.threads // columns
    across, down = columns // own_columns, rows // own_rows
    held_count = (rows + columns) * READS // tile.threads
    weight_room = 2 * READS * (rows + SPACE)
    sample_room = max(2 * READS, down) * column_pitch

    def kernel(
        x: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        reads: Shorts,
        sources: Shorts,
        parts: Shorts,
        g: Numbers,
    ) -> None:
        weights = cuda.shared.array(weight_room, kind, 16)
        samples = cuda.shared.array(sample_room, kind, 16)
        sums = cuda.local.array((own_rows, own_columns), kind)
        row_values = cuda.local.array(own_rows, kind)
        column_values = cuda.local.array(own_columns, kind)
        held = cuda.local.array(held_count, kind)

        p, group, first_row, first_column, most = k.tile_of(g, parts, rows, columns)
        if most < 0:
            return
        thread = uint32(cuda.threadIdx.x)
        place = k.column_of(parts, p, first_column, min(int32(thread % columns), most))
        corner = k.corner_of(g, parts, p, place)
        given = behind(x, k.sample_at(g, group, place[0], corner))
        results = int32(g[n.RESULT_CHANNELS] // g[n.GROUPS])
        own = (first_row, group * g[n.WEIGHT_GROUP], results)
        first_read = int32(parts[p + n.AT_READS])
        for i in range(own_rows):
            for j in range(own_columns):
                sums[i, j] = wide(0)

        turns = int32((parts[p + n.PART_READS] + READS - 1) // READS)
        for turn in range(int32(-1), turns):
            if turn + 1 < turns:
                ahead = int32(first_read + (turn + 1) * READS)
                fetch(held, given, weight, reads, sources, g, corner, own, ahead)
            if turn >= 0:
                add(samples, weights, sums, row_values, column_values, turn & 1)
            if turn + 1 < turns:
                keep(samples, weights, held, (turn + 1) & 1)
            cuda.syncthreads()

        # Results go through shared memory, a row of each thread at a time, to where threads that
        # are neighbours store what is neighbours; then one copy of the epilogue's code is enough.
        column = int32(anew(thread) % columns)
        place = k.column_of(parts, p, first_column, column)
        ends = k.ends_of(g, parts, p, group, place)
        at = thread // across * column_pitch + thread % across * VECTOR
        for i in range(own_rows):
            # Always the first row, and the others move up: what is indexed by a variable is not
            # kept in registers.
            for j in range(own_columns):
                to = at + j // VECTOR * across * VECTOR + j % VECTOR
                samples[uint32(to)] = sums[0, j]
            for m in range(own_rows - 1):
                for j in range(own_columns):
                    sums[m, j] = sums[m + 1, j]
            cuda.syncthreads()
            for line in range(thread // columns, down, reads_at_once):
                row = first_row + (i // VECTOR * down + line) * VECTOR + i % VECTOR
                if column <= most and row < results:
                    value = samples[uint32(line * column_pitch + column)]
                    arrays = (x, weight, bias, residual, reads, sources, parts)
                    store(arrays, out, g, p, group, row, place, ends, value)
            cuda.syncthreads()

    return kernel


@cache
def kernel(tile: Tile, activation_name: str | None) -> Kernel:
    """Return the kernel that computes tiles of this size."""
    name = f"product-{tile.name}-{activation_name}"
    make = partial(_make, tile, activation_name)
    return Kernel(name, make, tile.threads, tile.blocks, n.NUMBERS)


def tiles(dtype: str) -> tuple[Tile, ...]:
    """Return the tiles there are. Of float64, 8 x 8 sums do not fit the registers of a thread."""
    return TILES[1:] if dtype == "float64" else TILES
