"""The plan of `scattered`."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from numconv.core.memory import aligned_copy
from numconv.plugin import Array, ConvolutionProblem

from ...kernel.worker_plan import PackedWeight, WorkerPlan
from .arguments import arguments_of
from .blocking import choose_blocking
from .solve import solve


class ScatterPlan(WorkerPlan):
    """An input gradient of float32, float64 or int64 whose padding is of zeros.

    No zero of the padding is ever read: a weight that is not finite does no harm to results that
    it has no sample for.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem)
        self._blocking = c = choose_blocking(problem, self.workers)
        arguments = arguments_of(problem, c)
        self.compile(solve, arguments, ("tile", problem.dtype, (c.NR, c.MR // c.lanes, c.lanes)))
        self.read_packed(replace(arguments, prepared=True))

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight in tiles, (groups, tiles, given_channels, MR)."""
        c, groups = self._blocking, self.problem.groups
        rows = weight.reshape(groups, self.problem.out_channels // groups, -1)
        beyond = c.tiles * c.MR - rows.shape[2]
        tiles = np.pad(rows, ((0, 0), (0, 0), (0, beyond)))
        tiles = tiles.reshape(*rows.shape[:2], c.tiles, c.MR)
        return PackedWeight(aligned_copy(tiles.swapaxes(1, 2)), self)

    def unpacked(self, packed: Array) -> Array:
        """Return the weight that was packed so."""
        c, shape, groups = self._blocking, self.problem.weight_shape, self.problem.groups
        tiles = packed.reshape(groups, c.tiles, -1, c.MR)
        rows = tiles.swapaxes(1, 2).reshape(shape[0], c.tiles * c.MR)
        return rows[:, : prod(shape) // shape[0]].reshape(shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        c = self._blocking
        return (
            f"tile {c.NR} positions x {c.MR} taps, blocks of {c.KC} channels, "
            f"{c.tile_blocks * self.problem.groups} blocks of {c.tile_block} tiles x "
            f"{c.pieces} ranges of results on {self.workers} threads"
        )
