"""The worker of `direct`, `pointwise` and `transposed`: pack, then multiply and store."""

from __future__ import annotations

from ...kernel.arguments import Arrays
from ...runtime.compile import kernel
from ...simd.memory import at, clear, record_at
from .arguments import Task
from .forms import compute_block, pack_tile
from .pack import pack_lines
from .tasks import next_task


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
        Of `PartArguments`, and one of `LoweredArguments`.
    """
    g = record_at(geometry, 0)
    arrays = Arrays(x, weight, bias, residual, out, memory, tables)
    own = at(memory, g.at_workers + worker * g.worker)
    counters = at(counters, 8 * stage * g.workers)
    stage += g.skipped
    tasks = g.product_tasks if stage else g.pack_tasks + g.weight_tasks
    # Not a literal, for which what it is handed to would be compiled once more; as zeros below.
    strip = min(tasks, -1)
    while True:
        task = next_task(counters, worker, g.workers, tasks)
        if task < 0:
            return
        if stage == 0 and task < g.pack_tasks:
            pack_task(task, arrays, g)
        elif stage == 0:
            weights_task(task - g.pack_tasks, arrays, g, parts)
        elif g.whole_groups:
            group_task(task, own, arrays, g, parts)
        else:
            strip = block_task(task, strip, own, arrays, g, parts)


@kernel(part=True)
def pack_task(task, arrays, g):  # type: ignore[no-untyped-def]
    """Fill some lines of one channel's planes: the same lines of all channels in a row."""
    channel, chunk = task % g.channels, task // g.channels
    n, chunk = chunk // g.pack_chunks, chunk % g.pack_chunks
    channel += n * g.channels
    first = chunk * g.pack_lines
    last = min(first + g.pack_lines, g.layers * g.lines)
    origin = min(task, 0)
    planes = at(arrays.memory, g.at_planes)
    given = at(arrays.x, channel * g.depth * g.height * g.width)
    pack_lines(
        at(planes, channel * g.channel_pitch), given, arrays.tables, g, origin, origin, first, last
    )
    if task == g.pack_tasks - 1:
        clear(at(planes, g.plane_elements), g.margin)


@kernel(part=True)
def weights_task(task, arrays, g, parts):  # type: ignore[no-untyped-def]
    """Pack the weights of some tiles: those of a few channels for all parts, then of the next.

    Parts read other taps of the same channels, so in the caller's array the same cache lines.
    """
    memory = arrays.memory
    first = task * g.weight_tiles
    for tile in range(first, min(first + g.weight_tiles, g.groups * g.tiles)):
        group, t = tile // g.tiles, tile % g.tiles
        source = at(arrays.weight, group * g.group_stride + t * g.MR * g.row_stride)
        rows = min(g.MR, g.result_channels - t * g.MR)
        for c in range(0, g.given_channels, g.weight_channels):
            channels = min(g.weight_channels, g.given_channels - c)
            for p in range(g.parts):
                part = record_at(parts, p)
                taps = part.K // g.given_channels
                packed = part.first_weight + (tile * part.K + c * taps) * g.MR
                sources = at(arrays.tables, part.at_sources + c * taps)
                target = at(memory, g.at_weights + packed)
                if not pack_tile(target, source, sources, g, channels * taps, rows):
                    memory[0] = 1


@kernel(part=True)
def block_task(task, packed_strip, own, arrays, g, parts):  # type: ignore[no-untyped-def]
    """Compute a block of positions of a block of result channels.

    With strips, the planes of the rows around the positions are the worker's own, and serve its
    next task as well if that has the same positions: no core reads what another one wrote.

    Returns
    -------
    int
        The number of the strip that the worker's planes hold now; before, it was `packed_strip`.
    """
    p = 0
    while p + 1 < g.parts and record_at(parts, p + 1).first_task <= task:
        p += 1
    part = record_at(parts, p)
    rest = task - part.first_task
    tile_block, strip = rest % g.tile_blocks, rest // g.tile_blocks
    block, rest = strip % part.position_blocks, strip // part.position_blocks
    z, image_group = rest % part.count_z, rest // part.count_z
    group, n = image_group % g.groups, image_group // g.groups
    if g.in_place:
        planes = at(arrays.x, image_group * g.given_channels * g.channel_pitch)
    elif g.strips:
        planes = at(own, g.own_planes)
        row = block * part.position_tiles // part.position_blocks * g.NR // g.row_positions
        if strip != packed_strip:
            pack_group(planes, image_group, z, row, arrays, g)
        # Where they would begin if they held all rows.
        planes = at(planes, -z * g.layer_pitch - row * g.pitch)
    else:
        planes = at(arrays.memory, g.at_planes + image_group * g.given_channels * g.channel_pitch)
    compute_block(g, part, Task(block, z, tile_block, group, n, own), planes, arrays)
    return strip


@kernel(part=True)
def group_task(task, own, arrays, g, parts):  # type: ignore[no-untyped-def]
    """Compute all results of one group of one image, from planes that only this task sees."""
    group, n = task % g.groups, task // g.groups
    planes = at(own, g.own_planes)
    pack_group(planes, task, min(task, 0), min(task, 0), arrays, g)
    for p in range(g.parts):
        part = record_at(parts, p)
        for z in range(part.count_z):
            for tile_block in range(g.tile_blocks):
                for block in range(part.position_blocks):
                    chosen = Task(block, z, tile_block, group, n, own)
                    compute_block(g, part, chosen, planes, arrays)


@kernel(part=True)
def pack_group(planes, group, z0, y0, arrays, g):  # type: ignore[no-untyped-def]
    """Fill all planes of a group, counted over all images, from results z0, y0 on."""
    for c in range(g.given_channels):
        given = at(arrays.x, (group * g.given_channels + c) * g.depth * g.height * g.width)
        target = at(planes, c * g.channel_pitch)
        pack_lines(target, given, arrays.tables, g, z0, y0, min(group, 0), g.layers * g.lines)
    clear(at(planes, g.given_channels * g.channel_pitch), g.margin)
