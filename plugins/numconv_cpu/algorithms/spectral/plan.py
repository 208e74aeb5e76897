"""The plans of `spectral`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from numconv.plugin import Array, ConvolutionProblem, Plan

from ...kernel.worker_plan import WorkerPlan
from ...simd.tile import tile_field
from ..fourier.twiddles import TwiddleTable
from ..lowered.exact import plan_exact
from .arguments import call_arguments
from .geometry import geometry_of, lengths_of, real_itemsize, seconds, zero_padded
from .layout import layout
from .solve import solve

# Multiply-adds that `threads.run` takes for a second of one core. It launches threads for 2 µs of
# them, but here they wait for each other at the end of each stage: that is worth it from 40 µs on.
MACS = 1.5e9
NUMPY_MODES = {
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "circular": "wrap",
}


def plan(problem: ConvolutionProblem) -> Plan:
    """Return a plan for a problem of floating-point or complex numbers."""
    if problem.padding_mode != "zeros" and any(map(any, problem.padding)):
        return ExtendedPlan(problem)
    return SpectralPlan(problem)


class ExtendedPlan:
    """A convolution of samples that are copied with their padding first."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        inner = zero_padded(problem)
        axes = zip(problem.input_shape, inner.input_shape, problem.padding, strict=True)
        self._around = [(0, 0), (0, 0), *((lo, n - lo - size) for size, n, (lo, _) in axes)]
        self._mode: Any = NUMPY_MODES[problem.padding_mode]
        self._plan = SpectralPlan(inner)
        copied = prod(inner.x_shape) * np.dtype(problem.dtype).itemsize
        self.workspace_bytes = self._plan.workspace_bytes + copied

    def __call__(self, x: Array, *rest: Any, out: Array) -> None:
        self._plan(np.pad(x, self._around, self._mode), *rest, out=out)

    def describe(self) -> str:
        return f"a copy with its padding; {self._plan.describe()}"


class SpectralPlan(WorkerPlan):
    """A convolution by one product of spectra: of floating-point numbers, real or complex."""

    exact = staticmethod(plan_exact)

    def __init__(self, problem: ConvolutionProblem) -> None:
        item, geometry = real_itemsize(problem), geometry_of(problem)
        lengths = lengths_of(geometry, item)
        assert lengths is not None
        self._geometry, self._lengths = geometry, lengths
        dtype = f"float{8 * item}"
        work = int(seconds(geometry, lengths, item) * problem.batch * MACS)
        super().__init__(problem, dtype, messages=1 + problem.batch, integers=True, work=work)
        cut, factors = (
            layout(geometry, lengths, item, problem.batch * problem.groups),
            TwiddleTable(),
        )
        arguments = call_arguments(problem, cut, factors, dtype)
        stages = arguments.kinds * max(-(-cut.items // cut.together), 1)
        tile, constants = tile_field(dtype, 1, 1), factors.array(dtype)
        self.compile(solve, arguments, tile, stages=stages, constants=constants)

    def describe(self) -> str:
        """Say in a line how long the transforms are."""
        lengths = self._lengths
        sides = [lengths.rows, lengths.middles, lengths.columns]
        if lengths.middles == 1:
            del sides[1]
        real = "" if self._geometry.parts == 2 else ", each two real ones"
        return (
            f"transforms of {' x '.join(map(str, sides))} complex numbers{real}, "
            f"on {self.workers} threads"
        )
