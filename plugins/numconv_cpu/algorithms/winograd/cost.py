"""What `winograd` costs, compared with `direct` and `transposed`, and with which tiles."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.plugin import ConvolutionProblem, remembering

from .axes import flat_axes
from .evenness import steady
from .geometry import FEW_ROWS, geometry_of, tiling

LEAST_CHANNELS = 16
MOST_POINTS = 6
# What share of the vector products a second this algorithm and the others reach, and products'
# worth of time for transforming: a point of one vector of channels of a tile (there or back), a
# point of a vector of weights; for reading a vector of weights; and for doing so where each part
# of an input gradient has some of the taps. Measured on one core of a Zen 4, over sixty layers of
# 16@28 to 512@7 with kernels of two to five taps along an axis: it predicts the ratio to within
# 10 % on the mean.
PRODUCTS, DIRECT = 0.84, 0.86
TRANSFORM, WEIGHTS, READ, READ_APART = 8.0, 6.0, 40.0, 100.0
# The samples of all phases exceed the second level of a cache where there are several.
STRIDED = 1.15
# It is less accurate, and should be faster for that.
MARGIN = 1.05


def sizes(problem: ConvolutionProblem) -> list[int]:
    """Return how many points tiles may have that have two results or more along each side."""
    most = max(axis.taps for axis in flat_axes(problem))
    return [points for points in (MOST_POINTS, 4) if most < points]


@remembering(1024)
def best_points(problem: ConvolutionProblem) -> int:
    """Return the size of tiles with the least cost; the larger, if it costs one image little more.

    A batch or a prepared weight spares it the weights' transform, which costs it most: 16 images
    of 512@7 take 7 ms with the larger tile and 12 with the smaller, one takes about as long.
    """
    choices = [size for size in sizes(problem) if steady(problem, size)] or sizes(problem)
    return min(choices, key=lambda size: relative_cost(problem, size) * (1.1 if size == 4 else 1))


def relative_cost(problem: ConvolutionProblem, points: int) -> float:
    """Return the estimated time of an image, as a fraction of what the others take for it."""
    geometry = geometry_of(problem)
    itemsize = max(np.dtype(problem.dtype).itemsize, 4)
    tiles = tiling(geometry, points, itemsize)
    vectors, seen = tiles.strips * tiles.vectors, prod(tiles.points)
    given = tiles.given_blocks * geometry.phases
    whole = -(-tiles.image // FEW_ROWS) * FEW_ROWS
    active = sum(map(len, geometry.active(tiles.points))) * tiles.given_blocks
    products = active * whole * tiles.lanes * vectors / PRODUCTS
    moves = TRANSFORM * seen * tiles.image * (given + vectors)
    weights = WEIGHTS * seen * geometry.phases * geometry.given * vectors
    taps = prod(problem.kernel_shape) * geometry.given * tiles.result_blocks
    direct = prod(problem.y_shape[1:]) * prod(problem.weight_shape[1:]) / problem.groups
    read = READ_APART if geometry.parts > 1 else READ
    winograd = products + moves + weights + READ * taps
    if any(axis.phases > 1 for axis in geometry.axes):
        winograd *= STRIDED
    return MARGIN * winograd / (direct / tiles.lanes / DIRECT + read * taps)
