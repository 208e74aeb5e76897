"""Sums of products with result channels in the lanes of the vectors, positions in the rows.

The register tile takes 14 positions by two vectors of channels: the weights are the vectors, what
is read of x is broadcast. So nothing is asked of the positions: they need not be neighbours, ends
of rows are not computed in vain, and planes of 7x7 or 14x14 leave no lane empty.

Order of the loops: block of reads, tiles of channels, tiles of positions. The weights of a block
and a tile of channels, 152 reads times 32 channels, take 19 KiB of the first-level cache and stay
there while the positions pass; those come from the second level, one cache line a read, and the
sums wait there too.
"""

from __future__ import annotations

from ...kernel.epilogue import store_positions
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, zero
from ...simd.tile import copy_vector, fma, half_zeros, load, prefetch, store, zeros
from ...simd.transpose import transpose_lanes


@kernel
def product_tile(g, begin, weights, x, offsets, reads, sums, ahead, stride):  # type: ignore[no-untyped-def]
    """Add `reads` products to a tile of sums, or begin them.

    Meanwhile the lines at ``ahead + row * stride`` are asked for, and those that follow them.
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.tile_channels)
    for first in range(0, reads, g.tile_channels):
        line = at(ahead, first // g.tile_channels * g.lanes)
        for k in range(first, min(first + g.tile_channels, reads)):
            prefetch(at(line, (k - first) * stride))
            tile = fma(tile, at(x, offsets[k]), at(weights, k * g.tile_channels))
    store(tile, sums, g.tile_channels)


@kernel
def product_half(g, begin, weights, x, offsets, reads, sums):  # type: ignore[no-untyped-def]
    """Do as `product_tile`, for half of the positions, and without looking ahead."""
    tile = half_zeros(g)
    if not begin:
        tile = load(tile, sums, g.tile_channels)
    for k in range(reads):
        tile = fma(tile, at(x, offsets[k]), at(weights, k * g.tile_channels))
    store(tile, sums, g.tile_channels)


@kernel
def product_channels(  # type: ignore[no-untyped-def]
    g,
    part,
    weight,
    packed,
    x,
    tables,
    first,
    positions,
    readable,
    tile,
    tiles,
    sums,
    panels,
    finite,
):
    """Sum all reads of a block of positions and a block of result channels.

    Parameters
    ----------
    g : record with the numbers `layout.PRODUCT`
    part : record of `layout.PART_DTYPE`
    weight : pointer
        To the weights of the block: packed, (tiles, reads, tile_channels), or where
        `g.pack_late`, as the caller gave them.
    packed : pointer
        To a place for the weights of a tile of channels and a block of reads.
    x : pointer
        To the place of the part's first result in the planes.
    tables : pointer to int64
    first, positions, tile, tiles : int
        Of this block: results are counted row by row, without what is between the rows.
    readable : int
        From where on after `x` nothing may be read.
    sums : pointer
        To the scratch, (tiles, positions, tile_channels).
    panels : pointer
        To the places where reads are gathered, one for each tile of positions.
    finite : pointer
        Becomes 1 if a weight that is packed here is not.
    """
    stay_whole()
    padded = -(-positions // g.span) * g.span
    reads = part.reads
    for k in range(0, max(reads, 1), g.block):
        taps = min(g.block, reads - k)
        table = at(tables, part.at_offsets + k)
        for p in range(0, positions, g.span):
            if not is_run(g, part, first + p, readable, positions - p):
                panel = at(panels, p // g.span * g.panel_size)
                gather_positions(g, part, panel, x, table, taps, first + p, positions - p, readable)
        for t in range(tiles):
            weights = at(weight, (t * reads + k) * g.tile_channels)
            # Rows of weights are far apart: the processor would not see that they will be needed.
            ahead, stride = weights, 0
            if g.pack_late and not g.prepared:
                source = at(weight, t * g.tile_channels * g.row_stride)
                sources = at(tables, part.at_sources + k)
                channels = min(g.tile_channels, g.result_channels - (tile + t) * g.tile_channels)
                stride = g.row_stride
                ahead = at(source, g.tile_channels * stride + sources[0])
                if t + 1 == tiles:
                    following = sources[min(g.block, reads - k - 1)]
                    ahead = at(weight, following)
                if not pack_channels(packed, source, sources, g, taps, channels):
                    finite[0] = 1
                weights = packed
            for p in range(0, positions, g.span):
                place = at(sums, (t * padded + p) * g.tile_channels)
                source, places = at(panels, p // g.span * g.panel_size), at(tables, g.at_panel)
                if is_run(g, part, first + p, readable, positions - p):
                    source, places = at(x, place_of(g, part, first + p)), table
                if 2 * (positions - p) <= g.span:
                    product_half(g, k == 0, weights, source, places, taps, place)
                else:
                    product_tile(g, k == 0, weights, source, places, taps, place, ahead, stride)
                    ahead = at(ahead, -(-taps // g.tile_channels) * g.lanes)


@kernel(inline=True)
def place_of(g, part, position):  # type: ignore[no-untyped-def]
    """Return where in the planes a position reads, from where the part begins."""
    y = position // part.count_x
    return y * g.pitch + position - y * part.count_x


@kernel(inline=True)
def is_run(g, part, position, readable, left):  # type: ignore[no-untyped-def]
    """Return whether a tile of positions lies in one row, and can be read where it is."""
    ends = position % part.count_x + min(g.span, left)
    return ends <= part.count_x and place_of(g, part, position) + g.span <= readable


@kernel
def gather_positions(g, part, panel, x, offsets, reads, first, positions, readable):  # type: ignore[no-untyped-def]
    """Copy what a tile of positions reads, side by side for each read.

    It is copied piece of a row by piece; vectors spill over what the next piece writes.
    """
    positions = min(positions, g.span)
    row = first // part.count_x
    column = first - row * part.count_x
    done = 0
    while done < positions:
        count = min(part.count_x - column, positions - done)
        source = at(x, row * g.pitch + column)
        target = at(panel, done)
        vectors = -(-count // g.lanes)
        if row * g.pitch + column + vectors * g.lanes > readable:
            for k in range(reads):
                copy(at(target, k * g.panel_pitch), at(source, offsets[k]), count)
        elif vectors == 1:
            for k in range(reads):
                copy_vector(g, at(target, k * g.panel_pitch), at(source, offsets[k]))
        else:
            for k in range(reads):
                for i in range(0, count, g.lanes):
                    copy_vector(g, at(target, k * g.panel_pitch + i), at(source, offsets[k] + i))
        row, column, done = row + 1, 0, done + count


@kernel
def pack_channels(packed, weights, sources, g, reads, channels):  # type: ignore[no-untyped-def]
    """Write ``packed[k, channel] = weights[channel, sources[k]]``, with zeros beyond `channels`.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    finite = True
    if channels < g.tile_channels:
        clear(packed, reads * g.tile_channels)
    whole = channels - channels % g.lanes
    k = 0
    while k < reads:
        if k + g.lanes <= reads and sources[k + g.lanes - 1] == sources[k] + g.lanes - 1:
            for channel in range(0, whole, g.lanes):
                source = at(weights, channel * g.row_stride + sources[k])
                target = at(packed, k * g.tile_channels + channel)
                finite &= transpose_lanes(g, target, g.tile_channels, source, g.row_stride)
            for channel in range(whole, channels):
                source = at(weights, channel * g.row_stride + sources[k])
                for i in range(g.lanes):
                    packed[(k + i) * g.tile_channels + channel] = source[i]
                    finite &= source[i] - source[i] == 0
            k += g.lanes
        else:
            source = at(weights, sources[k])
            target = at(packed, k * g.tile_channels)
            for channel in range(channels):
                target[channel] = source[channel * g.row_stride]
                finite &= target[channel] - target[channel] == 0
            k += 1
    return finite


