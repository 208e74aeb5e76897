"""Convolution as a matrix product whose matrices are never made (an implicit GEMM).

Rows are result channels, columns are positions of results in all images, and both are summed over
reads: pairs of a given channel and a tap. A block of threads computes a tile of rows by columns.
It gathers a few reads of all its rows and columns into shared memory, adds their products to the
sums that its threads keep, and so on until no read is left; the next reads are on their way from
memory meanwhile. A thread's results are in pieces of four, a quarter or more of the tile apart, so
that the threads of a warp load neighbouring vectors.

Sums run over the reads in their order, so neither tile nor place of a result changes its bits.

A sample outside of the given array counts as zero. Of an input gradient that is not so: there is
no product, not even with a weight that is infinite. Where the kernel meets such a weight it writes
`mark` to `flag`, and another kernel does all of it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from ..activate import activation
from ..compile import Integer, Integers, Kernel, Results, Shorts, Values
from ..ptx import anew, load4

READS = 8
VECTOR = 4
# What separates rows of shared memory, so that the threads that fill one column use all banks.
SPACE = 4

# Numbers of a problem, then of each of its parts.
(
    GROUPS,
    BATCH,
    GIVEN_CHANNELS,
    GIVEN_Z,
    GIVEN_Y,
    GIVEN_X,
    RESULT_CHANNELS,
    RESULT_Z,
    RESULT_Y,
    RESULT_X,
    IN_STEP_Z,
    IN_STEP_Y,
    IN_STEP_X,
    OUT_STEP_Z,
    OUT_STEP_Y,
    OUT_STEP_X,
    WEIGHT_GROUP,
    WEIGHT_ROW,
    HAS_BIAS,
    HAS_RESIDUAL,
    SHUFFLE,
    WATCHES,
) = range(22)
NUMBERS = 22

(
    COUNT_Z,
    COUNT_Y,
    COUNT_X,
    START_Z,
    START_Y,
    START_X,
    BASE_Z,
    BASE_Y,
    BASE_X,
    PART_READS,
    AT_READS,
) = range(11)
PART_NUMBERS = 11

# Columns of the table of reads.
OFFSET, STEP_Z, STEP_Y, STEP_X = range(4)


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


LARGE = Tile(128, 128, 8, 8, 2)
SMALL = Tile(64, 64, 4, 4, 2)
FLAT = Tile(32, 128, 4, 4, 2)
TILES = (LARGE, SMALL, FLAT)


def _make(tile: Tile, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    activate = activation(activation_name, wide)
    rows, columns, threads = tile.rows, tile.columns, tile.threads
    own_rows, own_columns = tile.thread_rows, tile.thread_columns
    row_pitch, column_pitch = rows + SPACE, columns + SPACE
    threads_across = columns // own_columns
    threads_down = rows // own_rows
    row_loads, column_loads = rows * READS // threads, columns * READS // threads
    rows_at_once, reads_at_once = threads // READS, threads // columns
    row_pieces, column_pieces = own_rows // VECTOR, own_columns // VECTOR
    piece_step = threads_across * VECTOR
    weight_half, sample_half = READS * row_pitch, READS * column_pitch
    weight_room = 2 * weight_half
    sample_room = max(2 * sample_half, threads_down * column_pitch)

    def kernel(
        x: Values,
        weight: Values,
        bias: Results,
        residual: Results,
        out: Results,
        reads: Shorts,
        sources: Shorts,
        g: Shorts,
        flag: Integers,
        mark: Integer,
    ) -> None:
        weights = cuda.shared.array(weight_room, kind, 16)
        samples = cuda.shared.array(sample_room, kind, 16)
        sums = cuda.local.array((own_rows, own_columns), kind)
        row_values = cuda.local.array(own_rows, kind)
        column_values = cuda.local.array(own_columns, kind)
        next_weights = cuda.local.array(row_loads, kind)
        next_samples = cuda.local.array(column_loads, kind)

        thread = cuda.threadIdx.x
        group, part = cuda.blockIdx.z % g[GROUPS], cuda.blockIdx.z // g[GROUPS]
        p = NUMBERS + part * PART_NUMBERS
        positions = np.int64(g[BATCH]) * g[p + COUNT_Z] * g[p + COUNT_Y] * g[p + COUNT_X]
        total_reads, at_reads = g[p + PART_READS], g[p + AT_READS]
        given, results = g[GIVEN_CHANNELS] // g[GROUPS], g[RESULT_CHANNELS] // g[GROUPS]
        first_row, first_column = cuda.blockIdx.y * rows, np.int64(cuda.blockIdx.x) * columns
        if first_column >= positions:
            return

        # The position whose samples this thread gathers.
        position = first_column + thread % columns
        inside = position < positions
        rest, jx = position // g[p + COUNT_X], position % g[p + COUNT_X]
        rest, jy = rest // g[p + COUNT_Y], rest % g[p + COUNT_Y]
        n, jz = rest // g[p + COUNT_Z], rest % g[p + COUNT_Z]
        iz = np.int32(jz * g[IN_STEP_Z] + g[p + BASE_Z])
        iy = np.int32(jy * g[IN_STEP_Y] + g[p + BASE_Y])
        ix = np.int32(jx * g[IN_STEP_X] + g[p + BASE_X])
        size_z, size_y, size_x = np.int32(g[GIVEN_Z]), np.int32(g[GIVEN_Y]), np.int32(g[GIVEN_X])
        planes = (n * g[GIVEN_CHANNELS] + group * given) * g[GIVEN_Z]
        sample_base = ((planes + iz) * g[GIVEN_Y] + iy) * g[GIVEN_X] + ix
        first_read = thread // columns

        # The reads and rows of the weights that it gathers.
        weight_read, weight_row = thread % READS, thread // READS
        weight_base = group * g[WEIGHT_GROUP] + (first_row + weight_row) * g[WEIGHT_ROW]
        weight_step = rows_at_once * g[WEIGHT_ROW]

        across, down = thread % threads_across, thread // threads_across
        for i in range(own_rows):
            for j in range(own_columns):
                sums[i, j] = wide(0)

        stages = (total_reads + READS - 1) // READS
        for stage in range(-1, stages):
            ahead = (stage + 1) * READS
            if stage + 1 < stages:
                for i in range(column_loads):
                    read = ahead + first_read + i * reads_at_once
                    value = wide(0)
                    if inside and read < total_reads:
                        step = load4(reads, 4 * (at_reads + read))
                        z, y, x_ = iz + step[STEP_Z], iy + step[STEP_Y], ix + step[STEP_X]
                        if 0 <= z < size_z and 0 <= y < size_y and 0 <= x_ < size_x:
                            value = wide(x[sample_base + step[OFFSET]])
                    next_samples[i] = value
                for i in range(row_loads):
                    read = ahead + weight_read
                    value = wide(0)
                    if read < total_reads and first_row + weight_row + i * rows_at_once < results:
                        value = wide(
                            weight[weight_base + i * weight_step + sources[at_reads + read]]
                        )
                    if g[WATCHES] and value - value != 0:
                        flag[0] = mark
                    next_weights[i] = value
            if stage >= 0:
                now_weights = (stage & 1) * weight_half
                now_samples = (stage & 1) * sample_half
                for read in range(READS):
                    for piece in range(row_pieces):
                        place = read * row_pitch + (piece * threads_down + down) * VECTOR
                        four = load4(weights, now_weights + place)
                        for i in range(VECTOR):
                            row_values[piece * VECTOR + i] = four[i]
                    for piece in range(column_pieces):
                        place = read * column_pitch + (piece * threads_across + across) * VECTOR
                        four = load4(samples, now_samples + place)
                        for i in range(VECTOR):
                            column_values[piece * VECTOR + i] = four[i]
                    for i in range(own_rows):
                        for j in range(own_columns):
                            sums[i, j] += row_values[i] * column_values[j]
            if stage + 1 < stages:
                then_weights = ((stage + 1) & 1) * weight_half
                then_samples = ((stage + 1) & 1) * sample_half
                for i in range(column_loads):
                    read = first_read + i * reads_at_once
                    samples[then_samples + read * column_pitch + thread % columns] = next_samples[i]
                for i in range(row_loads):
                    row = weight_row + i * rows_at_once
                    weights[then_weights + weight_read * row_pitch + row] = next_weights[i]
            cuda.syncthreads()

        # Results go through shared memory, a row of each thread at a time, to where threads that
        # are neighbours store what is neighbours; then one copy of the epilogue's code is enough.
        shuffle, channels = g[SHUFFLE], g[RESULT_CHANNELS]
        per_group = channels // shuffle
        plane = g[RESULT_Z] * g[RESULT_Y] * g[RESULT_X]
        position = first_column + anew(thread) % columns
        rest, jx = position // g[p + COUNT_X], position % g[p + COUNT_X]
        rest, jy = rest // g[p + COUNT_Y], rest % g[p + COUNT_Y]
        n, jz = rest // g[p + COUNT_Z], rest % g[p + COUNT_Z]
        z = jz * g[OUT_STEP_Z] + g[p + START_Z]
        y = jy * g[OUT_STEP_Y] + g[p + START_Y]
        inner = (z * g[RESULT_Y] + y) * g[RESULT_X] + jx * g[OUT_STEP_X] + g[p + START_X]
        own_samples = down * column_pitch + across * VECTOR
        for i in range(own_rows):
            # Always the first row, and the others move up: what is indexed by a variable is not
            # kept in registers.
            for j in range(own_columns):
                samples[own_samples + j // VECTOR * piece_step + j % VECTOR] = sums[0, j]
            for k in range(own_rows - 1):
                for j in range(own_columns):
                    sums[k, j] = sums[k + 1, j]
            cuda.syncthreads()
            for k in range(first_read, threads_down, reads_at_once):
                row = first_row + (i // VECTOR * threads_down + k) * VECTOR + i % VECTOR
                if position < positions and row < results:
                    channel = group * results + row
                    stored = channel % per_group * shuffle + channel // per_group
                    place = (n * channels + stored) * plane + inner
                    value = samples[k * column_pitch + thread % columns]
                    if g[HAS_BIAS]:
                        value += wide(bias[channel])
                    if g[HAS_RESIDUAL]:
                        value += wide(residual[place])
                    out[place] = activate(value)
            cuda.syncthreads()

    return kernel


@cache
def kernel(tile: Tile, activation_name: str | None) -> Kernel:
    """Return the kernel that computes tiles of this size."""
    name = f"product-{tile.name}-{activation_name}"
    return Kernel(name, partial(_make, tile, activation_name), tile.threads, tile.blocks)


def tiles(dtype: str) -> tuple[Tile, ...]:
    """Return the tiles there are. Of float64, 8 x 8 sums do not fit the registers of a thread."""
    return TILES[1:] if dtype == "float64" else TILES


def choose(channels: int, positions: int, layers: int, dtype: str, processors: int) -> Tile:
    """Return the tile that computes least in vain, of those that give each processor work.

    A processor that has two large tiles is as busy as one with four small ones.
    """

    def cost(tile: Tile) -> float:
        across, down = -(-positions // tile.columns), -(-channels // tile.rows)
        waves = -(-across * down * layers // (tile.blocks * processors))
        # What threads load for each product.
        loads = 1 / tile.thread_rows + 1 / tile.thread_columns
        return waves * tile.rows * tile.columns * (1 + loads)

    return min(tiles(dtype), key=cost)
