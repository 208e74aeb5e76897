"""Involution whose kernels are made in shared memory, used at once and forgotten.

A block of threads has a tile of positions of one image, and one group. It computes the taps of
all of them, a product of rows of the span weight and features of the positions, then applies them
to the channels of the group. Kernels of many taps take several rounds of both.

For the taps it is a matrix product: a thread has a few taps of eight positions. For the channels
a thread has a few rows of a column of results, in a few channels, and reads each sample once for
its rows. A tap of a position is at the same place of shared memory for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32, int64
from numpy.typing import NDArray

from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..epilogue import destination, storing
from ..part import part
from ..ptx import anew, load4
from . import block_tables as t

THREADS = 128
POSITIONS = 128
# Features that are in shared memory at a time.
DEPTH = 16
VECTOR = 4
# Threads side by side share taps, those of a column of threads share positions.
ACROSS = 16
DOWN = THREADS // ACROSS
OWN_POSITIONS = POSITIONS // ACROSS
HALF = POSITIONS // 2
# What separates rows of shared memory, so that threads that fill a column use more banks.
SPACE = 4

# What shared memory has of each column of the tile: where it begins in the tables of the axes, its
# first result in a channel, and how many of its rows there are.
LINE_Z, LINE_Y, LINE_X, FIRST, INSIDE = range(5)
COLUMN_NUMBERS = 5


@dataclass(frozen=True)
class Block:
    """What a thread has: taps, of eight positions; then rows of a column, in some channels.

    It reads the samples at once that a run of taps meets: row `r` meets number
    ``r * row_step + i * tap_step`` with tap `i` of the run. With `gaps`, the last run is shorter.
    """

    taps: int
    rows: int
    channels: int
    blocks: int
    run: int = 1
    row_step: int = 0
    tap_step: int = 0
    gaps: bool = False

    @property
    def samples(self) -> int:
        return (self.rows - 1) * self.row_step + (self.run - 1) * self.tap_step + 1

    @property
    def name(self) -> str:
        steps = f"{self.run}-{self.row_step}-{self.tap_step}{'-gaps' if self.gaps else ''}"
        return f"{self.taps}x{self.rows}x{self.channels}-{steps}"

    @property
    def round(self) -> int:
        """Taps that a block of threads has at a time."""
        return DOWN * self.taps

    @property
    def slot(self) -> int:
        """Places of shared memory for a thread's taps, whole vectors."""
        return -(-self.taps // VECTOR) * VECTOR

    @property
    def slots(self) -> NDArray[np.int64]:
        """Which tap is at each of these places, those of all threads; -1: none."""
        made = np.full((DOWN, self.slot), -1)
        made[:, : self.taps] = np.arange(self.round).reshape(DOWN, self.taps)
        return made.ravel()

    @property
    def places(self) -> int:
        """Columns of rows in a tile."""
        return POSITIONS // self.rows

    @property
    def channels_at_once(self) -> int:
        return THREADS // self.places * self.channels


def _generate(block: Block, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    taps, slot, slots, places = block.taps, block.slot, DOWN * block.slot, block.places
    at_weights, pitch, vectors = DEPTH * POSITIONS, slots + SPACE, slot // VECTOR

    @part
    def generate(
        room: Any,
        where: Any,
        hidden: Any,
        span_weight: Any,
        span_bias: Any,
        tables: Any,
        span_rows: Any,
        g: Any,
    ) -> None:
        """Leave the taps of all positions in `room`, of the span weight's rows that a table has."""
        products = cuda.local.array((taps, OWN_POSITIONS), kind)
        weights = cuda.local.array(slot, kind)
        values = cuda.local.array(OWN_POSITIONS, kind)
        thread = anew(cuda.threadIdx.x)
        across, down = thread % ACROSS, thread // ACROSS
        first_row = anew(cuda.blockIdx.y) * g[t.TAPS]
        for i in range(taps):
            row = tables[span_rows + down * slot + i]
            start = wide(0)
            if g[t.HAS_SPAN_BIAS] and row >= 0:
                start = wide(span_bias[first_row + row])
            for j in range(OWN_POSITIONS):
                products[i, j] = start

        # This thread brings the features of one position, a row of the column that it has later.
        column, r = thread % places, thread // places
        has_feature = r < where[INSIDE * places + column]
        feature = anew(cuda.blockIdx.z) * g[t.HIDDEN] * g[t.RESULT_PLANE]
        feature += where[FIRST * places + column] + r * g[t.RESULT_X]
        for first in range(0, g[t.HIDDEN], DEPTH):
            depth = min(DEPTH, g[t.HIDDEN] - first)
            cuda.syncthreads()
            for h in range(depth):
                value = wide(0)
                if has_feature:
                    value = wide(hidden[feature + (first + h) * g[t.RESULT_PLANE]])
                room[h * POSITIONS + thread] = value
            h = thread % DEPTH
            if h < depth:
                for place in range(thread // DEPTH, slots, THREADS // DEPTH):
                    row = tables[span_rows + place]
                    value = wide(0)
                    if row >= 0:
                        value = wide(span_weight[(first_row + row) * g[t.HIDDEN] + first + h])
                    room[at_weights + h * pitch + place] = value
            cuda.syncthreads()
            for h in range(depth):
                for piece in range(vectors):
                    four = load4(room, at_weights + h * pitch + down * slot + piece * VECTOR)
                    for i in range(VECTOR):
                        weights[piece * VECTOR + i] = four[i]
                for piece in range(OWN_POSITIONS // VECTOR):
                    four = load4(room, h * POSITIONS + piece * HALF + across * VECTOR)
                    for j in range(VECTOR):
                        values[piece * VECTOR + j] = four[j]
                for i in range(taps):
                    for j in range(OWN_POSITIONS):
                        products[i, j] += weights[i] * values[j]

        cuda.syncthreads()
        for i in range(taps):
            for j in range(OWN_POSITIONS):
                position = j // VECTOR * HALF + across * VECTOR + j % VECTOR
                room[np.uint64((down * taps + i) * POSITIONS + position)] = products[i, j]
        cuda.syncthreads()

    return generate


def _apply(block: Block, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    rows, own, places, samples = block.rows, block.channels, block.places, block.samples
    run, row_step, tap_step, gaps = block.run, block.row_step, block.tap_step, block.gaps

    @part
    def apply(
        sums: Any, room: Any, where: Any, x: Any, first: Any, at: Any, tables: Any, g: Any
    ) -> None:
        """Add what the taps in `room`, of columns `at` and on, make of this thread's channels."""
        values = cuda.local.array((own, samples), kind)
        channels = cuda.local.array(own, int64)
        column = anew(cuda.threadIdx.x) % places
        line_z, line_y = where[LINE_Z * places + column], where[LINE_Y * places + column]
        line_x, inside = where[LINE_X * places + column], where[INSIDE * places + column]
        channel = anew(cuda.blockIdx.z) * g[t.CHANNELS] + cuda.blockIdx.y * g[t.IN_GROUP] + first
        beyond = min(at + g[t.COLUMNS_IN_ROUND], g[t.COLUMNS])
        if inside <= 0 or first >= g[t.IN_GROUP]:
            beyond = at
        for c in range(own):
            # Channels beyond the group's last are read as its first, and left out in the end.
            channels[c] = c * g[t.GIVEN_PLANE] if first + c < g[t.IN_GROUP] else 0
        for tap_column in range(at, beyond):
            z = tables[line_z + tables[g[t.AT_COLUMNS] + 2 * tap_column]]
            x_ = tables[line_x + tables[g[t.AT_COLUMNS] + 2 * tap_column + 1]]
            sample = channel * g[t.GIVEN_PLANE] + z + x_
            for tap in range(0, g[t.TAPS_IN_COLUMN], run):
                for s in range(samples):
                    y = tables[line_y + tap * g[t.DILATION_Y] + s * g[t.SPACING]]
                    if z | y | x_ >= 0:  # none of them is negative
                        for c in range(own):
                            values[c, s] = wide(x[sample + y + channels[c]])
                    else:
                        for c in range(own):
                            values[c, s] = wide(0)
                taps = ((tap_column - at) * g[t.TAPS_IN_COLUMN] + tap) * POSITIONS + column
                for i in range(run):
                    if not gaps or tap + i < g[t.TAPS_IN_COLUMN]:
                        for r in range(rows):
                            factor = room[np.uint64(taps + i * POSITIONS + r * places)]
                            for c in range(own):
                                sums[c, r] += factor * values[c, r * row_step + i * tap_step]

    return apply


def _make(block: Block, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    store = storing(activation_name, wide)
    generate, apply = _generate(block, wide), _apply(block, wide)
    rows, own, at_once = block.rows, block.channels, block.channels_at_once
    places, slots, column_numbers = block.places, DOWN * block.slot, COLUMN_NUMBERS * block.places
    size = max(block.round * POSITIONS, DEPTH * (POSITIONS + slots + SPACE))

    def kernel(
        x: Values,
        hidden: Values,
        span_weight: Values,
        span_bias: Values,
        bias: Results,
        residual: Results,
        out: Results,
        tables: Shorts,
        g: Numbers,
    ) -> None:
        room = cuda.shared.array(size, kind, 16)
        where = cuda.shared.array(column_numbers, int32)
        sums = cuda.local.array((own, rows), kind)
        column = cuda.threadIdx.x % places
        if cuda.threadIdx.x < places:
            place = np.int64(cuda.blockIdx.x) * places + column
            rest, ox = place // g[t.RESULT_X], place % g[t.RESULT_X]
            oz, oy = rest // g[t.ROW_BLOCKS], rest % g[t.ROW_BLOCKS] * rows
            where[LINE_Z * places + column] = g[t.AT_Z] + oz * g[t.STRIDE_Z]
            where[LINE_Y * places + column] = g[t.AT_Y] + oy * g[t.STRIDE_Y]
            where[LINE_X * places + column] = g[t.AT_X] + ox * g[t.STRIDE_X]
            where[FIRST * places + column] = (oz * g[t.RESULT_Y] + oy) * g[t.RESULT_X] + ox
            inside = g[t.RESULT_Y] - oy if oz < g[t.RESULT_Z] else 0
            where[INSIDE * places + column] = inside
        cuda.syncthreads()

        own_first = cuda.threadIdx.x // places * own
        for first in range(own_first, g[t.IN_GROUP] + own_first, at_once):
            for c in range(own):
                for r in range(rows):
                    sums[c, r] = wide(0)
            for number in range(g[t.ROUNDS]):
                # The taps of a single round are still there from the channels before.
                if first < at_once or g[t.ROUNDS] > 1:
                    span_rows = g[t.AT_ROWS] + number * slots
                    generate(room, where, hidden, span_weight, span_bias, tables, span_rows, g)
                apply(sums, room, where, x, first, number * g[t.COLUMNS_IN_ROUND], tables, g)

            first_place, inside = where[FIRST * places + column], where[INSIDE * places + column]
            for c in range(own):
                result = anew(cuda.blockIdx.y) * g[t.IN_GROUP] + first + c
                stored = destination(result, g[t.SHUFFLED_IN_GROUP], g[t.SHUFFLE])
                plane = (cuda.blockIdx.z * g[t.CHANNELS] + stored) * g[t.RESULT_PLANE]
                for r in range(rows):
                    if r < inside and first + c < g[t.IN_GROUP]:
                        at = plane + first_place + r * g[t.RESULT_X]
                        has_bias, has_residual = g[t.HAS_BIAS], g[t.HAS_RESIDUAL]
                        store(sums[c, r], result, at, has_bias, has_residual, bias, residual, out)

    return kernel


@cache
def kernel(block: Block, activation_name: str | None) -> Kernel:
    """Return the kernel whose blocks of threads have such tiles."""
    name = f"involution-block-{block.name}-{activation_name}"
    return Kernel(name, partial(_make, block, activation_name), THREADS, block.blocks, t.NUMBERS)
