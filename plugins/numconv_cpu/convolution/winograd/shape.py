"""What a layer is to `winograd`: its sides and channels, and how its work is cut up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from numconv.core.problems import ConvolutionProblem

from ...simd.machine import machine

LEAST_CHANNELS = 16
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
# What share of the vector products a second this algorithm and `direct` reach, and products'
# worth of time for transforming: a point of one vector of channels of a tile (there or back), a
# point of a vector of weights; and for packing a vector of weights for `direct`. Measured on a
# Zen 4 over layers of 16@28 to 512@7.
PRODUCTS, DIRECT = 0.9, 0.86
TRANSFORM, WEIGHTS, PACKED = 14.0, 8.0, 8.0


@dataclass(frozen=True)
class Shape:
    """A layer, whichever its direction.

    Parameters
    ----------
    given, result : int
        Channels of a group.
    lo : (int, int)
        Samples that the first result sees before the first one, along y and x.
    """

    batch: int
    groups: int
    given: int
    result: int
    given_size: tuple[int, int]
    result_size: tuple[int, int]
    lo: tuple[int, int]


def shape_of(problem: ConvolutionProblem) -> Shape:
    """Return a forward convolution or an input gradient as one with taps in their order."""
    channels = problem.in_channels // problem.groups, problem.out_channels // problem.groups
    sizes = problem.input_shape, problem.output_shape
    lo = tuple(low for low, _ in problem.padding)
    if problem.direction != "forward":
        channels, sizes, lo = channels[::-1], sizes[::-1], tuple(2 - low for low in lo)
    (given_y, given_x), (result_y, result_x) = sizes
    return Shape(
        batch=problem.batch,
        groups=problem.groups,
        given=channels[0],
        result=channels[1],
        given_size=(given_y, given_x),
        result_size=(result_y, result_x),
        lo=(lo[0], lo[1]),
    )


@dataclass(frozen=True)
class Blocking:
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
class Tiling:
    """Tiles, vectors and register tiles of a layer."""

    side: int
    lanes: int
    rows: int
    vectors: int
    tiles_y: int
    tiles_x: int
    given_blocks: int
    strips: int

    @property
    def patch(self) -> int:
        return self.side + 2

    @property
    def points(self) -> int:
        return self.patch**2

    @property
    def columns(self) -> int:
        return self.lanes * self.vectors


def tiling(shape: Shape, side: int, itemsize: int) -> Tiling:
    """Cut a layer into tiles of `side` and its channels into vectors."""
    here = machine()
    lanes = here.lanes(itemsize)
    filled = -(-shape.result // lanes)
    wide = -(-filled // WIDE[1]) * WIDE[1] <= 1.15 * filled
    rows, vectors = (WIDE if wide else NARROW) if here.registers >= 32 else FEW_REGISTERS
    return Tiling(
        side=side,
        lanes=lanes,
        rows=rows,
        vectors=vectors,
        tiles_y=-(-shape.result_size[0] // side),
        tiles_x=-(-shape.result_size[1] // side),
        given_blocks=-(-shape.given // lanes),
        strips=-(-filled // vectors),
    )


def blocking(shape: Shape, tiles: Tiling, itemsize: int, workers: int) -> Blocking:
    """Choose blocks that fit the caches, and tasks of which all workers get as many."""
    count = shape.batch * tiles.tiles_y * tiles.tiles_x
    each = tiles.points * tiles.given_blocks * tiles.lanes * itemsize
    most = OWN_BYTES // each
    shared = each * count * shape.groups
    enough = count * shape.groups >= FEWEST_TILES * workers
    if (most >= FEWEST_TILES and enough) or shared > SHARED_BYTES:
        most = max(most, FEWEST_TILES)
        return Blocking(_even(count, min(most, MOST_TILES), workers, shape.groups), False, True)
    blocks = max(-(-count // MOST_TILES), 1)
    if tiles.strips * shape.groups * blocks < workers:
        blocks = max(min(-(-workers // (tiles.strips * shape.groups)), count // FEW_ROWS), blocks)
    block = max(-(-count // blocks), 1)
    return Blocking(block, True, blocks > 1)


def _even(count: int, most: int, workers: int, groups: int) -> int:
    """Return how many tiles a task takes, so that the workers end at about the same time."""
    step = 4
    choices = range(FEWEST_TILES, max(most // step * step, FEWEST_TILES) + 1, step)
    return min(choices, key=lambda block: (_longest(count, block, workers, groups), -block))


def _longest(count: int, block: int, workers: int, groups: int) -> int:
    return -(-(-(-count // block) * groups) // workers) * block


@lru_cache(maxsize=1024)
def best_tile(problem: ConvolutionProblem) -> int:
    """Return the tile with the least cost; the larger, if it costs one image little more.

    A batch or a prepared weight spares it the weights' transform, which costs it most: 16 images
    of 512@7 take 7 ms with the larger tile and 12 with the smaller, one takes about as long.
    """
    return min((4, 2), key=lambda side: relative_cost(problem, side) * (1.1 if side == 2 else 1))


def relative_cost(problem: ConvolutionProblem, side: int) -> float:
    """Return the estimated time of an image, as a fraction of what `direct` takes for it."""
    shape = shape_of(problem)
    itemsize = max(np.dtype(problem.dtype).itemsize, 4)
    tiles = tiling(shape, side, itemsize)
    vectors = tiles.strips * tiles.vectors
    count = tiles.tiles_y * tiles.tiles_x
    whole = -(-count // FEW_ROWS) * FEW_ROWS
    products = tiles.points * whole * tiles.given_blocks * tiles.lanes * vectors / PRODUCTS
    moves = TRANSFORM * tiles.points * count * (tiles.given_blocks + vectors)
    weights = WEIGHTS * tiles.points * shape.given * vectors
    direct = 9 * prod(shape.result_size) * shape.given * (shape.result / tiles.lanes) / DIRECT
    return (products + moves + weights) / (direct + PACKED * 9 * shape.given * vectors)
