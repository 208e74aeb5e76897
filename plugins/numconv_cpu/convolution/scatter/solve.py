"""The worker of `scattered`: products of a block, added up and stored at once."""

from __future__ import annotations

from ...compile import kernel
from ...simd.memory import at, claim, record_at
from ..layout import Arrays
from .products import sum_products
from .results import add_up


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, blocks, geometry
):
    """Take tasks until none is left. There is one stage; the parameters are `launch.start`'s."""
    g = record_at(geometry, 0)
    arrays = Arrays(x, weight, bias, residual, out, memory, tables)
    while True:
        task = claim(counters, 1)
        if task >= g.tasks:
            return
        # The tasks that use the same weights follow each other.
        rest, tile_block = task // g.blocks, 0
        block = record_at(blocks, task - rest * g.blocks)
        if g.batch > 1:
            rest, n = rest // g.batch, rest % g.batch
        else:
            n = 0
        group, tile_block = rest // g.tile_blocks, rest % g.tile_blocks
        compute_block(g, block, n, group, tile_block, worker, arrays)


@kernel
def compute_block(g, block, n, group, tile_block, worker, arrays):  # type: ignore[no-untyped-def]
    """Compute a block of results of a block of channels."""
    own = at(arrays.memory, worker * g.worker)
    tile = tile_block * g.tile_block
    lane = tile * g.tile_lanes
    lanes = min(g.tile_block * g.tile_lanes, g.row - lane)
    given = (n * g.groups + group) * g.given_channels * g.positions + block.first_position
    weights = at(arrays.weight, group * g.given_channels * g.row + lane)
    if g.prepared:
        tiles = group * g.tiles + tile
        weights = at(arrays.weight, tiles * g.given_channels * g.tile_lanes)
    sums = at(own, g.at_sums)
    sum_products(
        g,
        weights,
        at(arrays.x, given),
        g.given - given,
        block.positions,
        lanes,
        sums,
        at(own, g.at_panels),
        at(own, g.at_packed),
    )
    channel = group * g.result_channels + lane // g.taps
    turned, row = at(own, g.at_turned), at(own, g.at_row)
    add_up(g, block, channel, lanes // g.taps, n, arrays, sums, turned, row)
