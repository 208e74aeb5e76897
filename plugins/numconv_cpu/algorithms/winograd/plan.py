"""The plan of `winograd`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numconv.core.memory import aligned_copy
from numconv.plugin import Array, ConvolutionProblem

from ...kernel.worker_plan import WorkerPlan
from ..lowered.exact import plan_exact
from .arguments import call_arguments, convolution_arguments, packing_arguments
from .geometry import FEW_ROWS, blocking, geometry_of, tiling
from .solve import solve

# Transformed weights that are read from memory take longer than to transform them once more, from
# a fourth of the bytes and into a cache. Measured on a Zen 5 with 32 MiB of last-level cache, on
# 3x3 layers of 256 to 1024 channels.
PREPARED_BYTES = 24 * 2**20


class WinogradPlan(WorkerPlan):
    """A convolution by tiles that see `points` samples a side, of float32 or float64.

    The transforms mix the samples of a tile and the taps of a filter. Where these are so uneven
    that rounding errors of large ones would show beside small ones, or are not finite, another
    algorithm computes the image, or if it is the weights, all images.
    """

    exact = staticmethod(plan_exact)

    def __init__(self, problem: ConvolutionProblem, points: int) -> None:
        super().__init__(problem, messages=problem.batch + 1)
        geometry, dtype = geometry_of(problem), problem.dtype
        item = np.dtype(dtype).itemsize
        self._tiling = t = tiling(geometry, points, item)
        self._blocking = blocking(geometry, t, item, self.workers)
        convolution = convolution_arguments(problem, geometry, t, points)
        self.compile(
            solve,
            call_arguments(convolution, self._blocking),
            ("tile", dtype, (t.rows, t.vectors, t.lanes)),
            ("few", dtype, (FEW_ROWS, t.vectors, t.lanes)),
            ("patch", np.int64, t.points),
            ("filter", np.int64, tuple(axis.taps for axis in geometry.axes)),
            stages=2,
        )
        packing = packing_arguments(convolution, self._blocking)
        if self._blocking.shared_weights or packing.at_weights * item <= PREPARED_BYTES:
            ready = call_arguments(convolution, self._blocking, prepared=True)
            self.pack_weights(packing, ready, "at_weights", stages=2)

    def prepare(self, weight: Array) -> Any:
        """Return the weight with its transforms; as it is where each call had better make them."""
        if self._packing:
            return super().prepare(weight)
        return aligned_copy(weight).reshape(weight.shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        t, cut = self._tiling, self._blocking
        return (
            f"tiles of {' x '.join(map(str, t.sides))}, {prod(t.points)} points, "
            f"register tile {t.rows} tiles x {t.columns} channels, "
            f"{cut.block} of {t.image * self.problem.batch} "
            f"tiles a task on {self.workers} threads, "
            f"samples transformed {'first' if cut.shared_samples else 'in each task'}, "
            f"weights {'first' if cut.shared_weights else 'in each task'}"
        )
