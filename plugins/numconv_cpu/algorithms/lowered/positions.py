"""The product with positions in the lanes of the vectors, result channels in the rows.

A matrix product of M result channels, N positions and K products each, in three loops: blocks of
KC along K; inside, tiles of NR positions; inside, tiles of MR result channels. The KC x NR samples
of a tile of positions stay in the first-level cache while the weights of all result channels
stream past them from the second level. The sums of a task wait meanwhile in a scratch that fits
there too. A result is summed in the order of k: whatever the threads, the batch, or where in a
tile it lies.
"""

from __future__ import annotations

from ...kernel.epilogue import store_channel, stored_channel
from ...runtime.compile import kernel, stay_whole
from ...simd.columns import rectify
from ...simd.compact import store_compact
from ...simd.memory import at, clear, zero
from ...simd.tile import add_rows, fma, load, narrow_zeros, store, zeros
from .pack import pack_panel


@kernel
def micro_kernel(g, begin, weights, x, offsets, kc, sums, stride):  # type: ignore[no-untyped-def]
    """Add `kc` products to each of MR x NR sums, or begin them with the first `kc`.

    Parameters
    ----------
    g : record of `arguments.ProductArguments`
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
        To the tile's sums, (MR, NR), rows `stride` apart.
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(kc):
        tile = fma(tile, at(weights, k * g.MR), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def micro_kernel_store(  # type: ignore[no-untyped-def]
    g, begin, weights, x, offsets, kc, sums, bias, out, first, end
):
    """Do as `micro_kernel` with the last block of K, add the bias and store the results.

    Positions from `first` to `end` go to `out`, without what lies between the rows.
    """
    tile = zeros(g)
    if not begin:
        tile = load(tile, sums, g.scratch_pitch)
    for k in range(kc):
        tile = fma(tile, at(weights, k * g.MR), at(x, offsets[k]))
    tile = add_rows(tile, bias)
    if g.activation:
        tile = rectify(tile)
    size = g.result_depth * g.result_height * g.result_width
    store_compact(tile, out, g.shuffle * size, first, end, g.pitch, g.result_width)


@kernel
def micro_kernel_edge(g, begin, weights, x, offsets, kc, sums, stride):  # type: ignore[no-untyped-def]
    """Do as `micro_kernel`, for one vector of positions."""
    tile = narrow_zeros(g)
    if not begin:
        tile = load(tile, sums, stride)
    for k in range(kc):
        tile = fma(tile, at(weights, k * g.MR), at(x, offsets[k]))
    store(tile, sums, stride)


@kernel
def macro_kernel(  # type: ignore[no-untyped-def]
    g,
    weights,
    K,
    x,
    offsets,
    positions,
    readable,
    tiles,
    sums,
    panel,
    panel_offsets,
    bias,
    out,
    first,
    direct_tiles,
):
    """Sum all K products of a block of positions and a block of result channels.

    Parameters
    ----------
    g : record of `arguments.ProductArguments`
    weights : pointer
        To packed weights, (tiles, K, MR).
    x : pointer
        To the first position in the planes.
    offsets : pointer to int64, (K,)
        Where product k of a position reads, counted from the position.
    positions, tiles : int
        Of this block. A tile is `g.MR` result channels.
    readable : int
        How many elements from `x` on may be read.
    sums : pointer
        To the scratch, (tiles * MR, g.scratch_pitch).
    panel, panel_offsets : pointer
        To room for a packed panel, (KC, NR), and the offsets within it; those of an edge tile,
        (KC, lanes), follow.
    bias, out : pointer
        Of the block's first result channel.
    first : int
        The block's first position.
    direct_tiles : int
        How many of the tiles are written to `out` at once, and not to `sums`: those of whole
        register tiles.
    """
    apart = g.shuffle * g.result_depth * g.result_height * g.result_width
    for k in range(0, max(K, 1), g.KC):
        kc = min(g.KC, K - k)
        p = 0
        while p < positions:
            edge = positions - p <= g.edge_positions
            width = g.lanes if edge else g.NR
            source, table = at(x, p), at(offsets, k)
            if g.pack_panels or p + width > readable:
                pack_panel(panel, source, table, kc, min(width, readable - p), width)
                source = panel
                table = at(panel_offsets, g.KC) if edge else panel_offsets
            for t in range(tiles):
                part = at(weights, (t * K + k) * g.MR)
                place = at(sums, t * g.MR * g.scratch_pitch + p)
                if t < direct_tiles and not edge and k + kc == K:
                    added = at(bias, t * g.MR) if g.bias else bias
                    target = at(out, t * g.MR * apart)
                    p0, p1 = first + p, first + positions
                    micro_kernel_store(
                        g, k == 0, part, source, table, kc, place, added, target, p0, p1
                    )
                elif edge:
                    micro_kernel_edge(g, k == 0, part, source, table, kc, place, g.scratch_pitch)
                else:
                    micro_kernel(g, k == 0, part, source, table, kc, place, g.scratch_pitch)
            p += width


@kernel
def compute_positions(g, part, task, planes, arrays):  # type: ignore[no-untyped-def]
    """Compute a block of positions of a block of result channels.

    Parameters
    ----------
    g, part : record
    task : Task
    planes : pointer
        To those of the group's first channel.
    arrays : Arrays
    """
    stay_whole()
    memory, bias, z = arrays.memory, arrays.bias, task.z
    first = task.block * part.position_tiles // part.position_blocks * g.NR
    end = (task.block + 1) * part.position_tiles // part.position_blocks * g.NR
    positions = min(end, part.positions) - first
    tile = task.tile_block * g.tile_block
    tiles = min(g.tile_block, g.tiles - tile)
    weights = arrays.weight if g.prepared else at(memory, g.at_weights)
    sums = at(task.own, g.own_sums)
    channels = g.groups * g.result_channels
    size = g.result_depth * g.result_height * g.result_width
    co = task.group * g.result_channels + tile * g.MR
    rows = min(tiles * g.MR, g.result_channels - tile * g.MR)
    direct_tiles = rows // g.MR if g.direct_store else 0
    nothing = at(task.own, g.own_zeros)
    clear(nothing, g.MR)
    stored = stored_channel(co, channels, g)
    layer = (task.n * channels + stored) * size + z * g.result_height * g.result_width
    macro_kernel(
        g,
        at(weights, part.first_weight + (task.group * g.tiles + tile) * part.K * g.MR),
        part.K,
        at(planes, z * g.layer_pitch + first),
        at(arrays.tables, part.at_offsets),
        positions,
        part.positions - first if g.in_place else positions + g.NR,
        tiles,
        sums,
        at(task.own, g.own_panels),
        at(arrays.tables, g.at_panel_offsets),
        at(bias, co) if g.bias else nothing,
        at(arrays.out, layer),
        first,
        direct_tiles,
    )
    left = positions % g.NR
    left = left if left <= g.edge_positions else 0
    for row in range(rows):
        done = positions - left if row < direct_tiles * g.MR else 0
        if positions - done > 0:
            stored = stored_channel(co + row, channels, g)
            plane = (task.n * channels + stored) * size
            store_channel(
                g,
                part,
                at(arrays.out, plane),
                at(arrays.residual, plane),
                bias[co + row] if g.bias else zero(bias),
                at(sums, row * g.scratch_pitch + done),
                z,
                first + done,
                first + positions,
            )
