"""The worker of `scattered`: products of a block, added up and stored at once."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...kernel.arguments import Arrays
from ...runtime.compile import kernel
from ...simd.memory import at, fetch_add, integers, record_at
from .products import macro_kernel
from .results import add_up, find_rows


class Block(NamedTuple):
    """A block of results: its ranges, and the samples that add to it.

    `at_x` and `cell` are of the taps along x; `turn_…` and `phase_…` of the first results along z
    and y: result ``turn * stride + phase``.
    """

    first_z: Any
    end_z: Any
    first_y: Any
    end_y: Any
    first_x: Any
    end_x: Any
    first_position: Any
    positions: Any
    at_x: Any
    cell: Any
    turn_z: Any
    phase_z: Any
    turn_y: Any
    phase_y: Any


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks until none is left. There is one stage; the parameters are `launch.start`'s."""
    g = record_at(geometry, 0)
    arrays = Arrays(x, weight, bias, residual, out, memory, tables)
    while True:
        task = fetch_add(counters, 1)
        if task >= g.tasks:
            return
        # The tasks that use the same weights follow each other.
        rest = task // g.pieces
        block = block_at(g, task - rest * g.pieces)
        if g.batch > 1:
            rest, n = rest // g.batch, rest % g.batch
        else:
            n = 0
        group, tile_block = rest // g.tile_blocks, rest % g.tile_blocks
        compute_block(g, block, n, group, tile_block, worker, arrays)


@kernel
def block_at(g, index):  # type: ignore[no-untyped-def]
    """Return a block of results: see `ScatteredAxis.piece` and `ScatteredAxis.reach`."""
    stride, lo = g.lead_stride, g.lead_lo
    cell = g.first_cell + g.cells * index // g.pieces
    after = g.first_cell + g.cells * (index + 1) // g.pieces
    first, end = max(cell * stride - lo, 0), min(after * stride - lo, g.lead_result)
    lowest = -((g.lead_reach - lo - first) // stride)
    begin = min(max(lowest, 0), g.lead_given)
    past = min(max((end - 1 + lo) // stride + 1, begin), g.lead_given)
    z0, z1 = 0, g.result_depth
    y0, y1 = 0, g.result_height
    x0, x1 = 0, g.result_width
    at_x = g.at_x
    if g.lead == 0:
        z0, z1 = first, end
    elif g.lead == 1:
        y0, y1 = first, end
    else:
        x0, x1 = first, end
    if g.lead == 2 and index > 0:
        at_x = g.at_later
    else:
        cell = 0
    samples = (begin * g.inner, (past - begin) * g.inner)
    turn_z, turn_y = z0 // g.stride_z, y0 // g.stride_y
    turns = (turn_z, z0 - turn_z * g.stride_z, turn_y, y0 - turn_y * g.stride_y)
    return Block(z0, z1, y0, y1, x0, x1, *samples, at_x, cell, *turns)


@kernel
def compute_block(g, block, n, group, tile_block, worker, arrays):  # type: ignore[no-untyped-def]
    """Compute a block of results of a block of channels."""
    own = at(arrays.memory, g.at_workers + worker * g.worker)
    tile = tile_block * g.tile_block
    lane = tile * g.MR
    lanes = min(g.tile_block * g.MR, g.row - lane)
    given = (n * g.groups + group) * g.given_channels * g.positions + block.first_position
    weights = at(arrays.weight, group * g.given_channels * g.row + lane)
    if g.prepared:
        tiles = group * g.tiles + tile
        weights = at(arrays.weight, tiles * g.given_channels * g.MR)
    sums = at(own, g.own_sums)
    macro_kernel(
        g,
        weights,
        at(arrays.x, given),
        g.given - given,
        block.positions,
        lanes,
        sums,
        at(own, g.own_panels),
        at(own, g.own_packed),
    )
    channel = group * g.result_channels + lane // g.taps
    transposed, row = at(own, g.own_transposed), at(own, g.own_row)
    rows = integers(at(own, g.own_rows))
    find_rows(rows, g, block, arrays.tables)
    add_up(g, block, channel, lanes // g.taps, n, arrays, sums, transposed, row, rows)
