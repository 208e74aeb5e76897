"""What a convolution is to `fft`: its axes, how it is cut into blocks, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log2, prod

import numpy as np

from numconv.plugin import FACTOR, ConvolutionProblem, remembering

from ...kernel.arguments import Arguments
from ...kernel.lowering import group_channels
from ..fourier.problems import sizes

SIDES = tuple(sorted(factor * 2**power for factor in (1, 3) for power in range(4, 11)))[:-1]
"""Sides of a block: multiples of a vector that transforms of radix 4, 3 and 2 make up."""

# Memory that spectra may take: of the samples, for each worker, and of the weights.
OWN_BYTES = 64 * 2**20
WEIGHT_BYTES = 256 * 2**20
# Nanoseconds of one core for a vector of 64 bytes: of a complex block, for each doubling of its
# size and for all else that is done to it on the way there or back, and for the product with a
# weight's; and of products of `direct` or `depthwise`. Measured on a Zen 4 with 1 to 8 channels.
DOUBLING, MOVE, PRODUCT, DIRECT = 1.0, 24.0, 2.5, 0.25
# And for adding a cell to the window sum of a square of results, and for a call.
ADDED, CALL = 0.75, 6000.0
# Cells along a kernel's side. More give closer bounds of the window sums, but take longer: with 16
# a picture of 1080 x 1920 under a kernel of 31 x 31 took ten times as long.
CELLS = 5
# A block and its spectrum that take a second-level cache are at home there; one of four times
# the size took 2.3 times as long for each number, one of nine times 2.6.
CACHE_BYTES, FAR = 2**20, 0.6

# The error of a result, in eps times the norm of a filter times that of the samples of its pair of
# blocks, is at most this for each doubling of a block's size. Measured over waves, spikes, steps,
# combs and noise against each other, in blocks of 2^9 to 2^19 numbers, it is 0.17 at most.
ERROR = 0.25


@dataclass(frozen=True)
class FftGeometry(Arguments):
    """A forward convolution, or an input gradient as one with the taps in their other order.

    Parameters
    ----------
    given_channels, result_channels : int
        Of a group.
    given_size, result_size, kernel : (int, int)
        Along y and x; a signal has one row.
    lo : (int, int)
        Samples in the window of the first result that are before the first one there is.
    folded : bool
        Whether it is a signal, of which a block holds a piece row by row.
    """

    groups: int
    given_channels: int
    result_channels: int
    given_size: tuple[int, int]
    result_size: tuple[int, int]
    kernel: tuple[int, int]
    lo: tuple[int, int]
    folded: bool


@dataclass(frozen=True)
class Blocks(Arguments):
    """Blocks of an image: their sides, the results along each axis, and how many there are."""

    rows: int
    columns: int
    steps: tuple[int, int]
    counts: tuple[int, int]

    @property
    def pairs(self) -> int:
        return -(-prod(self.counts) // 2)

    @property
    def error(self) -> float:
        """The largest error of a result; see `ERROR`."""
        return ERROR * log2(self.rows * self.columns)


def geometry_of(problem: ConvolutionProblem) -> FftGeometry:
    """Return the axes and channels of a problem of one or two spatial axes."""
    channels = group_channels(problem)
    *arrays, lo = sizes(problem)
    missing = 2 - problem.axes
    given, result, kernel = ((1,) * missing + each for each in (*arrays, problem.kernel_shape))
    lo = (0,) * missing + lo
    return FftGeometry(
        groups=problem.groups,
        given_channels=channels[0],
        result_channels=channels[1],
        given_size=(given[0], given[1]),
        result_size=(result[0], result[1]),
        kernel=(kernel[0], kernel[1]),
        lo=(lo[0], lo[1]),
        folded=problem.axes == 1,
    )


@remembering(1024)
def blocks_of(geometry: FftGeometry, itemsize: int) -> Blocks | None:
    """Return the blocks that take the least time, or None if all take too much memory."""
    found = [_blocks(geometry, *sides) for sides in product(SIDES, SIDES)]
    fitting = [each for each in found if each is not None and _fits(geometry, each, itemsize)]

    def time(blocks: Blocks) -> float:
        # Few pairs are hard to share out evenly, to however many threads.
        return seconds(geometry, blocks, itemsize) * (1 + 0.5 / max(blocks.pairs, 1))

    return min(fitting, key=time, default=None)


def _blocks(geometry: FftGeometry, rows: int, columns: int) -> Blocks | None:
    sides = (1, rows * columns) if geometry.folded else (rows, columns)
    steps = tuple(side - k + 1 for side, k in zip(sides, geometry.kernel, strict=True))
    if min(steps) < 1:
        return None
    counts = tuple(-(-size // step) for size, step in zip(geometry.result_size, steps, strict=True))
    return Blocks(rows, columns, (steps[0], steps[1]), (counts[0], counts[1]))


def _fits(geometry: FftGeometry, blocks: Blocks, itemsize: int) -> bool:
    spectrum = 2 * blocks.rows * blocks.columns * itemsize
    filters = geometry.groups * geometry.given_channels * geometry.result_channels
    return (
        geometry.given_channels + 2
    ) * spectrum <= OWN_BYTES and filters * spectrum <= WEIGHT_BYTES


def seconds(geometry: FftGeometry, blocks: Blocks, itemsize: int) -> float:
    """Return the estimated time of an image on one core, the weights' transforms included."""
    size = blocks.rows * blocks.columns
    each = DOUBLING * log2(size) + MOVE
    transforms = (
        blocks.pairs * (geometry.given_channels + geometry.result_channels)
        + geometry.given_channels * geometry.result_channels
    )
    products = PRODUCT * blocks.pairs * geometry.given_channels * geometry.result_channels
    far = 1 + FAR * max(log2(4 * size * itemsize / CACHE_BYTES), 0.0)
    time = far * size * (each * transforms + products)
    if _doubtful(geometry, blocks):
        time += (
            DIRECT
            * prod(geometry.result_size)
            * geometry.result_channels
            * geometry.given_channels
            * prod(geometry.kernel)
        )
    added = 2 * blocks.pairs * prod(cell_counts(geometry, blocks))
    added *= sum(cell_of(k)[1] for k in geometry.kernel)
    return (geometry.groups * (time * itemsize / 64 + ADDED * added) + CALL) * 1e-9


