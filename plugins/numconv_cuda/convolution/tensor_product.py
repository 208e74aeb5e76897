"""The product of `implicit` on tensor cores: a warp multiplies 16 rows by 8 columns at once.

A block gathers `READS` reads of all its rows and columns into one stage of shared memory while its
warps multiply those in another. There the reads of a row stand side by side, as `ldmatrix` wants
them, and the columns of a read, as they are gathered; what separates rows spreads both over all
banks.

Tensor cores take float16, or 11 significant bits of a float32 ("tf32"). Products as exact as those
of float32 take three multiplications: of each operand what it is rounded to and what that leaves,
all but the product of what is left ("3xTF32"; H. Ootomo and R. Yokota, "Recovering single precision
accuracy from Tensor Cores while surpassing the FP32 theoretical peak performance", 2022). So that
nothing that is left is too small to be kept, operands are taken times ``2**EXPONENT``. What becomes
too large by that is no finite number, and is computed by the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32, uint32

from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..part import part
from ..ptx import (
    anew,
    behind,
    commit_copies,
    leaving,
    matrices,
    matrices_turned,
    multiplying,
    rounding,
    waiting,
    word_at,
)
from . import implicit as k
from . import numbers as n
from . import tensor_gather as gather
from .tensor_gather import READS, Room, Tile, Vectors

# A warp multiplies 16 rows by 8 columns, and as many reads as stand in so many bytes.
ROWS, COLUMNS, STEP_BYTES = 16, 8, 32
EXPONENT = 24
FORMS = ("3xtf32", "tf32", "float16")
LARGE = Tile(128, 128, 64, 32, 2)
SMALL = Tile(64, 64, 32, 32, 4)
FLAT = Tile(32, 128, 32, 32, 4)
TILES = (LARGE, SMALL, FLAT)


def room_of(tile: Tile, form: str) -> Room:
    """Return how shared memory is laid out."""
    return Room(tile, 2 if form == "float16" else 4)


def shared_bytes(tile: Tile, form: str) -> int:
    """Return the bytes of all stages, or of the results that pass through at the end."""
    room = room_of(tile, form)
    passing = 4 * ROWS * (tile.rows // tile.warp_rows) * room.column_pitch
    return max(room.stages * room.size * room.stage, passing)


def _multiplying(tile: Tile, form: str) -> Any:
    """Return how a warp adds the products of a stage to its sums."""
    room = room_of(tile, form)
    size, row_pitch, column_pitch, samples = (
        room.size,
        room.row_pitch,
        room.column_pitch,
        room.samples,
    )
    down, across = tile.warp_rows // ROWS, tile.warp_columns // COLUMNS
    step_reads = STEP_BYTES // size
    multiply = multiplying("f16" if size == 2 else "tf32", down, across)
    near, rest = rounding(EXPONENT), leaving(EXPONENT)

    def rows_of(shared, a, first):  # type: ignore[no-untyped-def]
        lane = uint32(cuda.threadIdx.x) % 32
        for m in range(down):
            at = first + (ROWS * m + lane % 16) * row_pitch + lane // 16 * (step_reads // 2)
            four = matrices(shared, at)
            for i in range(4):
                a[4 * m + i] = four[i]

    def words_of(shared, b, first):  # type: ignore[no-untyped-def]
        lane = uint32(cuda.threadIdx.x) % 32
        for j in range(across):
            for i in range(2):
                at = first + (4 * i + lane % 4) * column_pitch + COLUMNS * j + lane // 4
                b[2 * j + i] = word_at(shared, at)

    def halves_of(shared, b, first):  # type: ignore[no-untyped-def]
        lane = uint32(cuda.threadIdx.x) % 32
        for j in range(across // 2):
            at = first + lane % 16 * column_pitch + 2 * COLUMNS * j + lane // 16 * COLUMNS
            four = matrices_turned(shared, at)
            for i in range(4):
                b[4 * j + i] = four[i]

    rows_of, columns_of = part(rows_of), part(halves_of if size == 2 else words_of)

    def add(shared, sums, a, b, a_rest, b_rest, row, column, at):  # type: ignore[no-untyped-def]
        for step in range(READS // step_reads):
            rows_of(shared, a, at + row * row_pitch + step * step_reads)
            columns_of(shared, b, at + samples + step * step_reads * column_pitch + column)
            if form != "float16":
                for i in range(4 * down):
                    whole, a[i] = a[i], near(a[i])
                    if form == "3xtf32":
                        a_rest[i] = rest(whole, a[i])
                for i in range(2 * across):
                    whole, b[i] = b[i], near(b[i])
                    if form == "3xtf32":
                        b_rest[i] = rest(whole, b[i])
            if form == "3xtf32":
                multiply(sums, a_rest, b)
                multiply(sums, a, b_rest)
            multiply(sums, a, b)

    return part(add)


def _make(
    tile: Tile, form: str, vectors: Vectors, activation_name: str | None, wide: Any
) -> Callable[..., None]:
    half, single, word = (from_dtype(np.dtype(each)) for each in ("f2", "f4", "i4"))
    room, kind = room_of(tile, form), half if form == "float16" else single
    fetch_rows, keep_rows, rows_held = gather.rows(room, vectors.rows)
    fetch_columns, keep_columns, columns_held = gather.columns(room, vectors.columns)
    vector = gather.vector_of_columns(room, vectors.columns)
    add, store = _multiplying(tile, form), k.storing(activation_name, wide)
    rows, columns, warp_rows, warp_columns = (
        tile.rows,
        tile.columns,
        tile.warp_rows,
        tile.warp_columns,
    )
    warps_across, warps_down = columns // warp_columns, rows // warp_rows
    down, across = warp_rows // ROWS, warp_columns // COLUMNS
    column_pitch, stage, lines_at_once = room.column_pitch, room.stage, tile.threads // columns
    a_words, b_words, row_sums, all_sums = 4 * down, 2 * across, 4 * across, 4 * across * down
    gathering = columns // vector
    # Before the products of a stage all later ones but the last may be on their way.
    ahead, last_stage, wait = room.stages - 1, (room.stages - 1) * stage, waiting(room.stages - 2)
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
        held_rows = cuda.local.array(rows_held, half)
        held_columns = cuda.local.array(columns_held, half)

        p, group, first_row, first_column, most = k.tile_of(g, parts, rows, columns)
        if most < 0:
            return
        thread = uint32(cuda.threadIdx.x)
        own_column = min(int32(thread % gathering * vector), int32(most + 1 - vector))
        place = k.column_of(parts, p, first_column, own_column)
        corner = k.corner_of(g, parts, p, place)
        given = behind(x, k.sample_at(g, group, place[0], corner))
        results = int32(g[n.RESULT_CHANNELS] // g[n.GROUPS])
        own = (first_row, int32(group * g[n.WEIGHT_GROUP]), results)
        first_read = int32(parts[p + n.AT_READS])
        warp = thread // 32
        down_from, across_from = (
            warp // warps_across * warp_rows,
            warp % warps_across * warp_columns,
        )
        for i in range(all_sums):
            sums[i] = zero

        turns = int32((parts[p + n.PART_READS] + READS - 1) // READS)
        into, at = int32(0), int32(0)
        for turn in range(int32(-ahead), turns):
            if turn >= 0:
                wait()
                cuda.syncthreads()
            if turn + ahead < turns:
                first = int32(first_read + (turn + ahead) * READS)
                fetch_columns(shared, held_columns, given, reads, g, corner, first, into)
                fetch_rows(shared, held_rows, weight, sources, g, own, first, into)
            commit_copies()
            if turn >= 0:
                add(shared, sums, a, b, a_rest, b_rest, down_from, across_from, at)
                at = int32(at + stage if at < last_stage else 0)
            if turn + ahead < turns:
                keep_columns(shared, held_columns, into)
                keep_rows(shared, held_rows, into)
                into = int32(into + stage if into < last_stage else 0)
        cuda.syncthreads()

        # Results go through shared memory, 16 rows of each warp at a time, to where threads that
        # are neighbours store what is neighbours; then one copy of the epilogue's code is enough.
        column, lane = int32(anew(thread) % columns), thread % 32
        first_line = int32(thread // columns)
        place = k.column_of(parts, p, first_column, column)
        ends = k.ends_of(g, parts, p, group, place)
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
                staged[uint32(to)] = sums[i]
            for i in range(all_sums - row_sums):
                sums[i] = sums[i + row_sums]
            cuda.syncthreads()
            for band in range(warps_down):
                first_of_band = int32(first_row + band * warp_rows + ROWS * m)
                for line in range(first_line, ROWS, lines_at_once):
                    row = int32(first_of_band + line)
                    if column <= most and row < results:
                        at = (band * ROWS + line) * column_pitch + column
                        value = staged[uint32(at)] * back
                        arrays = (x, weight, bias, residual, reads, sources, parts)
                        store(arrays, out, g, p, group, row, place, ends, value)
            cuda.syncthreads()

    return kernel


@cache
def kernel(tile: Tile, form: str, vectors: Vectors, activation_name: str | None) -> Kernel:
    """Return the kernel that computes tiles of this size with products of this form."""
    name = f"tensor-{form}-{tile.name}-{vectors.name}-{activation_name}"
    make = partial(_make, tile, form, vectors, activation_name)
    return Kernel(name, make, tile.threads, tile.blocks, n.NUMBERS)
