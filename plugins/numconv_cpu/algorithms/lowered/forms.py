"""The two forms of the register tile behind one name each, chosen by the type of the geometry."""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from ...runtime.compile import OPTIONS
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


@overload(compute_block, jit_options=OPTIONS)
def _compute_block(g, part, task, planes, arrays):  # type: ignore[no-untyped-def]
    return (compute_channels if _channels_in_lanes(g) else compute_positions).py_func


@overload(pack_tile, jit_options=OPTIONS)
def _pack_tile(packed, weights, sources, g, kc, channels):  # type: ignore[no-untyped-def]
    return (pack_channels if _channels_in_lanes(g) else pack_weights).py_func
