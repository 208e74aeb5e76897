"""The arguments of the kernels of `fft`."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.plugin import FACTOR, ConvolutionProblem

from ...kernel.arguments import (
    Arguments,
    OwnRoom,
    ResultArguments,
    Room,
    plane_offsets,
    result_arguments,
)
from ...kernel.lowering import Table, weight_strides
from ...kernel.padding import Lines
from ..fourier.twiddles import BlockTwiddles
from .geometry import SIDES, Blocks, FftGeometry, cell_counts, cell_of

# A filter's absolute weights add up to so many times its largest, or it is not transformed.
EVEN_TAPS = 2.0
LARGEST = SIDES[-1] ** 2
"""Numbers of a block, at most."""


@dataclass(frozen=True, kw_only=True)
class BlockLayout(Arguments):
    """How a block and its spectrum stand in memory."""

    lanes: int
    pitch: int  # of a block's rows
    spectrum_pitch: int  # likewise, transposed
    imaginary: int  # elements from the real parts to the imaginary ones
    spectrum: int  # elements of a spectrum


@dataclass(frozen=True, kw_only=True)
class AxesArguments(Arguments):
    """The padded rows and columns, of which blocks are pieces."""

    padded_height: int
    padded_width: int
    at: tuple[Table, Table]  # what `padding.Lines` says of each axis
    first_inside: int  # positions of a padded row that are samples side by side
    last_inside: int
    first_seen: int  # before and after which there are zeros only
    last_seen: int
    row_step: tuple[int, int]  # samples from one row of a block to the next


@dataclass(frozen=True, kw_only=True)
class CellArguments(Arguments):
    """The cells of a block, whose samples are added up."""

    cell: tuple[int, int]  # sides
    cells: tuple[int, int]  # in a block, a piece of a signal being one row
    block_cells: int
    whole: tuple[int, int]  # cells in the windows of all results of a square of results


@dataclass(frozen=True, kw_only=True)
class FilterArguments(Arguments):
    """Where the taps stand."""

    row_stride: int  # of the weights, between result channels
    channel_stride: int
    group_stride: int
    first_tap: int  # the taps forwards or backwards
    tap_step: int


@dataclass(frozen=True, kw_only=True)
class LimitArguments(Arguments):
    """What may be transformed, and which results are accurate."""

    least: float  # what absolute values may add up to, unless it is nothing
    most: float
    share: float  # of the root of the largest sample times their sum: the least window sum
    least_taps: float  # of the size of a filter's largest one, that the others add up to with it


@dataclass(frozen=True, kw_only=True)
class FftArguments(Arguments):
    """The arguments of `solve`."""

    result: ResultArguments
    geometry: FftGeometry
    blocks: Blocks
    layout: BlockLayout
    axes: AxesArguments
    cells: CellArguments
    filters: FilterArguments
    limits: LimitArguments
    image_blocks: int
    pairs: int
    at_stages: tuple[Table, Table]  # of the transforms along columns and rows
    at_step_twiddles: int  # in the factors: those between the two transforms of a folded block
    at_plane_offsets: Table
    prepared: bool  # whether the weight begins with its spectra
    at_taps: int  # where in the weight its taps begin
    weight_tasks: int
    pair_tasks: int
    at_spectra: Room
    own_block: OwnRoom
    own_total: OwnRoom
    own_spectra: OwnRoom
    own_band: OwnRoom
    own_largest: OwnRoom
    own_cells: OwnRoom
    own_cell_rows: OwnRoom
    own_window_sums: OwnRoom
    own_samples: OwnRoom


def block_layout(blocks: Blocks, lanes: int) -> BlockLayout:
    """Return how a block and its spectrum stand in memory."""
    # One vector more than they need: powers of two would fall into few sets of a cache.
    pitch, spectrum_pitch = blocks.columns + lanes, blocks.rows + lanes
    imaginary = max(blocks.rows * pitch, blocks.columns * spectrum_pitch)
    return BlockLayout(
        lanes=lanes,
        pitch=pitch,
        spectrum_pitch=spectrum_pitch,
        imaginary=imaginary,
        spectrum=2 * imaginary,
    )


def call_arguments(
    problem: ConvolutionProblem,
    geometry: FftGeometry,
    blocks: Blocks,
    layout: BlockLayout,
    twiddles: BlockTwiddles,
) -> FftArguments:
    """Return the arguments of a call."""
    spectrum, cells = layout.spectrum, _cells(geometry, blocks)
    filters = geometry.groups * geometry.result_channels
    return FftArguments(
        result=result_arguments(problem),
        geometry=geometry,
        blocks=blocks,
        layout=layout,
        axes=_axes(problem, geometry, blocks),
        cells=cells,
        filters=_filters(problem, geometry),
        limits=_limits(problem, blocks),
        image_blocks=prod(blocks.counts),
        pairs=blocks.pairs,
        at_stages=(twiddles.of_columns, twiddles.of_rows),
        at_step_twiddles=twiddles.at_step_twiddles,
        at_plane_offsets=plane_offsets(problem),
        prepared=False,
        at_taps=0,
        weight_tasks=filters,
        pair_tasks=problem.batch * geometry.groups * blocks.pairs,
        at_spectra=Room(filters * geometry.given_channels * spectrum),
        own_block=OwnRoom(spectrum),
        own_total=OwnRoom(spectrum),
        own_spectra=OwnRoom(geometry.given_channels * spectrum),
        own_band=OwnRoom(blocks.columns),
        own_largest=OwnRoom(blocks.columns),
        own_cells=OwnRoom(2 * cells.block_cells),
        own_cell_rows=OwnRoom(cells.block_cells),
        own_window_sums=OwnRoom(2 * cells.block_cells),
        own_samples=OwnRoom(blocks.columns + geometry.kernel[1]),
    )


def _axes(problem: ConvolutionProblem, geometry: FftGeometry, blocks: Blocks) -> AxesArguments:
    found = []
    axes = zip(geometry.given_size, geometry.result_size, geometry.kernel, geometry.lo, strict=True)
    for given, result, kernel, lo in axes:
        length = result + kernel - 1
        found.append((length, Lines(np.array([-lo]), 1, given, length - lo, problem.padding_mode)))
    (height, y), (width, x) = found
    ((first, last),) = x.runs(width).tolist()
    ((first_seen, last_seen),) = x.filled(width).tolist()
    return AxesArguments(
        padded_height=height,
        padded_width=width,
        at=(y.numbers(), x.numbers()),
        first_inside=first,
        last_inside=last,
        first_seen=first_seen if first_seen < last_seen else 0,
        last_seen=last_seen if first_seen < last_seen else 0,
        row_step=(0, blocks.columns) if geometry.folded else (1, 0),
    )


def _cells(geometry: FftGeometry, blocks: Blocks) -> CellArguments:
    (cell_y, whole_y), (cell_x, whole_x) = map(cell_of, geometry.kernel)
    counts = cell_counts(geometry, blocks)
    return CellArguments(
        cell=(cell_y, cell_x), cells=counts, block_cells=prod(counts), whole=(whole_y, whole_x)
    )


def _filters(problem: ConvolutionProblem, geometry: FftGeometry) -> FilterArguments:
    forward = problem.direction == "forward"
    return FilterArguments(
        first_tap=0 if forward else prod(geometry.kernel) - 1,
        tap_step=1 if forward else -1,
        **weight_strides(problem),
    )


def _limits(problem: ConvolutionProblem, blocks: Blocks) -> LimitArguments:
    kind, terms = np.finfo(problem.dtype), problem.terms
    return LimitArguments(
        # A transform grows what it is given by no more than so many times.
        least=float(kind.tiny) / float(kind.eps) * LARGEST,
        most=(float(kind.max) / LARGEST) ** 0.5,
        # With its largest weight w, a filter's norm is at most w sqrt(K), and an error of
        # c (K + 2) eps w sum|x| is allowed.
        share=blocks.error * terms**0.5 / (FACTOR * (terms + 2)),
        least_taps=EVEN_TAPS,
    )
