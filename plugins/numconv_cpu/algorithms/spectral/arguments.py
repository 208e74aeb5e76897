"""The arguments of the kernels of `spectral`."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, prod

import numpy as np

from numconv.plugin import FACTOR, ConvolutionProblem

from ...kernel.arguments import Arguments, ResultArguments, plane_offsets, result_arguments
from ...kernel.lowering import Table, weight_strides
from ..fourier.twiddles import (
    TwiddleTable,
    lane_twiddles,
    row_twiddles,
    stages,
    step_twiddles,
)
from .geometry import AXES, Lengths, SpectralGeometry
from .layout import LayoutArguments, kinds

# The error of a result, in eps times the norms of samples and taps, is at most this for each
# doubling of the transforms' size. Over waves, steps, combs and noise against each other, in
# transforms of 2^7 to 2^18 numbers, it is 0.27 at most (waves that repeat every third sample).
ERROR = 0.4
# To recompute results may take so large a part of the products of all: `direct`, which
# would compute all of them, is so much faster with each.
MOST_RECOMPUTED = 1 / 16


@dataclass(frozen=True, kw_only=True)
class KeptArguments(Arguments):
    """The products that are results."""

    kept_middle: int  # how many there are
    kept_inner: int
    kept_from_middle: int  # the first of them
    skipped_middle: int  # results before them
    skipped_inner: int
    first_seen: int  # the first sample that any result uses


@dataclass(frozen=True, kw_only=True)
class TapArguments(Arguments):
    """Where the taps stand."""

    first_tap: int  # the taps forwards or backwards
    tap_step: int
    row_stride: int  # of the weights, between result channels
    channel_stride: int
    group_stride: int
    all_taps: bool  # whether every result has every tap, be it with a zero of the padding


@dataclass(frozen=True, kw_only=True)
class LimitArguments(Arguments):
    """Which results are accurate, and how values are measured for that."""

    share: float  # of the product of the operands' norms: the least window sum of a result
    most_products: float  # to recompute results of a plane
    terms: int  # products that make a result, at most
    most_exponent: int
    unit_bits: int


@dataclass(frozen=True, kw_only=True)
class TransformArguments(Arguments):
    """The stages of the transforms, and where their factors stand."""

    axis_names = AXES

    at_stages: tuple[Table, Table, Table]
    at_row_twiddles: int  # those that make real products of complex ones
    at_step_twiddles: int  # between the two transforms of a folded signal: of each vector, lane
    at_lane_twiddles: int


@dataclass(frozen=True, kw_only=True)
class SpectralArguments(Arguments):
    """The arguments of `solve`."""

    result: ResultArguments
    layout: LayoutArguments
    kept: KeptArguments
    taps: TapArguments
    limits: LimitArguments
    transforms: TransformArguments
    kinds: int  # stages of a round
    at_kinds: Table  # what they do
    at_plane_offsets: Table


def call_arguments(
    problem: ConvolutionProblem, layout: LayoutArguments, factors: TwiddleTable, dtype: str
) -> SpectralArguments:
    """Return the arguments of a call, and add the factors of its transforms to `factors`."""
    geometry, of_a_round = layout.geometry, kinds(layout.lengths)
    return SpectralArguments(
        result=result_arguments(problem),
        layout=layout,
        kept=_kept(geometry),
        taps=_taps(problem, geometry),
        limits=_limits(layout, dtype),
        transforms=_transforms(geometry, layout.lengths, layout.plane_sizes.lanes, factors),
        kinds=len(of_a_round),
        at_kinds=np.array(of_a_round),
        at_plane_offsets=plane_offsets(problem),
    )


def _kept(geometry: SpectralGeometry) -> KeptArguments:
    _, (begin_middle, end_middle), (begin_inner, end_inner) = geometry.kept
    _, middle, inner = geometry.given_size
    z, y, x = geometry.first
    return KeptArguments(
        kept_middle=end_middle - begin_middle,
        kept_inner=end_inner - begin_inner,
        kept_from_middle=begin_middle,
        skipped_middle=begin_middle - geometry.shift[1],
        skipped_inner=begin_inner - geometry.shift[2],
        first_seen=(z * middle + y) * inner + x,
    )


def _taps(problem: ConvolutionProblem, geometry: SpectralGeometry) -> TapArguments:
    """Return where the taps stand: backwards, in a forward convolution."""
    forward = problem.direction == "forward"
    return TapArguments(
        first_tap=prod(geometry.kernel) - 1 if forward else 0,
        tap_step=-1 if forward else 1,
        all_taps=forward,
        **weight_strides(problem),
    )


def _limits(layout: LayoutArguments, dtype: str) -> LimitArguments:
    geometry = layout.geometry
    terms = geometry.given_channels * prod(geometry.kernel)
    samples = geometry.given_channels * prod(geometry.seen)
    error = ERROR * log2(2 * layout.plane_sizes.numbers)
    return LimitArguments(
        # With its largest weight w, an error of c (K + 2) eps w sum|x| is allowed.
        share=error / (FACTOR * (terms + 2)),
        most_products=MOST_RECOMPUTED * prod(geometry.result_size) * terms,
        terms=terms,
        most_exponent=-int(np.finfo(dtype).minexp),
        unit_bits=58 - samples.bit_length(),
    )


def _transforms(
    geometry: SpectralGeometry, lengths: Lengths, lanes: int, factors: TwiddleTable
) -> TransformArguments:
    halved, folded = geometry.parts == 1, geometry.folded
    z, y, x = (stages(n, factors) for n in (lengths.rows, lengths.middles, lengths.columns))
    rows = factors.add(row_twiddles(lengths.rows, halved))
    step = factors.add(step_twiddles(lengths.rows, lengths.columns, halved, lanes)) if folded else 0
    lane = factors.add(lane_twiddles(lengths.rows, lengths.columns, halved, lanes)) if folded else 0
    return TransformArguments(
        at_stages=(z, y, x), at_row_twiddles=rows, at_step_twiddles=step, at_lane_twiddles=lane
    )
