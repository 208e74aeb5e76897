"""The plan of `spectral`: what the compiled call is told."""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.bound import FACTOR
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Plan

from ...kernel.fallback import PreparedWeight, TransformingPlan
from ...kernel.lowering import weight_strides
from ...kernel.records import Tables, plane_offsets, record, result_numbers
from ...runtime.launch import worker
from ...simd.machine import machine
from ..fft.twiddles import TwiddleTable, stages
from .geometry import (
    Lengths,
    SpectralGeometry,
    geometry_of,
    lengths_of,
    real_itemsize,
    seconds,
    zero_padded,
)
from .layout import kinds, layout, named
from .numbers import LIMITS, NUMBERS
from .solve import solve
from .twiddles import add_step_twiddles, row_twiddles

# The error of a result, in eps times the norms of samples and taps, is at most this for each
# doubling of the transforms' size. Over waves, steps, combs and noise against each other, in
# transforms of 2^7 to 2^18 numbers, it is 0.27 at most (waves that repeat every third sample).
ERROR = 0.4
# To recompute results may take so large a part of the products of all: `direct`, which
# would compute all of them, is so much faster with each.
MOST_RECOMPUTED = 1 / 16
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

    def prepare(self, weight: Array) -> PreparedWeight:
        return self._plan.prepare(weight)

    def describe(self) -> str:
        return f"a copy with its padding; {self._plan.describe()}"


class SpectralPlan(TransformingPlan):
    """A convolution by one product of spectra: of floating-point numbers, real or complex."""

    _records = True

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, messages=1 + problem.batch)
        item = real_itemsize(problem)
        geometry = geometry_of(problem)
        lengths = lengths_of(geometry, item)
        assert lengths is not None
        self._geometry, self._lengths = geometry, lengths
        self._dtype = f"float{8 * item}"
        tables, factors = Tables(), TwiddleTable()
        numbers = {
            **layout(geometry, lengths, item, problem.batch * problem.groups, self._workers),
            **_axes(geometry),
            **_taps(problem, geometry),
            **result_numbers(problem),
            **_factors(geometry, lengths, item, tables, factors),
            "at_plane_offsets": tables.add(plane_offsets(problem)),
            "at_kinds": tables.add(np.array(kinds(lengths))),
            "terms": geometry.given * prod(geometry.kernel),
            "most_exponent": -int(np.finfo(self._dtype).minexp),
            "unit_bits": 58 - (geometry.given * prod(geometry.seen)).bit_length(),
        }
        self._size = numbers["size"]
        self._stages = numbers["stages"]
        self._work = int(seconds(geometry, lengths, item) * problem.batch * MACS)
        self._tables = tables.array()
        self._constants = factors.array(self._dtype)
        self._raw = self._ready = self._record(numbers)
        number = np.dtype([("number", self._dtype)])
        self._worker = worker(solve, self._dtype, self._kind, number)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        limits = ((name, np.float64) for name in LIMITS)
        tile = ("tile", self._dtype, (1, 1, numbers["lanes"]))
        found = record(NUMBERS, numbers, *limits, tile)
        self._kind = found.dtype
        # With its largest weight w, an error of c (K + 2) eps w sum|x| is allowed.
        error = ERROR * log2(2 * numbers["numbers"])
        found["share"] = error / (FACTOR * (numbers["terms"] + 2))
        found["most_products"] = (
            MOST_RECOMPUTED * prod(self._geometry.result_size) * numbers["terms"]
        )
        return found.view(np.int64)

    def prepare(self, weight: Array) -> PreparedWeight:
        """Return the weight, which is transformed with the samples."""
        kept = weight.copy()
        return PreparedWeight(kept, kept)

    def describe(self) -> str:
        """Say in a line how long the transforms are."""
        lengths = self._lengths
        sides = [lengths.rows, lengths.middles, lengths.columns]
        if lengths.middles == 1:
            del sides[1]
        real = "" if self._geometry.parts == 2 else ", each two real ones"
        return (
            f"transforms of {' x '.join(map(str, sides))} complex numbers{real}, "
            f"on {self._workers} threads"
        )


def _axes(geometry: SpectralGeometry) -> dict[str, int]:
    kept = geometry.kept
    _, middle, inner = geometry.given_size
    z, y, x = geometry.first
    return {
        **named("given", geometry.given_size),
        **named("seen", geometry.seen),
        **named("kernel", geometry.kernel),
        **named("result", geometry.result_size),
        **named("shift", geometry.shift),
        "kept_middle": kept[1][1] - kept[1][0],
        "kept_inner": kept[2][1] - kept[2][0],
        "kept_from_middle": kept[1][0],
        "skipped_middle": kept[1][0] - geometry.shift[1],
        "skipped_inner": kept[2][0] - geometry.shift[2],
        "first_seen": (z * middle + y) * inner + x,
        "groups": geometry.groups,
        "given_channels": geometry.given,
        "result_channels": geometry.result,
        "parts": geometry.parts,
        "folded": int(geometry.folded),
    }


def _taps(problem: ConvolutionProblem, geometry: SpectralGeometry) -> dict[str, int]:
    """Return where the taps stand: backwards, in a forward convolution."""
    forward = problem.direction == "forward"
    return {
        **weight_strides(problem),
        "first_tap": prod(geometry.kernel) - 1 if forward else 0,
        "tap_step": -1 if forward else 1,
        "all_taps": int(forward),
    }


def _factors(
    geometry: SpectralGeometry,
    lengths: Lengths,
    itemsize: int,
    tables: Tables,
    factors: TwiddleTable,
) -> dict[str, int]:
    halved = geometry.parts == 1
    numbers = {
        "at_stages_outer": tables.add(np.array(stages(lengths.rows, factors))),
        "at_stages_middle": tables.add(np.array(stages(lengths.middles, factors))),
        "at_stages_inner": tables.add(np.array(stages(lengths.columns, factors))),
        "at_row_twiddles": factors.add(row_twiddles(lengths.rows, halved)),
        "at_step_twiddles": 0,
        "at_lane_twiddles": 0,
    }
    if geometry.folded:
        numbers |= add_step_twiddles(lengths, halved, machine().lanes(itemsize), factors)
    return numbers
