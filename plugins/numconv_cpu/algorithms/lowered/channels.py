"""The product with result channels in the lanes of the vectors, positions in the rows.

The register tile has NR = 14 positions by two vectors of result channels: the weights are loaded
as vectors, samples are broadcast. So positions need not be neighbours, nothing is computed between
the rows of the planes, and planes of 7x7 or 14x14 leave no lane empty.

The loops: blocks of KC along K; inside, tiles of MR result channels; inside, tiles of NR
positions. A panel of weights, KC = 152 by MR = 32 numbers, takes 19 KiB of the first-level cache
and stays there while the positions pass. Their samples come from the second level, one cache line
for each k, and the sums wait there too.
"""

from __future__ import annotations

from ...kernel.epilogue import store_positions, stored_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.memory import at, clear, copy, zero
from ...simd.tile import copy_vector, fma, half_zeros, load, prefetch, store, zeros
from ...simd.transpose import transpose_lanes


@kernel
def micro_kernel(g, begin, weights, x, offsets, kc, sums, ahead, stride):  # type: ignore[no-untyped-def]
    """Add `kc` products to each of NR x MR sums, or begin them with the first `kc`.

    Meanwhile MR cache lines at ``ahead + row * stride`` are prefetched, then those that follow.

    Parameters
    ----------
    g : record of `arguments.ChannelsArguments`
    begin : bool
        Whether the sums begin at zero; else they are loaded from `sums`.
    weights : pointer
        To a panel of packed weights, (kc, MR).
    x : pointer
        To the tile's first position. For each k, NR elements are read at ``x + offsets[k]``: in
        the planes, where they stand, or in a packed panel. They need not be aligned.
    offsets : pointer to int64, (kc,)
    kc : int
    sums : pointer
        To the tile's sums, (NR, MR).
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.MR)
    for first in range(0, kc, g.MR):
        line = at(ahead, first // g.MR * g.lanes)
        for k in range(first, min(first + g.MR, kc)):
            prefetch(at(line, (k - first) * stride))
            tile = fma(tile, at(x, offsets[k]), at(weights, k * g.MR))
    store(tile, sums, g.MR)


@kernel
def micro_kernel_half(g, begin, weights, x, offsets, kc, sums):  # type: ignore[no-untyped-def]
    """Do as `micro_kernel`, for half of the positions, and without prefetching."""
    tile = half_zeros(g)
    if not begin:
        tile = load(tile, sums, g.MR)
    for k in range(kc):
        tile = fma(tile, at(x, offsets[k]), at(weights, k * g.MR))
    store(tile, sums, g.MR)


@kernel
def macro_kernel(  # type: ignore[no-untyped-def]
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
    """Sum all K products of a block of positions and a block of result channels.

    Parameters
    ----------
    g : record of `arguments.ChannelsArguments`
    part : record of `arguments.PartArguments`
    weight : pointer
        To the weights of the block: packed, (tiles, K, MR), or where
        `g.pack_late`, as the caller gave them.
    packed : pointer
        To room for a panel of weights, (KC, MR).
    x : pointer
        To the position of the part's first result in the planes.
    tables : pointer to int64
    first, positions, tile, tiles : int
        Of this block: results are counted row by row, without what is between the rows.
    readable : int
        How many elements from `x` on may be read.
    sums : pointer
        To the scratch, (tiles, positions in whole tiles, MR).
    panels : pointer
        To room for packed samples: for each tile of positions a panel, (KC, g.panel_pitch).
    finite : pointer
        Becomes 1 if a weight that is packed here is not.
    """
    stay_whole()
    padded = -(-positions // g.NR) * g.NR
    K = part.K
    for k in range(0, max(K, 1), g.KC):
        kc = min(g.KC, K - k)
        table = at(tables, part.at_offsets + k)
        for p in range(0, positions, g.NR):
            if not is_run(g, part, first + p, readable, positions - p):
                panel = at(panels, p // g.NR * g.panel_size)
                pack_positions(g, part, panel, x, table, kc, first + p, positions - p, readable)
        for t in range(tiles):
            weights = at(weight, (t * K + k) * g.MR)
            # Rows of weights are far apart: the processor would not see that they will be needed.
            ahead, stride = weights, 0
            if g.pack_late and not g.prepared:
                source = at(weight, t * g.MR * g.row_stride)
                sources = at(tables, part.at_sources + k)
                channels = min(g.MR, g.result_channels - (tile + t) * g.MR)
                stride = g.row_stride
                ahead = at(source, g.MR * stride + sources[0])
                if t + 1 == tiles:
                    following = sources[min(g.KC, K - k - 1)]
                    ahead = at(weight, following)
                if not pack_channels(packed, source, sources, g, kc, channels):
                    finite[0] = 1
                weights = packed
            for p in range(0, positions, g.NR):
                place = at(sums, (t * padded + p) * g.MR)
                source = at(panels, p // g.NR * g.panel_size)
                offsets = at(tables, g.at_panel_offsets)
                if is_run(g, part, first + p, readable, positions - p):
                    source, offsets = at(x, place_of(g, part, first + p)), table
                if 2 * (positions - p) <= g.NR:
                    micro_kernel_half(g, k == 0, weights, source, offsets, kc, place)
                else:
                    micro_kernel(g, k == 0, weights, source, offsets, kc, place, ahead, stride)
                    ahead = at(ahead, -(-kc // g.MR) * g.lanes)


@kernel(inline=True)
def place_of(g, part, position):  # type: ignore[no-untyped-def]
    """Return where in the planes a position stands, counted from the part's first one."""
    y = position // part.count_x
    return y * g.pitch + position - y * part.count_x


