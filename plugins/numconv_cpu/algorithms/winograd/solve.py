"""The worker of `winograd`: transform, multiply point by point, transform back.

A tile of results is a sum over the channels of products of points: for each point there is a
matrix product of its own, tiles by given channels by result channels. The register tile has rows
of tiles and vectors of result channels, for layers have channels in multiples of vectors and few
tiles. It sums all channels in one go, so the order does not depend on how the work is cut up.
"""

from __future__ import annotations

from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, fetch_add, record_at
from ...simd.tile import load, store
from .geometry import FEW_ROWS
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
    own = at(memory, g.at_workers + worker * g.worker)
    weights = weight if g.prepared else at(memory, g.at_weights)
    tasks = g.product_tasks if stage else g.weight_tasks + g.sample_tasks
    while True:
        task = fetch_add(at(counters, 8 * stage), 1)
        if task >= tasks:
            return
        if stage == 1:
            product_task(task, x, weight, weights, bias, residual, out, memory, own, tables, g)
        elif task < g.weight_tasks:
            weight_task(task, weight, weights, memory, own, tables, g)
        else:
            sample_task(task - g.weight_tasks, x, memory, own, tables, g)


@kernel
def sample_task(task, x, memory, own, tables, g):  # type: ignore[no-untyped-def]
    """Transform one row of tiles for all tasks."""
    rows = g.batch * g.result_depth * g.tiles_y
    group, row = task // rows, task % rows
    f, last = row * g.tiles_x, (row + 1) * g.tiles_x
    while f < last:
        end = min(last, (f // g.block + 1) * g.block)
        target = at(memory, g.at_samples + (group * g.blocks + f // g.block) * g.sample_block)
        transform_tiles(f, end, group, x, target, own, memory, tables, g)
        f = end


@kernel
def product_task(  # type: ignore[no-untyped-def]
    task, x, weight, weights, bias, residual, out, memory, own, tables, g
):
    """Compute a block of tiles of some strips of result channels."""
    block, rest = task % g.blocks, task // g.blocks
    parts = -(-g.strips // g.strips_per_task)
    part, group = rest % parts, rest // parts
    first, last = block * g.block, min((block + 1) * g.block, g.tiles)
    samples = at(memory, g.at_samples + (group * g.blocks + block) * g.sample_block)
    if not g.shared_samples:
        samples = at(own, g.own_samples)
        transform_tiles(first, last, group, x, samples, own, memory, tables, g)
    begin = part * g.strips_per_task
    for strip in range(begin, min(begin + g.strips_per_task, g.strips)):
        products = at(own, g.own_products)
        for channels in range(0, g.given_blocks, g.weight_blocks):
            blocks = min(g.weight_blocks, g.given_blocks - channels)
            strip_weights = at(weights, (group * g.strips + strip) * g.weight_strip)
            if not g.shared_weights:
                strip_weights = at(own, g.own_weights)
                own_strip(group, strip, channels, blocks, weight, memory, own, tables, g)
            for point in range(g.points):
                place = point * g.sample_point + channels * g.phases * g.padded_block * g.lanes
                multiply(
                    at(samples, place),
                    at(strip_weights, point * g.weight_point),
                    at(products, point * g.product_point),
                    at(tables, g.at_active + point * (1 + g.phases)),
                    last - first,
                    blocks,
                    channels == 0,
                    g,
                )
        vectors = min(g.vectors, g.result_blocks * g.parts - strip * g.vectors)
        for v in range(0, vectors, g.parts_x):
            vector, source = strip * g.vectors + v, at(products, v * g.lanes)
            store_tiles(
                first, last, group, vector, source, bias, residual, out, own, memory, tables, g
            )


@kernel
def weight_task(task, weight, weights, memory, own, tables, g):  # type: ignore[no-untyped-def]
    """Transform the weights of one vector of result channels for all tasks."""
    vectors = g.vectors
    each = g.weight_tasks // g.groups
    group, begin = task // each, task % each * g.parts
    end = min(begin + g.parts, g.strips * vectors)
    target = at(weights, (group * g.strips + begin // vectors) * g.weight_strip)
    extremes = at(own, g.own_extremes)
    transform_weights(
        group, begin, end, 0, g.given_blocks, weight, target, extremes, own, tables, g
    )
    check_weights(begin // g.parts * g.lanes, extremes, memory, g)


@kernel
def own_strip(group, strip, first, blocks, weight, memory, own, tables, g):  # type: ignore[no-untyped-def]
    """Transform the weights of one strip, for some blocks of given channels."""
    vectors = g.vectors
    begin, last = strip * vectors, (strip + 1) * vectors
    while begin < last:
        end = min((begin // g.parts + 1) * g.parts, last)
        target = at(own, g.own_weights)
        extremes = at(own, g.own_extremes + 2 * (begin - strip * vectors) * g.lanes)
        transform_weights(
            group, begin, end, first, blocks, weight, target, extremes, own, tables, g
        )
        if first + blocks == g.given_blocks:
            check_weights(begin // g.parts * g.lanes, extremes, memory, g)
        begin = end


@kernel
def multiply(samples, weights, products, active, tiles, blocks, begin, g):  # type: ignore[no-untyped-def]
    """Multiply one point's samples of a block of tiles with one strip of weights.

    Rows beyond the last tile are computed from whatever stands there, and never stored.
    """
    stay_whole()
    t = 0
    while t < tiles:
        x, target = at(samples, t * g.lanes), at(products, t * g.columns)
        if tiles - t > FEW_ROWS:
            multiply_tile(zeros(g, None), x, weights, target, active, blocks, begin, g)
            t += g.rows
        else:
            multiply_tile(zeros(g, True), x, weights, target, active, blocks, begin, g)
            t += FEW_ROWS


@kernel
def multiply_tile(tile, samples, weights, products, active, blocks, begin, g):  # type: ignore[no-untyped-def]
    """Sum some blocks of channels of a register tile, or begin to with one of zeros.

    `active` is how many phases there are weights of, followed by which.
    """
    if not begin:
        tile = load(tile, products, g.columns)
    for block in range(blocks):
        for k in range(1, 1 + active[0]):
            each = (block * g.phases + active[k]) * g.lanes
            tile = multiply_lanes(
                tile, at(samples, each * g.padded_block), at(weights, each * g.columns)
            )
    store(tile, products, g.columns)
