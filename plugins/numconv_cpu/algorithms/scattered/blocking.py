"""How an input gradient is cut up to be scattered: register tiles, blocks of results, tasks."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod

import numpy as np

from numconv.core.polyphase import outputs_over
from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import Arguments
from ...kernel.lowering import group_channels
from ...simd.machine import machine

# Given channels of a block: with MR = 32 weights and 14 positions of samples they take 30 KiB, the
# first-level cache.
KC = 160
# Sums and gathered samples of a task fill half of a second level of 1 MiB at most.
SUMS_BYTES = 256 * 1024
MOST_POSITIONS = 336
# Tiles of a task, for which samples are gathered once.
FEW_TILES = 4
TASKS_PER_WORKER = 4
# The time of a sample's products relative to those of `transposed`, and how many samples' products
# take as long as to read a weight here and there, where each part has some of the taps. Measured on
# a Zen 4 on the layers of the suite `transposed`, to within a tenth.
LEAST_CHANNELS = 8
SCATTERED = 0.98
READ, READ_APART = 21, 86
# Where few positions share the time it takes to read the weights, rows of them are read in pieces
# of 1 KiB: memory gives pieces of 128 bytes at 40 % of that speed.
TILES_AT_ONCE = 8
FEW_POSITIONS = 64
# Of more ranges, it is estimated how many samples they read.
MOST_PIECES = 1024


@dataclass(frozen=True)
class ScatteredAxis:
    """One spatial axis: sample q adds to the results ``q * stride + tap * dilation - lo``."""

    given: int
    result: int
    taps: int
    stride: int
    dilation: int
    lo: int

    def reach(self, first: int, end: int) -> tuple[int, int]:
        """Return the range of samples that add to results `first` to `end`."""
        begin, stop = outputs_over(
            first + self.lo, end + self.lo, self.taps, self.stride, self.dilation
        )
        begin = min(max(begin, 0), self.given)
        return begin, min(max(stop, begin), self.given)

    @property
    def cells(self) -> tuple[int, int]:
        """The first of the samples whose first tap adds to a result, and how many there could be.

        Ranges of results end where one of these begins, to share no more samples than they must.
        """
        first = self.lo // self.stride
        return first, (self.result - 1 + self.lo) // self.stride + 1 - first

    def piece(self, index: int, count: int) -> tuple[int, int]:
        """Return a range of results, of `count`, which are no more than there are cells."""
        first, cells = self.cells
        edges = (first + cells * i // count for i in (index, index + 1))
        begin, end = (max(cell * self.stride - self.lo, 0) for cell in edges)
        return begin, min(end, self.result)

    def widest(self, count: int) -> int:
        """Return the results of the longest range."""
        if count <= MOST_PIECES:
            pieces = (self.piece(i, count) for i in range(count))
            return max(end - begin for begin, end in pieces)
        return -(-self.cells[1] // count) * self.stride

    def samples(self, count: int) -> tuple[int, int]:
        """Return how many samples the ranges read, the one with most of them, and all together."""
        few = count <= MOST_PIECES
        pieces = (self.piece(i, count) for i in range(count if few else 2))
        read = [end - begin for begin, end in (self.reach(*each) for each in pieces)]
        if few:
            return max(read), sum(read)
        shared = self.dilation * (self.taps - 1) // self.stride
        most = min(-(-self.cells[1] // count) + shared + 1, self.given)
        return most, self.given + count * min(shared, self.given)


@dataclass(frozen=True, kw_only=True)
class Blocking(Arguments):
    """Sizes of tiles, blocks and tasks. A lane is a tap of a result channel."""

    NR: int  # positions of a register tile
    MR: int  # lanes of a register tile, whole vectors
    lanes: int  # of a vector
    KC: int  # given channels summed on one register tile before the next gets its turn
    unit: int  # vectors after which a result channel begins with a vector again
    tiles: int  # of lanes in a group
    tile_block: int  # of them in a task
    tile_blocks: int
    tiles_at_once: int  # tiles whose weights are copied together
    pieces: int  # ranges of results along the first axis


def axes_of(problem: ConvolutionProblem) -> tuple[ScatteredAxis, ScatteredAxis, ScatteredAxis]:
    """Return the axes z, y, x; those that the problem lacks have one sample."""
    axes = [ScatteredAxis(1, 1, 1, 1, 1, 0)] * (3 - problem.axes)
    for given, result, taps, stride, dilation, (lo, _) in zip(
        problem.output_shape,
        problem.input_shape,
        problem.kernel_shape,
        problem.stride,
        problem.dilation,
        problem.padding,
        strict=True,
    ):
        axes.append(ScatteredAxis(given, result, taps, stride, dilation, lo))
    return axes[0], axes[1], axes[2]


def choose_blocking(problem: ConvolutionProblem, workers: int) -> Blocking:
    """Cut a problem up so that all workers have something to do, and what they do fits caches."""
    here = machine()
    itemsize = np.dtype(problem.dtype).itemsize
    lanes = here.lanes(itemsize)
    taps = prod(problem.kernel_shape)
    given, result = group_channels(problem)
    vectors = 2 if result * taps > lanes else 1
    MR = vectors * lanes
    tiles = -(-result * taps // MR)
    step = taps // gcd(taps, MR)
    lead = axes_of(problem)[3 - problem.axes]
    inner = prod(problem.output_shape[1:])
    pieces = _pieces(problem)
    positions = inner * lead.samples(pieces)[0]
    grids = problem.batch * problem.groups * pieces
    blocks = max(-(-tiles * MR * positions * itemsize // SUMS_BYTES), 1)
    wanted = TASKS_PER_WORKER * workers if workers > 1 else 1
    blocks = max(blocks, min(-(-wanted // max(grids, 1)), tiles // FEW_TILES))
    tile_block = -(-tiles // (blocks * step)) * step
    grids *= -(-tiles // tile_block)
    if 0 < grids < wanted and lead.dilation * (lead.taps - 1) < lead.stride:
        pieces = min(pieces * -(-wanted // grids), lead.given, lead.cells[1])
    tile_block = min(tile_block, tiles)
    return Blocking(
        NR=14 if here.registers >= 32 else 6,
        MR=MR,
        lanes=lanes,
        KC=-(-given // -(-given // KC)),
        unit=taps // gcd(taps, lanes),
        tiles=tiles,
        tile_block=tile_block,
        tile_blocks=-(-tiles // tile_block),
        tiles_at_once=min(TILES_AT_ONCE, tile_block) if positions <= FEW_POSITIONS else 1,
        pieces=pieces,
    )


def relative_cost(problem: ConvolutionProblem) -> float:
    """Return the estimated time as a multiple of that of `transposed`.

    It is less where each result is the sum of few products of samples, and of many over channels;
    more where ranges of results share samples, which each of them then multiplies.
    """
    few = problem.out_channels // problem.groups < LEAST_CHANNELS
    if prod(problem.stride) == 1 or few or prod(problem.output_shape[1:]) > MOST_POSITIONS:
        return 2
    lead = axes_of(problem)[3 - problem.axes]
    _, read = lead.samples(_pieces(problem))
    samples = prod(problem.output_shape)
    several = max(read / lead.given, 1)
    return (SCATTERED * several * samples + READ) / (samples + READ_APART)


def _pieces(problem: ConvolutionProblem) -> int:
    """Return into how many ranges the first axis is cut, so that few enough samples add to each."""
    lead = axes_of(problem)[3 - problem.axes]
    return min(-(-prod(problem.output_shape) // MOST_POSITIONS), lead.cells[1])
