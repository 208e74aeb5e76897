"""What a convolution is to `winograd`: its axes and channels, and how its work is cut up."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import Arguments
from ...kernel.lowering import group_channels
from ...kernel.padding import Lines
from ...simd.machine import machine
from .axes import WinogradAxis, flat_axes, lines_along_z

# Rows and vectors of the register tile. What counts is loads per product: 10 to 24, 10 to 16 and
# 8 to 12. The first takes 0.9 of the second's time where the channels fill four vectors, so 64@56
# 0.41 ms in place of 0.45; 12 x 2 leaves no register and takes 1.5 times as long.
WIDE, NARROW, FEW_REGISTERS = (6, 4), (8, 2), (6, 2)
FEW_ROWS = 4
# Transformed samples of a task that keeps them to itself: half of a second-level cache of 1 MiB.
OWN_BYTES = 480 * 2**10
SHARED_BYTES = 32 * 2**20
FEWEST_TILES = 16
MOST_TILES = 64


@dataclass(frozen=True)
class WinogradGeometry:
    """A convolution, whichever its direction.

    Parameters
    ----------
    given, result : int
        Channels of a group.
    depth : int
        Results along z.
    lines : Lines
        Which planes of the given array each tap along z reads.
    axes : (Axis, Axis)
        Along y and x.
    """

    batch: int
    groups: int
    given: int
    result: int
    depth: int
    lines: Lines
    axes: tuple[WinogradAxis, WinogradAxis]

    @property
    def taps_z(self) -> int:
        return len(self.lines.first)

    @property
    def phases(self) -> int:
        return self.taps_z * prod(axis.phases for axis in self.axes)

    @property
    def parts(self) -> int:
        return prod(axis.parts for axis in self.axes)

    def active(self, points: tuple[int, int]) -> list[list[int]]:
        """Return which phases have weights at each point.

        Those that lack the last tap of a filter have none at the last point, infinity.
        """
        z = np.ones((1, self.taps_z), bool)
        y, x = (
            (axis.tap[:, :, -1] >= 0).any(axis=0) | (np.arange(n)[:, None] < n - 1)
            for axis, n in zip(self.axes, points, strict=True)
        )
        there = np.einsum("kz,iy,jx->ijzyx", z, y, x).reshape(prod(points), -1)
        return [np.flatnonzero(phases).tolist() for phases in there]


def geometry_of(problem: ConvolutionProblem) -> WinogradGeometry:
    """Return what is given and what is computed, forward or as an input gradient."""
    channels, axes = group_channels(problem), flat_axes(problem)
    depth = problem.result_shape[2] if problem.axes == 3 else 1
    return WinogradGeometry(
        problem.batch, problem.groups, *channels, depth, lines_along_z(problem), axes
    )


@dataclass(frozen=True)
class Blocking(Arguments):
    """How the tiles are cut up.

    Parameters
    ----------
    block : int
        Tiles of a task.
    shared_samples : bool
        Whether samples are transformed before the products begin, all of them; else each task
        does so with its own, and computes all result channels of them.
    shared_weights : bool
        Whether the weights are; else each task does so with a strip of them.
    """

    block: int
    shared_samples: bool
    shared_weights: bool


@dataclass(frozen=True)
class Tiling(Arguments):
    """Tiles, vectors and register tiles.

    Parameters
    ----------
    points : (int, int)
        Samples along the sides of the input of a tile: m + r - 1 of F(m, r).
    sides : (int, int)
        Results along its sides, of each part: m.
    tiles : (int, int)
        Of a plane of results.
    planes : int
        Of results in an image.
    rows, vectors : int
        Tiles and vectors of result channels of a register tile.
    given_blocks, result_blocks : int
        Vectors that the channels of a group fill.
    strips : int
        Of result channels in a group, each as wide as a register tile.
    """

    points: tuple[int, int]
    sides: tuple[int, int]
    tiles: tuple[int, int]
    planes: int
    lanes: int
    rows: int
    vectors: int
    given_blocks: int
    result_blocks: int
    strips: int

    @property
    def columns(self) -> int:
        return self.lanes * self.vectors

    @property
    def image(self) -> int:
        """Tiles of an image."""
        return self.planes * prod(self.tiles)


def tiling(geometry: WinogradGeometry, points: int, itemsize: int) -> Tiling:
    """Cut results into tiles that see `points` along a side, and channels into vectors."""
    here = machine()
    lanes = here.lanes(itemsize)
    blocks = -(-geometry.result // lanes)
    filled = blocks * geometry.parts
    wide = -(-filled // WIDE[1]) * WIDE[1] <= 1.15 * filled
    rows, vectors = (WIDE if wide else NARROW) if here.registers >= 32 else FEW_REGISTERS
    y, x = (points if axis.taps > 1 else 1 for axis in geometry.axes)
    side_y, side_x = (n - axis.taps + 1 for n, axis in zip((y, x), geometry.axes, strict=True))
    return Tiling(
        points=(y, x),
        sides=(side_y, side_x),
        tiles=(-(-geometry.axes[0].positions // side_y), -(-geometry.axes[1].positions // side_x)),
        planes=geometry.depth,
        lanes=lanes,
        rows=rows,
        vectors=vectors,
        given_blocks=-(-geometry.given // lanes),
        result_blocks=blocks,
        strips=-(-filled // vectors),
    )


def blocking(geometry: WinogradGeometry, tiles: Tiling, itemsize: int, workers: int) -> Blocking:
    """Choose blocks that fit the caches, and tasks of which all workers get as many."""
    count = geometry.batch * tiles.image
    each = prod(tiles.points) * geometry.phases * tiles.given_blocks * tiles.lanes * itemsize
    most = OWN_BYTES // each
    shared = each * count * geometry.groups
    enough = count * geometry.groups >= FEWEST_TILES * workers
    if (most >= FEWEST_TILES and enough) or shared > SHARED_BYTES:
        block = _even(count, min(max(most, FEWEST_TILES), MOST_TILES), workers, geometry.groups)
        return Blocking(block, False, block < count)
    blocks = max(-(-count // MOST_TILES), 1)
    if tiles.strips * geometry.groups * blocks < workers:
        blocks = max(
            min(-(-workers // (tiles.strips * geometry.groups)), count // FEW_ROWS), blocks
        )
    block = max(-(-count // blocks), 1)
    return Blocking(block, True, blocks > 1)


def _even(count: int, most: int, workers: int, groups: int) -> int:
    """Return how many tiles a task takes, so that the workers end at about the same time."""
    step = 4
    choices = range(FEWEST_TILES, max(most // step * step, FEWEST_TILES) + 1, step)
    return min(choices, key=lambda block: (_longest(count, block, workers, groups), -block))


def _longest(count: int, block: int, workers: int, groups: int) -> int:
    return -(-(-(-count // block) * groups) // workers) * block
