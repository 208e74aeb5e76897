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
from ...kernel.records import Tables, places, record, result_numbers
from ...runtime.launch import worker
from ...simd.machine import machine
from ..fft.factors import Factors, stages
from .factors import add_turns, twists
from .layout import kinds, layout, named
from .numbers import LIMITS, NUMBERS
from .shape import Lengths, Shape, lengths_of, real_itemsize, seconds, shape_of, zero_padded
from .solve import solve

# The error of a result, in eps times the norms of samples and taps, is at most this for each
# doubling of the transforms' size. Over waves, steps, combs and noise against each other, in
# transforms of 2^7 to 2^18 numbers, it is 0.27 at most (waves that repeat every third sample).
ERROR = 0.4
# Results that see too little may take so large a part of the products of all: `direct`, which
# would compute all of them, is so much faster with each.
ANEW = 1 / 16
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
        shape = shape_of(problem)
        lengths = lengths_of(shape, item)
        assert lengths is not None
        self._shape, self._lengths = shape, lengths
        self._dtype = f"float{8 * item}"
        tables, factors = Tables(), Factors()
        numbers = {
            **layout(shape, lengths, item, problem.batch * problem.groups, self._workers),
            **_axes(shape),
            **_taps(problem, shape),
            **result_numbers(problem),
            **_factors(shape, lengths, item, tables, factors),
            "at_places": tables.add(places(problem)),
            "at_kinds": tables.add(np.array(kinds(lengths))),
            "terms": shape.given * prod(shape.kernel),
            "most_exponent": -int(np.finfo(self._dtype).minexp),
            "unit_bits": 58 - (shape.given * prod(shape.seen)).bit_length(),
        }
        self._size = numbers["size"]
        self._stages = numbers["stages"]
        self._work = int(seconds(shape, lengths, item) * problem.batch * MACS)
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
        found["most_products"] = ANEW * prod(self._shape.result_size) * numbers["terms"]
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
        real = "" if self._shape.parts == 2 else ", each two real ones"
        return (
            f"transforms of {' x '.join(map(str, sides))} complex numbers{real}, "
            f"on {self._workers} threads"
        )


def _axes(shape: Shape) -> dict[str, int]:
    kept = shape.kept
    _, middle, inner = shape.given_size
    z, y, x = shape.first
    return {
        **named("given", shape.given_size),
        **named("seen", shape.seen),
        **named("kernel", shape.kernel),
        **named("result", shape.result_size),
        **named("shift", shape.shift),
        "kept_middle": kept[1][1] - kept[1][0],
        "kept_inner": kept[2][1] - kept[2][0],
        "kept_from_middle": kept[1][0],
        "skipped_middle": kept[1][0] - shape.shift[1],
        "skipped_inner": kept[2][0] - shape.shift[2],
        "first_seen": (z * middle + y) * inner + x,
        "groups": shape.groups,
        "given_channels": shape.given,
        "result_channels": shape.result,
        "parts": shape.parts,
        "folded": int(shape.folded),
    }


def _taps(problem: ConvolutionProblem, shape: Shape) -> dict[str, int]:
    """Return where the taps stand: backwards, in a forward convolution."""
    forward = problem.direction == "forward"
    return {
        **weight_strides(problem),
        "first_tap": prod(shape.kernel) - 1 if forward else 0,
        "tap_step": -1 if forward else 1,
        "all_taps": int(forward),
    }


def _factors(
    shape: Shape, lengths: Lengths, itemsize: int, tables: Tables, factors: Factors
) -> dict[str, int]:
    halved = shape.parts == 1
    numbers = {
        "at_stages_outer": tables.add(np.array(stages(lengths.rows, factors))),
        "at_stages_middle": tables.add(np.array(stages(lengths.middles, factors))),
        "at_stages_inner": tables.add(np.array(stages(lengths.columns, factors))),
        "at_twists": factors.add(twists(lengths.rows, halved)),
        "at_turns": 0,
        "at_lane_turns": 0,
    }
    if shape.folded:
        numbers |= add_turns(lengths, halved, machine().lanes(itemsize), factors)
    return numbers
