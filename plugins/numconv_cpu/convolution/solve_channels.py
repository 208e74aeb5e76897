"""The worker for register tiles with result channels in their lanes; otherwise as `solve`."""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, claim, record_at
from .channels import pack_channels, product_channels, store_tile
from .solve import pack_task, task_numbers


def solve_channels(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left; see `solve.solve`."""
    g = record_at(geometry, 0)
    counter = at(counters, 8 * stage)
    stage += g.skipped
    tasks = g.product_tasks if stage else g.pack_tasks + g.weight_tasks
    while True:
        task = claim(counter, 1)
        if task >= tasks:
            return
        if stage == 1:
            product_task(task, worker, x, weight, bias, residual, out, memory, tables, g, parts)
        elif task < g.pack_tasks:
            pack_task(task, x, memory, tables, g)
        else:
            weights_task(task - g.pack_tasks, weight, memory, tables, g, parts)


@kernel
def weights_task(task, weight, memory, tables, g, parts):  # type: ignore[no-untyped-def]
    """Pack the weights of some tiles of one part."""
    p = 0
    while p + 1 < g.parts and record_at(parts, p + 1).first_weight_task <= task:
        p += 1
    part = record_at(parts, p)
    first = (task - part.first_weight_task) * g.weight_tiles
    for tile in range(first, min(first + g.weight_tiles, g.groups * g.tiles)):
        group, t = tile // g.tiles, tile % g.tiles
        finite = pack_channels(
            at(memory, g.at_weights + part.at_weights + tile * part.reads * g.rows),
            at(weight, group * g.group_stride + t * g.rows * g.row_stride),
            at(tables, part.at_sources),
            g,
            part.reads,
            min(g.rows, g.result_channels - t * g.rows),
            g.rows * g.row_stride,
        )
        if not finite:
            memory[0] = 1


@kernel
def product_task(  # type: ignore[no-untyped-def]
    task, worker, x, weight, bias, residual, out, memory, tables, g, parts
):
    """Compute a block of positions of a block of result channels."""
    planes = x if g.in_place else at(memory, g.at_planes)
    weights = weight if g.prepared else at(memory, g.at_weights)
    sums = at(memory, g.at_scratch + worker * g.scratch)
    panels = at(memory, g.at_panels + worker * g.panels)
    packed = at(panels, g.at_packed)
    turned = at(panels, g.at_turned)
    p, block, z, tile_block, group, n = task_numbers(task, g, parts)
    part = record_at(parts, p)
    first = block * part.position_block
    positions = min(part.position_block, part.positions - first)
    tile = tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    channel = n * g.channels + group * g.given_channels
    readable = part.count_y * g.pitch
    if g.pack_late and not g.prepared:
        weights = at(weight, group * g.group_stride + tile * g.rows * g.row_stride)
    else:
        start = (group * g.tiles + tile) * part.reads * g.rows
        weights = at(weights, part.at_weights + start)
    product_channels(
        g,
        part,
        weights,
        packed,
        at(planes, channel * g.channel + z * g.layer),
        tables,
        first,
        positions,
        part.positions if g.in_place else readable + g.span,
        tile,
        tiles,
        sums,
        panels,
        memory,
    )
    padded = -(-positions // g.span) * g.span
    for t in range(tiles):
        co = (tile + t) * g.rows
        store_tile(
            g,
            part,
            out,
            residual,
            bias,
            at(sums, t * padded * g.rows),
            turned,
            z,
            first,
            positions,
            min(g.rows, g.result_channels - co),
            group * g.result_channels + co,
            n,
        )