def cell_of(kernel: int) -> tuple[int, int]:
    """Return the side of a cell, and how many all windows of a square of results contain."""
    side = max(kernel // CELLS, 1)
    return side, (kernel + 1) // side - 1


def cell_counts(geometry: FftGeometry, blocks: Blocks) -> tuple[int, int]:
    """Return how many cells a block has along each axis, a piece of a signal being one row."""
    rows, columns = blocks.rows, blocks.columns
    if geometry.folded:
        rows, columns = 1, rows * columns
    return -(-rows // cell_of(geometry.kernel[0])[0]), -(-columns // cell_of(geometry.kernel[1])[0])


def _doubtful(geometry: FftGeometry, blocks: Blocks) -> bool:
    """Return whether even in noise results in a corner would be recomputed as direct sums.

    A twelfth of a kernel's samples is in their windows for certain; the largest sample is about
    six times the mean.
    """
    terms = geometry.given_channels * prod(geometry.kernel)
    samples = 2 * geometry.given_channels * blocks.rows * blocks.columns
    return terms / 12 < blocks.error / FACTOR * (6 * samples / terms) ** 0.5


def relative_cost(problem: ConvolutionProblem) -> float:
    """Return the estimated time of an image, as a fraction of what the others take for it."""
    geometry, itemsize = geometry_of(problem), max(np.dtype(problem.dtype).itemsize, 4)
    blocks = blocks_of(geometry, itemsize)
    assert blocks is not None
    macs = prod(problem.y_shape[1:]) * prod(problem.weight_shape[1:])
    return seconds(geometry, blocks, itemsize) / (DIRECT * 1e-9 * macs * itemsize / 64)
