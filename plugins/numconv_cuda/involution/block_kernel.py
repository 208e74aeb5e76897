"""Involution whose kernels are made in shared memory, used at once and forgotten.

A block of threads has a tile of positions of one image, and one group. It computes the taps of
all of them, a product of rows of the span weight and features of the positions, then applies them
to the channels of the group. Kernels of many taps take several rounds of both.

For the taps it is a matrix product: a thread has a few taps of eight positions. For the channels
its threads walk down columns; see `columns`. A tap of a position is at the same place of shared
memory for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numba import cuda, from_dtype, int32

from .. import columns as k
from ..activate import activation
from ..compile import Kernel, Numbers, Results, Shorts, Values
from ..part import part
from ..ptx import anew, load4

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

(
    HIDDEN,
    CHUNKS,
    CHUNK_COLUMNS,
    HAS_SPAN_BIAS,
    SPAN_ROWS,
    TAP_COLUMNS,
    STEP_TAPS,
) = range(k.NUMBERS, k.NUMBERS + 7)
NUMBERS = k.NUMBERS + 7
# A row's tap in a step is a byte of an int32.
NO_TAP = 255


@dataclass(frozen=True)
class Block:
    """What a thread has: taps, of eight positions; then rows of a column, in some channels."""

    taps: int
    rows: int
    channels: int
    blocks: int

    @property
    def chunk(self) -> int:
        """Taps that a block has at a time."""
        return DOWN * self.taps

    @property
    def slot(self) -> int:
        """Places of shared memory for a thread's taps, whole vectors."""
        return -(-self.taps // VECTOR) * VECTOR

    @property
    def places(self) -> int:
        """Columns of rows in a tile."""
        return POSITIONS // self.rows

    @property
    def channels_at_once(self) -> int:
        return THREADS // self.places * self.channels


def _generate(block: Block, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    taps, slot, slots = block.taps, block.slot, DOWN * block.slot
    places = block.places
    at_weights, pitch, vectors = DEPTH * POSITIONS, DOWN * block.slot + SPACE, block.slot // VECTOR

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
        first_row = anew(cuda.blockIdx.y) * g[k.KERNEL_Z] * g[k.KERNEL_Y] * g[k.KERNEL_X]
        for i in range(taps):
            row = tables[span_rows + down * slot + i]
            start = wide(0)
            if g[HAS_SPAN_BIAS] and row >= 0:
                start = wide(span_bias[first_row + row])
            for j in range(OWN_POSITIONS):
                products[i, j] = start

        # This thread brings the features of one position, a row of the column that it has later.
        column = thread % places
        oz, ox = where[column], where[2 * places + column]
        oy = where[places + column] + thread // places
        plane = anew(g[k.RESULT_Z]) * g[k.RESULT_Y] * g[k.RESULT_X]
        feature = (
            cuda.blockIdx.z * g[HIDDEN] * plane + (oz * g[k.RESULT_Y] + oy) * g[k.RESULT_X] + ox
        )
        has_feature = oz < g[k.RESULT_Z] and oy < g[k.RESULT_Y]
        for first in range(0, g[HIDDEN], DEPTH):
            depth = min(DEPTH, g[HIDDEN] - first)
            cuda.syncthreads()
            for h in range(depth):
                value = wide(0)
                if has_feature:
                    value = wide(hidden[feature + (first + h) * plane])
                room[h * POSITIONS + thread] = value
            h = thread % DEPTH
            if h < depth:
                for place in range(thread // DEPTH, slots, THREADS // DEPTH):
                    row = tables[span_rows + place]
                    value = wide(0)
                    if row >= 0:
                        value = wide(span_weight[(first_row + row) * g[HIDDEN] + first + h])
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
                room[(down * taps + i) * POSITIONS + position] = products[i, j]
        cuda.syncthreads()

    return generate


def _apply(block: Block, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    rows, own, places = block.rows, block.channels, block.places

    @part
    def apply(
        sums: Any, room: Any, where: Any, x: Any, first: Any, chunk: Any, tables: Any, g: Any
    ) -> None:
        """Add what the taps in `room` make of the samples of this thread's channels."""
        samples = cuda.local.array(own, kind)
        column = anew(cuda.threadIdx.x) % places
        oz, oy, ox = where[column], where[places + column], where[2 * places + column]
        n, group = anew(cuda.blockIdx.z), anew(cuda.blockIdx.y)
        in_group = g[k.RESULT_CHANNELS] // g[k.GROUPS]
        plane = anew(g[k.GIVEN_Z]) * g[k.GIVEN_Y] * g[k.GIVEN_X]
        given = (n * g[k.RESULT_CHANNELS] + group * in_group + first) * plane
        at = chunk * g[CHUNK_COLUMNS]
        beyond = min(at + g[CHUNK_COLUMNS], g[k.KERNEL_Z] * g[k.KERNEL_X])
        if oz >= g[k.RESULT_Z]:
            beyond = 0
        for tap_column in range(at, beyond):
            offset_z = tables[g[TAP_COLUMNS] + 2 * tap_column]
            offset_x = tables[g[TAP_COLUMNS] + 2 * tap_column + 1]
            iz = tables[g[k.SOURCE_Z] + oz * g[k.STRIDE_Z] + offset_z]
            ix = tables[g[k.SOURCE_X] + ox * g[k.STRIDE_X] + offset_x]
            taps = (tap_column - at) * g[k.KERNEL_Y] * POSITIONS + column
            for step in range(g[k.STEPS]):
                iy = tables[g[k.SOURCE_Y] + oy * g[k.STRIDE_Y] + tables[g[k.OFFSETS] + step]]
                sample = given + (iz * g[k.GIVEN_Y] + iy) * g[k.GIVEN_X] + ix
                for c in range(own):
                    samples[c] = wide(0)
                    if first + c < in_group and iz >= 0 and iy >= 0 and ix >= 0:
                        samples[c] = wide(x[sample + c * plane])
                step_taps = tables[g[STEP_TAPS] + step]
                for r in range(rows):
                    ky = step_taps >> (8 * r) & 255
                    if ky != NO_TAP:
                        factor = room[taps + ky * POSITIONS + r * places]
                        for c in range(own):
                            sums[c, r] += factor * samples[c]

    return apply


def _make(block: Block, activation_name: str | None, wide: Any) -> Callable[..., None]:
    kind = from_dtype(np.dtype(wide))
    activate = activation(activation_name, wide)
    generate, apply = _generate(block, wide), _apply(block, wide)
    rows, own, at_once = block.rows, block.channels, block.channels_at_once
    places, slots, axes = block.places, DOWN * block.slot, 3 * block.places
    size = max(block.chunk * POSITIONS, DEPTH * (POSITIONS + slots + SPACE))

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
        sums = cuda.local.array((own, rows), kind)
        where = cuda.shared.array(axes, int32)
        column = cuda.threadIdx.x % places
        if cuda.threadIdx.x < places:
            place = np.int64(cuda.blockIdx.x) * places + column
            rest = place // g[k.RESULT_X]
            where[column] = rest // g[k.ROW_BLOCKS]
            where[places + column] = rest % g[k.ROW_BLOCKS] * rows
            where[2 * places + column] = place % g[k.RESULT_X]
        cuda.syncthreads()
        own_first = cuda.threadIdx.x // places * own
        in_group = g[k.RESULT_CHANNELS] // g[k.GROUPS]

        for first in range(own_first, in_group + own_first, at_once):
            for c in range(own):
                for r in range(rows):
                    sums[c, r] = wide(0)
            for chunk in range(g[CHUNKS]):
                # The taps of a single round are still there from the channels before.
                if first < at_once or g[CHUNKS] > 1:
                    span_rows = g[SPAN_ROWS] + chunk * slots
                    generate(room, where, hidden, span_weight, span_bias, tables, span_rows, g)
                apply(sums, room, where, x, first, chunk, tables, g)

            oz, oy, ox = where[column], where[places + column], where[2 * places + column]
            n, per_group = anew(cuda.blockIdx.z), g[k.RESULT_CHANNELS] // g[k.SHUFFLE]
            for c in range(own):
                result = np.int64(cuda.blockIdx.y) * in_group + first + c
                stored = result % per_group * g[k.SHUFFLE] + result // per_group
                row = (n * g[k.RESULT_CHANNELS] + stored) * g[k.RESULT_Z] + oz
                row = row * g[k.RESULT_Y] + oy
                for r in range(rows):
                    if oz < g[k.RESULT_Z] and oy + r < g[k.RESULT_Y] and first + c < in_group:
                        at = (row + r) * g[k.RESULT_X] + ox
                        value = sums[c, r]
                        if g[k.HAS_BIAS]:
                            value += wide(bias[result])
                        if g[k.HAS_RESIDUAL]:
                            value += wide(residual[at])
                        out[at] = activate(value)

    return kernel


@cache
def kernel(block: Block, activation_name: str | None) -> Kernel:
    """Return the kernel whose blocks of threads have such tiles."""
    name = f"involution-block-{block.taps}x{block.rows}x{block.channels}-{activation_name}"
    return Kernel(name, partial(_make, block, activation_name), THREADS, block.blocks, NUMBERS)
