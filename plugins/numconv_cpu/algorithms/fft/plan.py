"""The plan of `fft`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from numconv.plugin import ConvolutionProblem

from ...kernel.worker_plan import WorkerPlan
from ...simd.machine import machine
from ...simd.tile import tile_field
from ..fourier.twiddles import block_twiddles
from ..lowered.exact import plan_exact
from .arguments import block_layout, call_arguments
from .geometry import blocks_of, geometry_of
from .solve import solve


class FftPlan(WorkerPlan):
    """A convolution of a signal or picture by overlapping blocks, of float32 or float64.

    Each block of samples gives, transformed, multiplied and transformed back, the results that
    see nothing outside it ("overlap-save": A. Oppenheim and R. Schafer, "Discrete-Time Signal
    Processing", section 8.7.3).
    """

    exact = staticmethod(plan_exact)

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, messages=1)
        item = np.dtype(problem.dtype).itemsize
        self._geometry = geometry = geometry_of(problem)
        blocks = blocks_of(geometry, item)
        assert blocks is not None
        self._blocks, layout = blocks, block_layout(blocks, machine().lanes(item))
        folded = (layout.pitch, layout.imaginary) if geometry.folded else None
        twiddles = block_twiddles(blocks.rows, blocks.columns, folded, problem.dtype)
        arguments = call_arguments(problem, geometry, blocks, layout, twiddles)
        tile = tile_field(problem.dtype, 1, 1)
        self.compile(solve, arguments, tile, stages=2, constants=twiddles.factors)
        packing = replace(arguments, pair_tasks=0)
        ready = replace(arguments, prepared=True, at_taps=int(arguments.at_spectra), weight_tasks=0)
        self.pack_weights(packing, ready, "at_spectra", stages=2)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        geometry, blocks = self._geometry, self._blocks
        sides = f"{blocks.rows} x {blocks.columns}"
        if geometry.folded:
            sides = f"{blocks.rows * blocks.columns} ({sides})"
        steps = blocks.steps[1:] if geometry.folded else blocks.steps
        pairs = self.problem.batch * geometry.groups * blocks.pairs
        return (
            f"blocks of {sides} samples for {' x '.join(map(str, steps))} results, "
            f"{pairs} pairs of them on {self.workers} threads"
        )
