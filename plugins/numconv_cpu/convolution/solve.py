"""The worker of `direct`, `pointwise` and `transposed`: pack, then multiply and store."""

from __future__ import annotations

from ..compile import kernel
from ..simd.memory import at, claim, clear, record_at
from .forms import compute_block, pack_tile
from .pack import pack_lines


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
        task = claim(counter, 1)
        if task >= tasks:
            return
        if stage == 0 and task < g.pack_tasks:
            pack_task(task, x, memory, tables, g)
        elif stage == 0:
            weights_task(task - g.pack_tasks, weight, memory, tables, g, parts)
        elif g.local:
            group_task(task, x, weight, bias, residual, out, memory, worker, tables, g, parts)
        else:
            block_task(task, x, weight, bias, residual, out, memory, worker, tables, g, parts)


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
    """Pack the weights of some tiles: those of a few channels for all parts, then of the next.

    Parts read other taps of the same channels, so in the caller's array the same cache lines.
    """
    first = task * g.weight_tiles
    for tile in range(first, min(first + g.weight_tiles, g.groups * g.tiles)):
        group, t = tile // g.tiles, tile % g.tiles
        source = at(weight, group * g.group_stride + t * g.rows * g.row_stride)
        rows = min(g.rows, g.result_channels - t * g.rows)
        for c in range(0, g.given_channels, g.weight_channels):
            channels = min(g.weight_channels, g.given_channels - c)
            for p in range(g.parts):
                part = record_at(parts, p)
                taps = part.reads // g.given_channels
                finite = pack_tile(
                    at(
                        memory,
                        g.at_weights + part.at_weights + (tile * part.reads + c * taps) * g.rows,
                    ),
                    source,
                    at(tables, part.at_sources + c * taps),
                    g,
                    channels * taps,
                    rows,
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
def block_task(task, x, weight, bias, residual, out, memory, worker, tables, g, parts):  # type: ignore[no-untyped-def]
    """Compute a block of positions of a block of result channels."""
    p, block, z, tile_block, group, n = task_numbers(task, g, parts)
    channel = n * g.channels + group * g.given_channels
    planes = x if g.in_place else at(memory, g.at_planes)
    compute_block(
        g,
        record_at(parts, p),
        block,
        z,
        tile_block,
        group,
        n,
        at(planes, channel * g.channel),
        weight,
        bias,
        residual,
        out,
        memory,
        worker,
        tables,
    )


@kernel
def group_task(task, x, weight, bias, residual, out, memory, worker, tables, g, parts):  # type: ignore[no-untyped-def]
    """Compute all results of one group of one image, from planes that only this task sees."""
    group, n = task % g.groups, task // g.groups
    planes = at(memory, g.at_planes + worker * g.planes)
    size = g.depth * g.height * g.width
    lines = g.slots_z * g.layers * g.slots_y * g.lines
    for c in range(g.given_channels):
        given = at(x, (n * g.channels + group * g.given_channels + c) * size)
        pack_lines(at(planes, c * g.channel), given, tables, g, 0, 0, 0, lines)
    clear(at(planes, g.given_channels * g.channel), g.margin)
    for p in range(g.parts):
        part = record_at(parts, p)
        for z in range(part.count_z):
            for tile_block in range(g.tile_blocks):
                for block in range(part.position_blocks):
                    compute_block(
                        g,
                        part,
                        block,
                        z,
                        tile_block,
                        group,
                        n,
                        planes,
                        weight,
                        bias,
                        residual,
                        out,
                        memory,
                        worker,
                        tables,
                    )
