"""The two forms of the register tile behind one name each, chosen by the type of the geometry."""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from .channels import compute_channels, pack_channels
from .pack import pack_weights
from .positions import compute_positions


def compute_block(*args: Any) -> None:
    """Compute a block of positions of a block of result channels; for use in kernels only."""
    raise NotImplementedError("compute_block is for compiled kernels")


def pack_tile(*args: Any) -> bool:
    """Pack the weights of a tile of channels; for use in kernels only."""
    raise NotImplementedError("pack_tile is for compiled kernels")


def _channels_in_lanes(geometry: Any) -> bool:
    return "panel_pitch" in geometry.fields


@overload(compute_block)
def _compute_block(  # type: ignore[no-untyped-def]
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
):
    if _channels_in_lanes(g):
        return _compute_channels
    return _compute_positions


@overload(pack_tile)
def _pack_tile(packed, weights, sources, g, reads, channels):  # type: ignore[no-untyped-def]
    if _channels_in_lanes(g):
        return _pack_channels
    return _pack_rows


def _compute_channels(  # type: ignore[no-untyped-def]
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
):
    compute_channels(
        *(g, part, block, z, tile_block, group, n, planes),
        *(weight, bias, residual, out, memory, worker, tables),
    )


def _compute_positions(  # type: ignore[no-untyped-def]
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
):
    compute_positions(
        *(g, part, block, z, tile_block, group, n, planes),
        *(weight, bias, residual, out, memory, worker, tables),
    )


def _pack_channels(packed, weights, sources, g, reads, channels):  # type: ignore[no-untyped-def]
    return pack_channels(packed, weights, sources, g, reads, channels)


def _pack_rows(packed, weights, sources, g, reads, channels):  # type: ignore[no-untyped-def]
    return pack_weights(packed, weights, sources, g, reads, channels)
