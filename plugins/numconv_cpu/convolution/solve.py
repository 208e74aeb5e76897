"""The worker of `direct`, `pointwise` and `transposed`: pack, then multiply and store."""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, claim, clear, record_at, zero
from .pack import pack_lines, pack_weights
from .product import product_block
from .store import store_channel


def solve(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Take tasks of a stage until none is left: of stage 0 packing, of stage 1 the product.

    Parameters
    ----------
    stage, worker : int
    counters : pointer to int64
        One for each stage, in cache lines of their own. Because the workers take tasks off a
        common counter, none waits while there is work; a result is computed by one task, in an
        order that does not depend on which.
    x, weight, bias, residual, out, memory : pointer
        All of one dtype. Of bias and residual, those that the geometry does not ask for are
        never read. The first element of `memory`, the workspace, becomes 1 if a packed weight
        is not finite.
    tables : pointer to int64
    parts, geometry : pointer to records
        Of `layout.PART_DTYPE`, and one with all the numbers that `layout` names.
    """
    g = record_at(geometry, 0)
    counter = at(counters, 8 * stage)
    stage += g.skipped
    tasks = g.product_tasks if stage else g.pack_tasks + g.weight_tasks
    while True:
        first = claim(counter, g.grain)
        if first >= tasks:
            return
        for task in range(first, min(first + g.grain, tasks)):
            if stage == 1:
                product_task(
                    task,
                    x if g.in_place else at(memory, g.at_planes),
                    weight if g.prepared else at(memory, g.at_weights),
                    bias,
                    residual,
                    out,
                    at(memory, g.at_scratch + worker * g.scratch),
                    at(memory, g.at_panels + worker * g.panels),
                    tables,
                    g,
                    parts,
                )
            elif task < g.pack_tasks:
                pack_task(task, x, memory, tables, g)
            else:
                weights_task(task - g.pack_tasks, weight, memory, tables, g, parts)


@kernel
def pack_task(task, x, memory, tables, g):  # type: ignore[no-untyped-def]
    """Fill some lines of one channel's planes."""
    channel = task // g.pack_chunks
    lines = g.slots_z * g.layers * g.slots_y * g.lines
    first = task % g.pack_chunks * g.pack_lines
    planes = at(memory, g.at_planes)
    pack_lines(
        at(planes, channel * g.channel),
        at(x, channel * g.depth * g.height * g.width),
        tables,
        g,
        0,
        0,
        first,
        min(first + g.pack_lines, lines),
    )
    if task == g.pack_tasks - 1:
        clear(at(planes, g.planes), g.margin)


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
        finite = pack_weights(
            at(memory, g.at_weights + part.at_weights + tile * part.reads * g.rows),
            at(weight, group * g.group_stride + t * g.rows * g.row_stride),
            at(tables, part.at_sources),
            g,
            part.reads,
            min(g.rows, g.result_channels - t * g.rows),
        )
        if not finite:
            memory[0] = 1


@kernel
def task_numbers(task, g, parts):  # type: ignore[no-untyped-def]
    """Return which part, block of positions, z, block of channels, group and image a task is."""
    p = 0
    while p + 1 < g.parts and record_at(parts, p + 1).first_task <= task:
        p += 1
    part = record_at(parts, p)
    rest = task - part.first_task
    block, rest = rest % part.position_blocks, rest // part.position_blocks
    z, rest = rest % part.count_z, rest // part.count_z
    tile_block, rest = rest % g.tile_blocks, rest // g.tile_blocks
    return p, block, z, tile_block, rest % g.groups, rest // g.groups


@kernel
def product_task(  # type: ignore[no-untyped-def]
    task, planes, weights, bias, residual, out, sums, panel, tables, g, parts
):
    """Compute a block of positions of a block of result channels."""
    p, block, z, tile_block, group, n = task_numbers(task, g, parts)
    part = record_at(parts, p)
    first = block * part.position_block
    positions = min(part.position_block, part.positions - first)
    tile = tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    channel = n * g.channels + group * g.given_channels
    start = channel * g.channel + z * g.layer + first
    product_block(
        g,
        at(weights, part.at_weights + (group * g.tiles + tile) * part.reads * g.rows),
        part.reads,
        at(planes, start),
        at(tables, part.at_offsets),
        positions,
        part.positions - first if g.in_place else positions + g.span,
        tiles,
        sums,
        panel,
        at(tables, g.at_panel),
    )
    channels = g.groups * g.result_channels
    size = g.result_depth * g.result_height * g.result_width
    for row in range(min(tiles * g.rows, g.result_channels - tile * g.rows)):
        co = group * g.result_channels + tile * g.rows + row
        per_shuffle = channels // g.shuffle
        shuffled = co % per_shuffle * g.shuffle + co // per_shuffle
        plane = (n * channels + shuffled) * size
        store_channel(
            g,
            part,
            at(out, plane),
            at(residual, plane),
            bias[co] if g.bias else zero(bias),
            at(sums, row * g.scratch_pitch),
            z,
            first,
            first + positions,
        )
