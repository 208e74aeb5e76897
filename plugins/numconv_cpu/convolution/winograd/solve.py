"""The worker of `winograd`: transform, multiply point by point, transform back.

A tile of results is a sum over the channels of products of points: for each point there is a
matrix product of its own, tiles by given channels by result channels. The register tile has rows
of tiles and vectors of result channels, for layers have channels in multiples of vectors and few
tiles. It sums all channels in one go, so the order does not depend on how the work is cut up.
"""

from __future__ import annotations

from ...compile import kernel, stay_whole
from ...simd.memory import at, claim, record_at
from ...simd.tile import load, store
from .results import store_tiles
from .samples import transform_tiles
from .vectors import multiply_lanes, zeros
from .weights import check_weights, transform_weights


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left: of stage 0 transforms, of stage 1 products.

    The parameters are those of `launch.start`. The first element of `memory` becomes 1 if the
    weights are uneven, those that follow if the samples of their image are.
    """
    g = record_at(geometry, 0)
    limits = record_at(parts, 0)
    own = at(memory, g.at_workers + worker * g.worker)
    weights = weight if g.prepared else at(memory, g.at_weights)
    tasks = g.product_tasks if stage else g.weight_tasks + g.sample_tasks
    while True:
        task = claim(at(counters, 8 * stage), 1)
        if task >= tasks:
            return
        if stage == 1:
            product_task(
                task, x, weight, weights, bias, residual, out, memory, own, tables, g, limits
            )
        elif task < g.weight_tasks:
            weight_task(task, weight, weights, memory, own, g, limits)
        else:
            sample_task(task - g.weight_tasks, x, memory, own, tables, g, limits)


@kernel
def sample_task(task, x, memory, own, tables, g, limits):  # type: ignore[no-untyped-def]
    """Transform one row of tiles for all tasks."""
    rows = g.batch * g.tiles_y
    group, row = task // rows, task % rows
    f, last = row * g.tiles_x, (row + 1) * g.tiles_x
    while f < last:
        end = min(last, (f // g.block + 1) * g.block)
        target = at(memory, g.at_samples + (group * g.blocks + f // g.block) * g.sample_block)
        transform_tiles(f, end, group, x, target, own, memory, tables, g, limits.samples)
        f = end


@kernel
def product_task(  # type: ignore[no-untyped-def]
    task, x, weight, weights, bias, residual, out, memory, own, tables, g, limits
):
    """Compute a block of tiles of some strips of result channels."""
    block, rest = task % g.blocks, task // g.blocks
    parts = -(-g.strips // g.strips_per_task)
    part, group = rest % parts, rest // parts
    first, last = block * g.block, min((block + 1) * g.block, g.tiles)
    samples = at(memory, g.at_samples + (group * g.blocks + block) * g.sample_block)
    if not g.shared_samples:
        samples = at(own, g.own_samples)
        transform_tiles(first, last, group, x, samples, own, memory, tables, g, limits.samples)
    begin = part * g.strips_per_task
    for strip in range(begin, min(begin + g.strips_per_task, g.strips)):
        whole = at(weights, (group * g.strips + strip) * g.weight_strip)
        vectors = min(g.columns, g.result_channels - strip * g.columns + g.lanes - 1) // g.lanes
        products = at(own, g.own_products)
        for channels in range(0, g.given_blocks, g.weight_blocks):
            blocks = min(g.weight_blocks, g.given_blocks - channels)
            strip_weights = whole
            if not g.shared_weights:
                strip_weights = at(own, g.own_weights)
                own_strip(group, strip, channels, blocks, weight, memory, own, g, limits)
            for point in range(g.patch * g.patch):
                place = point * g.sample_point + channels * g.padded_block * g.lanes
                multiply(
                    at(samples, place),
                    at(strip_weights, point * g.weight_point),
                    at(products, point * g.product_point),
                    last - first,
                    blocks,
                    channels == 0,
                    g,
                )
        for v in range(vectors):
            channel, source = strip * g.columns + v * g.lanes, at(products, v * g.lanes)
            store_tiles(
                first, last, group, channel, source, bias, residual, out, own, memory, tables, g
            )


@kernel
def weight_task(task, weight, weights, memory, own, g, limits):  # type: ignore[no-untyped-def]
    """Transform the weights of one vector of result channels for all tasks."""
    vectors = g.columns // g.lanes
    strip, v = task // vectors, task % vectors
    group, channel = strip // g.strips, strip % g.strips * g.columns + v * g.lanes
    target = at(weights, strip * g.weight_strip + v * g.lanes)
    extremes = at(own, g.own_extremes)
    transform_weights(group, channel, 0, g.given_blocks, weight, target, extremes, own, g)
    check_weights(channel, extremes, memory, g, limits)


@kernel
def own_strip(group, strip, first, blocks, weight, memory, own, g, limits):  # type: ignore[no-untyped-def]
    """Transform the weights of one strip, for some blocks of given channels."""
    for v in range(g.columns // g.lanes):
        channel = strip * g.columns + v * g.lanes
        target = at(own, g.own_weights + v * g.lanes)
        extremes = at(own, g.own_extremes + 2 * v * g.lanes)
        transform_weights(group, channel, first, blocks, weight, target, extremes, own, g)
        if first + blocks == g.given_blocks:
            check_weights(channel, extremes, memory, g, limits)


@kernel
def multiply(samples, weights, products, tiles, blocks, begin, g):  # type: ignore[no-untyped-def]
    """Multiply one point's samples of a block of tiles with one strip of weights.

    Rows beyond the last tile are computed from whatever stands there, and never looked at.
    """
    stay_whole()
    t = 0
    while t < tiles:
        x, target = at(samples, t * g.lanes), at(products, t * g.columns)
        if tiles - t > g.few_rows:
            multiply_rows(x, weights, target, blocks, begin, g)
            t += g.rows
        else:
            multiply_few(x, weights, target, blocks, begin, g)
            t += g.few_rows


@kernel
def multiply_rows(samples, weights, products, blocks, begin, g):  # type: ignore[no-untyped-def]
    """Sum some blocks of channels of a register tile, or begin to."""
    tile = zeros(g, None)
    if not begin:
        tile = load(tile, products, g.columns)
    for block in range(blocks):
        x = at(samples, block * g.padded_block * g.lanes)
        tile = multiply_lanes(tile, x, at(weights, block * g.lanes * g.columns))
    store(tile, products, g.columns)


@kernel
def multiply_few(samples, weights, products, blocks, begin, g):  # type: ignore[no-untyped-def]
    """Do as `multiply_rows`, with the register tile of few rows."""
    tile = zeros(g, True)
    if not begin:
        tile = load(tile, products, g.columns)
    for block in range(blocks):
        x = at(samples, block * g.padded_block * g.lanes)
        tile = multiply_lanes(tile, x, at(weights, block * g.lanes * g.columns))
    store(tile, products, g.columns)
