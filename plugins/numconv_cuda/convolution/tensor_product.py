"""The product of `implicit` on tensor cores: a warp multiplies 16 rows by 8 columns at once.

A block gathers `READS` reads of all its rows and columns into shared memory while its warps
multiply those before. There the reads of a row stand side by side, as `ldmatrix` wants them, and
the columns of a read, as they are gathered; what separates rows spreads both over all banks.

Tensor cores take float16, or 11 significant bits of a float32 ("tf32"). Products as exact as those
of float32 take three multiplications: of each operand what it is rounded to and what that leaves,
all but the product of what is left ("3xTF32"; H. Ootomo and R. Yokota, "Recovering single precision
accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022). So that
nothing that is left is too small to be kept, operands are taken times ``2**EXPONENT``. What becomes
too large by that is no finite number, and is computed by the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype

from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..part import part
from ..ptx import (
    anew,
    commit_copies,
    copy_or_zero,
    leaving,
    load4,
    matrices,
    matrices_turned,
    multiplying,
    rounding,
    waiting,
    word_at,
)
from . import implicit as k

READS = k.READS
# Of shared memory, after the reads of a row, and elements after the columns of a read.
ROW_SPACE_BYTES, COLUMN_SPACE = 16, 8
STAGES = 2
# A warp multiplies 16 rows by 8 columns, and as many reads as stand in so many bytes.
ROWS, COLUMNS, STEP_BYTES = 16, 8, 32
EXPONENT = 24
FORMS = ("3xtf32", "tf32", "float16")


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

    def pitches(self, size: int) -> tuple[int, int]:
        """Return from row to row and from read to read, in elements of `size` bytes."""
        return READS + ROW_SPACE_BYTES // size, self.columns + COLUMN_SPACE

    def shared_bytes(self, size: int) -> int:
        """Return the bytes of all stages, or of the results that pass through at the end."""
        row_pitch, column_pitch = self.pitches(size)
        gathered = STAGES * size * (self.rows * row_pitch + READS * column_pitch)
        return max(gathered, 4 * ROWS * (self.rows // self.warp_rows) * column_pitch)


LARGE = Tile(128, 128, 64, 32, 2)
SMALL = Tile(64, 64, 32, 32, 4)
FLAT = Tile(32, 128, 32, 32, 4)
TILES = (LARGE, SMALL, FLAT)


def _gathering(tile: Tile, form: str) -> tuple[Any, Any]:
    """Return how a thread brings reads to shared memory: what it does at once, and what later."""
    size = 2 if form == "float16" else 4
    row_pitch, column_pitch = tile.pitches(size)
    rows_at_once, reads_at_once = tile.threads // READS, tile.threads // tile.columns
    row_loads, column_loads = tile.rows // rows_at_once, READS // reads_at_once
    stage, columns = tile.rows * row_pitch + READS * column_pitch, tile.columns
    samples = tile.rows * row_pitch

    def copy(shared, held, x, weight, reads, sources, g, corner, base, own, ahead, turn):  # type: ignore[no-untyped-def]
        first_row, weight_base, results = own
        into = turn % STAGES * stage
        column, first_read = cuda.threadIdx.x % columns, cuda.threadIdx.x // columns
        for i in range(column_loads):
            read = first_read + i * reads_at_once
            step = load4(reads, 4 * (ahead + read))
            to = into + samples + read * column_pitch + column
            copy_or_zero(shared, to, x, base + step[k.OFFSET], k.is_there(g, corner, step))
        read, own_row = cuda.threadIdx.x % READS, cuda.threadIdx.x // READS
        source = weight_base + sources[ahead + read]
        for i in range(row_loads):
            row = own_row + i * rows_at_once
            at = k.weight_at(g, source, first_row + row, results)
            copy_or_zero(shared, into + row * row_pitch + read, weight, at, True)

    def nothing(shared, held, turn):  # type: ignore[no-untyped-def]
        pass

    def load(shared, held, x, weight, reads, sources, g, corner, base, own, ahead, turn):  # type: ignore[no-untyped-def]
        first_row, weight_base, results = own
        for i in range(column_loads):
            read = cuda.threadIdx.x // columns + i * reads_at_once
            step = load4(reads, 4 * (ahead + read))
            held[i] = np.float16(0)
            if k.is_there(g, corner, step):
                held[i] = x[base + step[k.OFFSET]]
        read, own_row = cuda.threadIdx.x % READS, cuda.threadIdx.x // READS
        source = weight_base + sources[ahead + read]
        for i in range(row_loads):
            row = own_row + i * rows_at_once
            held[column_loads + i] = weight[k.weight_at(g, source, first_row + row, results)]

    def keep(shared, held, turn):  # type: ignore[no-untyped-def]
        into = turn % STAGES * stage
        column, first_read = cuda.threadIdx.x % columns, cuda.threadIdx.x // columns
        for i in range(column_loads):
            to = into + samples + (first_read + i * reads_at_once) * column_pitch + column
            shared[np.uint32(to)] = held[i]
        read, first_row = cuda.threadIdx.x % READS, cuda.threadIdx.x // READS
        for i in range(row_loads):
            to = into + (first_row + i * rows_at_once) * row_pitch + read
            shared[np.uint32(to)] = held[column_loads + i]

    return (part(load), part(keep)) if form == "float16" else (part(copy), part(nothing))


def _multiplying(tile: Tile, form: str) -> Any:
    """Return how a warp adds the products of a stage to its sums."""
    size = 2 if form == "float16" else 4
    row_pitch, column_pitch = tile.pitches(size)
    stage, samples = tile.rows * row_pitch + READS * column_pitch, tile.rows * row_pitch
    down, across = tile.warp_rows // ROWS, tile.warp_columns // COLUMNS
    step_reads = STEP_BYTES // size
    multiply = multiplying("f16" if size == 2 else "tf32", down, across)
    near, rest = rounding(EXPONENT), leaving(EXPONENT)

    def rows_of(shared, a, first):  # type: ignore[no-untyped-def]
        lane = cuda.threadIdx.x % 32
        for m in range(down):
            at = first + (ROWS * m + lane % 16) * row_pitch + lane // 16 * (step_reads // 2)
            four = matrices(shared, at)
            for i in range(4):
                a[4 * m + i] = four[i]

    def words_of(shared, b, first):  # type: ignore[no-untyped-def]
        lane = cuda.threadIdx.x % 32
        for j in range(across):
            for i in range(2):
                at = first + (4 * i + lane % 4) * column_pitch + COLUMNS * j + lane // 4
                b[2 * j + i] = word_at(shared, at)

    def halves_of(shared, b, first):  # type: ignore[no-untyped-def]
        lane = cuda.threadIdx.x % 32
        for j in range(across // 2):
            at = first + lane % 16 * column_pitch + 2 * COLUMNS * j + lane // 16 * COLUMNS
            four = matrices_turned(shared, at)
            for i in range(4):
                b[4 * j + i] = four[i]

    rows_of, columns_of = part(rows_of), part(halves_of if size == 2 else words_of)

    def add(shared, sums, a, b, a_rest, b_rest, row, column, turn):  # type: ignore[no-untyped-def]
        at = turn % STAGES * stage
        for step in range(READS // step_reads):
            rows_of(shared, a, at + row * row_pitch + step * step_reads)
            columns_of(shared, b, at + samples + step * step_reads * column_pitch + column)
            if form != "float16":
                for i in range(4 * down):
                    whole, a[i] = a[i], near(a[i])
                    a_rest[i] = rest(whole, a[i])
                for i in range(2 * across):
                    whole, b[i] = b[i], near(b[i])
                    b_rest[i] = rest(whole, b[i])
            if form == "3xtf32":
                multiply(sums, a_rest, b)
                multiply(sums, a, b_rest)
            multiply(sums, a, b)

    return part(add)


def _make(tile: Tile, form: str, activation_name: str | None, wide: Any) -> Callable[..., None]:
    half, single, word = (from_dtype(np.dtype(each)) for each in ("f2", "f4", "i4"))
    kind, size = (half, 2) if form == "float16" else (single, 4)
    fetch, keep = _gathering(tile, form)
    add, store = _multiplying(tile, form), k.storing(activation_name, wide)
    rows, columns, warp_rows, warp_columns = (
        tile.rows,
        tile.columns,
        tile.warp_rows,
        tile.warp_columns,
    )
    warps_across, warps_down = columns // warp_columns, rows // warp_rows
    down, across = warp_rows // ROWS, warp_columns // COLUMNS
    column_pitch, reads_at_once = tile.pitches(size)[1], tile.threads // columns
    a_words, b_words, row_sums, all_sums = 4 * down, 2 * across, 4 * across, 4 * across * down
    held_count = (rows + columns) * READS // tile.threads
    wait = waiting(0)
    back = np.float32(1 if form == "float16" else 2.0 ** (-2 * EXPONENT))
    zero = np.float32(0)

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
        shared, staged = cuda.shared.array(0, kind), cuda.shared.array(0, single)
        sums = cuda.local.array(all_sums, single)
        a, a_rest = cuda.local.array(a_words, word), cuda.local.array(a_words, word)
        b, b_rest = cuda.local.array(b_words, word), cuda.local.array(b_words, word)
        held = cuda.local.array(held_count, half)

        p, group, first_row, first_column, most = k.tile_of(g, parts, rows, columns)
        if most < 0:
            return
        thread = cuda.threadIdx.x
        place = k.column_of(parts, p, first_column, min(np.int32(thread % columns), most))
        corner = k.corner_of(g, parts, p, place)
        base = k.sample_at(g, group, place[0], corner)
        results = np.int32(g[k.RESULT_CHANNELS] // g[k.GROUPS])
        own = (first_row, np.int32(group * g[k.WEIGHT_GROUP]), results)
        first_read = parts[p + k.AT_READS]
        warp = thread // 32
        down_from, across_from = (
            warp // warps_across * warp_rows,
            warp % warps_across * warp_columns,
        )
        for i in range(all_sums):
            sums[i] = zero

        turns = (parts[p + k.PART_READS] + READS - 1) // READS
        for turn in range(-1, turns):
            if turn + 1 < turns:
                ahead = first_read + (turn + 1) * READS
                fetch(
                    shared, held, x, weight, reads, sources, g, corner, base, own, ahead, turn + 1
                )
            commit_copies()
            if turn >= 0:
                add(shared, sums, a, b, a_rest, b_rest, down_from, across_from, turn)
            if turn + 1 < turns:
                keep(shared, held, turn + 1)
            wait()
            cuda.syncthreads()

        # Results go through shared memory, 16 rows of each warp at a time, to where threads that
        # are neighbours store what is neighbours; then one copy of the epilogue's code is enough.
        column, lane = anew(thread) % columns, thread % 32
        place = k.column_of(parts, p, first_column, column)
        first = k.result_at(g, parts, p, place)
        for m in range(down):
            # Always the first rows, and the others move up: what is indexed by a variable is not
            # kept in registers.
            at = (
                (warp // warps_across * ROWS + lane // 4) * column_pitch
                + across_from
                + lane % 4 * 2
            )
            for i in range(row_sums):
                to = at + i // 4 * COLUMNS + i % 4 // 2 * 8 * column_pitch + i % 2
                staged[np.uint32(to)] = sums[i]
            for i in range(all_sums - row_sums):
                sums[i] = sums[i + row_sums]
            cuda.syncthreads()
            for line in range(thread // columns, ROWS * warps_down, reads_at_once):
                row = first_row + line // ROWS * warp_rows + ROWS * m + line % ROWS
                if column <= most and row < results:
                    value = staged[np.uint32(line * column_pitch + column)] * back
                    given = (x, weight, bias, residual, reads, sources, parts)
                    store(given, out, g, p, group, row, place, first, value)
            cuda.syncthreads()

    return kernel


@cache
def kernel(tile: Tile, form: str, activation_name: str | None) -> Kernel:
    """Return the kernel that computes tiles of this size with products of this form."""
    name = f"tensor-{form}-{tile.name}-{activation_name}"
    make = partial(_make, tile, form, activation_name)
    return Kernel(name, make, tile.threads, tile.blocks, k.NUMBERS)