@kernel(inline=True)
def is_run(g, part, position, readable, left):  # type: ignore[no-untyped-def]
    """Return whether a tile of positions lies in one row, and can be read without packing."""
    ends = position % part.count_x + min(g.NR, left)
    return ends <= part.count_x and place_of(g, part, position) + g.NR <= readable


@kernel
def pack_positions(g, part, panel, x, offsets, kc, first, positions, readable):  # type: ignore[no-untyped-def]
    """Pack the samples of a tile of positions: ``panel[k, p] = x[p + offsets[k]]``.

    Each row's piece of the tile is copied for itself, in whole vectors. Their surplus lanes are
    overwritten by the next piece.
    """
    positions = min(positions, g.NR)
    row = first // part.count_x
    column = first - row * part.count_x
    done = 0
    while done < positions:
        count = min(part.count_x - column, positions - done)
        source = at(x, row * g.pitch + column)
        target = at(panel, done)
        vectors = -(-count // g.lanes)
        if row * g.pitch + column + vectors * g.lanes > readable:
            for k in range(kc):
                copy(at(target, k * g.panel_pitch), at(source, offsets[k]), count)
        elif vectors == 1:
            for k in range(kc):
                copy_vector(g, at(target, k * g.panel_pitch), at(source, offsets[k]))
        else:
            for k in range(kc):
                for i in range(0, count, g.lanes):
                    copy_vector(g, at(target, k * g.panel_pitch + i), at(source, offsets[k] + i))
        row, column, done = row + 1, 0, done + count


@kernel
def pack_channels(packed, weights, sources, g, kc, channels):  # type: ignore[no-untyped-def]
    """Write ``packed[k, channel] = weights[channel, sources[k]]``, with zeros beyond `channels`.

    Returns
    -------
    bool
        Whether all of them are finite.
    """
    finite = True
    if channels < g.MR:
        clear(packed, kc * g.MR)
    whole = channels - channels % g.lanes
    k = 0
    while k < kc:
        if k + g.lanes <= kc and sources[k + g.lanes - 1] == sources[k] + g.lanes - 1:
            for channel in range(0, whole, g.lanes):
                source = at(weights, channel * g.row_stride + sources[k])
                target = at(packed, k * g.MR + channel)
                finite &= transpose_lanes(g, target, g.MR, source, g.row_stride)
            for channel in range(whole, channels):
                source = at(weights, channel * g.row_stride + sources[k])
                for i in range(g.lanes):
                    packed[(k + i) * g.MR + channel] = source[i]
                    finite &= source[i] - source[i] == 0
            k += g.lanes
        else:
            source = at(weights, sources[k])
            target = at(packed, k * g.MR)
            for channel in range(channels):
                target[channel] = source[channel * g.row_stride]
                finite &= target[channel] - target[channel] == 0
            k += 1
    return finite


@kernel
def store_tile(g, part, task, arrays, sums, transposed, first, positions, tile):  # type: ignore[no-untyped-def]
    """Transpose the sums of a tile of channels, and store them with the epilogue.

    Parameters
    ----------
    sums : pointer
        To the tile's sums, (positions, MR).
    transposed : pointer
        To room for the sums of one vector of channels, (lanes, g.transposed_pitch).
    first, positions, tile : int
        Which positions, and which of the group's tiles.
    """
    all_channels = g.groups * g.result_channels
    size = g.result_depth * g.result_height * g.result_width
    channels = min(g.MR, g.result_channels - tile * g.MR)
    for c in range(0, channels, g.lanes):
        for p in range(0, positions, g.lanes):
            source = at(sums, p * g.MR + c)
            transpose_lanes(g, at(transposed, p), g.transposed_pitch, source, g.MR)
        for i in range(min(g.lanes, channels - c)):
            channel = task.group * g.result_channels + tile * g.MR + c + i
            stored = stored_channel(channel, all_channels, g)
            plane = (task.n * all_channels + stored) * size
            store_positions(
                g,
                part,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                arrays.bias[channel] if g.bias else zero(arrays.bias),
                at(transposed, i * g.transposed_pitch),
                task.z,
                first,
                first + positions,
                part.count_x,
            )


@kernel
def compute_channels(g, part, task, planes, arrays):  # type: ignore[no-untyped-def]
    """Do as `positions.compute_positions`."""
    memory = arrays.memory
    panels, sums = at(task.own, g.own_panels), at(task.own, g.own_sums)
    first = task.block * part.position_tiles // part.position_blocks * g.NR
    end = (task.block + 1) * part.position_tiles // part.position_blocks * g.NR
    positions = min(end, part.positions) - first
    tile = task.tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    if g.pack_late and not g.prepared:
        row = tile * g.MR * g.row_stride
        weights = at(arrays.weight, task.group * g.group_stride + row)
    else:
        weights = arrays.weight if g.prepared else at(memory, g.at_weights)
        packed = (task.group * g.tiles + tile) * part.K * g.MR
        weights = at(weights, part.first_weight + packed)
    macro_kernel(
        g,
        part,
        weights,
        at(task.own, g.own_packed),
        at(planes, task.z * g.layer_pitch),
        arrays.tables,
        first,
        positions,
        part.positions if g.in_place else part.count_y * g.pitch + g.NR,
        tile,
        tiles,
        sums,
        panels,
        memory,
    )
    padded = -(-positions // g.NR) * g.NR
    transposed = at(task.own, g.own_transposed)
    for t in range(tiles):
        tile_sums = at(sums, t * padded * g.MR)
        store_tile(g, part, task, arrays, tile_sums, transposed, first, positions, tile + t)
