"""How one channel of a depthwise convolution is cut into blocks, each with its slab."""

from __future__ import annotations

from dataclasses import dataclass

from ...kernel.axes import LoweredAxis
from .sweep import TILE_ROWS
from .tap_runs import Steps, row_distance

# A slab stays in the first-level cache where its rows are not too long for that; with 16 to 192 KiB
# the times differ by 5 %. But what several layers of results read should be copied once, to the
# second level: with 192 in place of 24 KiB a 3x3x3 kernel takes 1.7 ms, not 2.4.
SLAB_BYTES = 24 * 1024
LAYERS_BYTES = 192 * 1024
SLABS_BYTES = 12 * 1024
TASKS_PER_WORKER = 4
# Results of fewer rows are computed in pieces of a row, for tiles would be mostly empty.
FOLD_BELOW = 3
# Of fewer rows to a set, those that share samples are not worth a tile.
SHARING_ROWS = 4


@dataclass(frozen=True)
class Blocking:
    """How one channel is cut up.

    Parameters
    ----------
    block : tuple of int
        Results of a task along z, y, x.
    extent : tuple of int
        Positions of a slab's phases along z, y, x.
    pitch : int
    steps : Steps
    folded : bool
        Whether the rows of a register tile are pieces of one row of results.
    distance : int
        Rows of results between neighbouring rows of a register tile.
    slab, margin : int
        Elements of a slab, and how far beyond is written or read.
    slabs_at_once : int
        Small slabs that are filled before the first of them is read.
    """

    block: tuple[int, int, int]
    extent: tuple[int, int, int]
    pitch: int
    steps: Steps
    folded: bool
    distance: int
    slab: int
    margin: int
    slabs_at_once: int


def choose_blocking(
    axes: tuple[LoweredAxis, LoweredAxis, LoweredAxis],
    itemsize: int,
    lanes: int,
    wanted: int,
    distance: int | None = None,
) -> Blocking:
    """Cut a channel into blocks: `wanted` of them at least, where that can be had.

    Parameters
    ----------
    distance : int, optional
        Between the rows of a register tile, which then are whole ones; by default what suits
        the axes.
    """
    z, y, x = axes
    folded = distance is None and y.count < FOLD_BELOW
    distance = distance or (lanes if folded else row_distance(y))
    if not folded and distance > 1 and y.count < SHARING_ROWS * distance:
        distance = 1
    if folded:
        most = SLAB_BYTES // itemsize // (x.phases * y.phases * (y.count + y.reach) * (1 + z.reach))
        width = max(most, 4 * x.reach, TILE_ROWS * lanes)
        block_x = share(x.count, width, TILE_ROWS * lanes)
        block_y = y.count
    else:
        block_x = x.count
    columns = min(block_x, x.count) + x.reach
    vectors = -(-columns // lanes)
    # Lines at a high power of two would all fall into the same few places of the cache.
    pitch = (vectors + (vectors % 8 == 0)) * lanes
    line = x.phases * pitch
    if not folded:
        limit = LAYERS_BYTES if z.reach else SLAB_BYTES
        lines = limit // itemsize // line // ((1 + z.reach) * y.phases)
        most = min(max(lines - y.reach, 2 * y.reach, 1), -(-y.count // wanted))
        block_y = min(share(y.count, most, TILE_ROWS * distance), y.count)
    lines = block_y + y.reach
    layer = y.phases * lines * line
    fitting = LAYERS_BYTES // itemsize // (z.phases * layer) - z.reach
    block_z = max(min(fitting, -(-z.count // wanted)), 1)
    layers = block_z + z.reach
    steps = Steps((layers * layer, lines * line, pitch), (layer, line, 1))
    row_step = lanes if folded else distance * line
    slab = z.phases * layers * layer
    return Blocking(
        block=(block_z, block_y, block_x),
        extent=(layers, lines, columns),
        pitch=pitch,
        steps=steps,
        folded=folded,
        distance=distance,
        slab=slab,
        margin=TILE_ROWS * row_step + 2 * lanes,
        slabs_at_once=max(min(SLABS_BYTES // itemsize // slab, 16), 1),
    )


def share(count: int, most: int, unit: int) -> int:
    """Return the size of equal parts of `count`: a multiple of `unit`, and at most about `most`."""
    parts = -(-count // (-(-most // unit) * unit))
    return -(-count // (parts * unit)) * unit