@kernel
def store_tile(g, part, task, arrays, sums, turned, first, positions, tile):  # type: ignore[no-untyped-def]
    """Write the sums of a tile of channels to their places.

    Parameters
    ----------
    sums : pointer
        To the tile's sums, (positions, tile_channels).
    turned : pointer
        To a place for the sums of one vector of channels, (lanes, positions).
    first, positions, tile : int
        Which positions, and which of the group's tiles.
    """
    all_channels = g.groups * g.result_channels
    size = g.result_depth * g.result_height * g.result_width
    per_shuffle = all_channels // g.shuffle
    channels = min(g.tile_channels, g.result_channels - tile * g.tile_channels)
    for c in range(0, channels, g.lanes):
        for p in range(0, positions, g.lanes):
            source = at(sums, p * g.tile_channels + c)
            transpose_lanes(g, at(turned, p), g.turned_pitch, source, g.tile_channels)
        for i in range(min(g.lanes, channels - c)):
            channel = task.group * g.result_channels + tile * g.tile_channels + c + i
            stored = channel % per_shuffle * g.shuffle + channel // per_shuffle
            plane = (task.n * all_channels + stored) * size
            store_positions(
                g,
                part,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                arrays.bias[channel] if g.bias else zero(arrays.bias),
                at(turned, i * g.turned_pitch),
                task.z,
                first,
                first + positions,
                part.count_x,
            )


@kernel
def compute_channels(g, part, task, planes, arrays):  # type: ignore[no-untyped-def]
    """Do as `positions.compute_positions`."""
    memory = arrays.memory
    panels = at(memory, g.at_panels + task.worker * g.panels)
    sums = at(memory, g.at_scratch + task.worker * g.scratch)
    first = task.block * part.position_tiles // part.position_blocks * g.span
    end = (task.block + 1) * part.position_tiles // part.position_blocks * g.span
    positions = min(end, part.positions) - first
    tile = task.tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    if g.pack_late and not g.prepared:
        row = tile * g.tile_channels * g.row_stride
        weights = at(arrays.weight, task.group * g.group_stride + row)
    else:
        weights = arrays.weight if g.prepared else at(memory, g.at_weights)
        packed = (task.group * g.tiles + tile) * part.reads * g.tile_channels
        weights = at(weights, part.at_weights + packed)
    product_channels(
        g,
        part,
        weights,
        at(panels, g.at_packed),
        at(planes, task.z * g.layer),
        arrays.tables,
        first,
        positions,
        part.positions if g.in_place else part.count_y * g.pitch + g.span,
        tile,
        tiles,
        sums,
        panels,
        memory,
    )
    padded = -(-positions // g.span) * g.span
    turned = at(panels, g.at_turned)
    for t in range(tiles):
        tile_sums = at(sums, t * padded * g.tile_channels)
        store_tile(g, part, task, arrays, tile_sums, turned, first, positions, tile + t)
