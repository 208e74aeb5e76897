"""The plan of an involution."""

from __future__ import annotations

import numpy as np

from numconv.plugin import InvolutionProblem

from ...kernel.worker_plan import WorkerPlan
from ...simd.machine import machine
from .arguments import arguments_of
from .blocking import Planes, axes_of, choose, choose_partition, longest, spatial
from .kernel import involute


class InvolutionPlan(WorkerPlan):
    """An involution of float32, float64 or int64; kernels are read once, and so never packed."""

    def __init__(self, problem: InvolutionProblem) -> None:
        super().__init__(problem)
        axes = axes_of(problem)
        self._blocking = b = choose(problem, machine(), np.dtype(problem.dtype).itemsize)
        self._partition = parts = choose_partition(problem, b, axes, self.workers)
        (_, height, width), (block_height, block_width) = spatial(problem.output_shape), b.span
        planes = Planes(
            axes,
            lines=longest(height, parts.strips, block_height) + axes[1].reach,
            pitch=longest(width, parts.pieces, block_width) + axes[2].reach,
        )
        arguments = arguments_of(problem, b, parts, planes)
        self._tasks = arguments.tasks
        self.compile(involute, arguments, ("tile", problem.dtype, b.tile))

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        blocking, parts = self._blocking, self._partition
        return (
            f"blocks of {blocking.rows} {'vectors' if blocking.along_x else 'rows'} x "
            f"{blocking.lanes} "
            f"positions x {blocking.channels} channels, {self._tasks} tasks: "
            f"{parts.strips} strips x {parts.pieces} pieces"
            + (f" and 1/{parts.parts} of a group" if parts.parts > 1 else "")
        )
