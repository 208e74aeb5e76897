"""The arguments of the worker of `scattered`, and how they follow from the problem."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from numconv.core.polyphase import result_phases, spacing
from numconv.plugin import ConvolutionProblem

from ...kernel.arguments import Arguments, OwnRoom, ResultArguments, result_arguments, whole_lines
from ...kernel.lowering import Table, group_channels
from .blocking import Blocking, ScatteredAxis, axes_of

# Pieces of rows of weights that are asked for before they are copied. More would not stay: where
# rows are a power of two long, they fall into few sets of the caches.
AHEAD = 24


@dataclass(frozen=True, kw_only=True)
class LeadArguments(Arguments):
    """The axis of which the blocks of results are pieces; see `ScatteredAxis`."""

    lead: int  # 0 for z, 1 for y, 2 for x
    lead_given: int
    lead_result: int
    lead_stride: int
    lead_reach: int  # from the result of a sample's first tap to that of its last
    lead_lo: int
    first_cell: int
    cells: int
    inner: int  # samples of the axes behind


@dataclass(frozen=True, kw_only=True)
class AddingArguments(Arguments):
    """The axes, as the sums of products are added up along them."""

    stride: tuple[int, int, int]  # of x, no more than there are results
    given: tuple[int, int, int]  # samples
    at: tuple[Table, Table, Table]  # which taps reach the results of each phase
    at_later: Table  # and along x those in all ranges of results but the first one
    shift: tuple[int, ...]  # by so many samples a tap of a phase reads before the one before
    next: tuple[int, ...]  # from the transposed sums of the one to those of the other
    transposed_pitch: int  # from the transposed sums of one lane to those of the next
    phase_pitch: int  # from the results of one phase to the next


@dataclass(frozen=True, kw_only=True)
class ScatteredArguments(Arguments):
    """All arguments; a task is a block of results of some tiles of lanes."""

    result: ResultArguments
    blocking: Blocking
    lead: LeadArguments
    adding: AddingArguments
    batch: int
    groups: int
    given_channels: int  # in a group
    result_channels: int
    positions: int  # of a given channel
    given: int  # elements of the given array
    taps: int
    row: int  # weights of a given channel: all taps of all result channels of the group
    tasks: int
    packed_tile: int  # from one packed tile of weights to the next
    ahead: int  # from the weights that are copied to those that are asked for
    prepared: bool = False  # whether the weights come packed
    panel_pitch: int  # from one channel's samples to the next
    panel_size: int  # from one tile of positions to the next
    own_sums: OwnRoom  # (tile_block, positions in whole tiles, MR)
    own_panels: OwnRoom  # (tiles of positions, panel_size)
    own_packed: OwnRoom  # (2, tiles_at_once, KC, MR)
    own_transposed: OwnRoom  # (unit * lanes, transposed_pitch)
    own_row: OwnRoom  # two rows of results, the first by phases
    own_rows: OwnRoom  # integers: of each row of a block, what `results.find_rows` writes


def arguments_of(problem: ConvolutionProblem, blocking: Blocking) -> ScatteredArguments:
    """Return the arguments of the worker."""
    c, axes, itemsize = blocking, axes_of(problem), np.dtype(problem.dtype).itemsize
    given, result = group_channels(problem)
    taps = prod(problem.kernel_shape)
    lead, inner = 3 - problem.axes, prod(problem.output_shape[1:])
    most_positions = axes[lead].samples(c.pieces)[0] * inner
    tiles = -(-most_positions // c.NR)
    height, width = (axes[i].widest(c.pieces if lead == i else 1) for i in (1, 2))
    panel_pitch = -(-c.NR // c.lanes) * c.lanes
    panel_size = whole_lines(c.KC * panel_pitch)
    adding = _adding(axes, c.lanes, most_positions, width)
    return ScatteredArguments(
        result=result_arguments(problem),
        blocking=c,
        lead=_lead(axes[lead], lead, inner),
        adding=adding,
        batch=problem.batch,
        groups=problem.groups,
        given_channels=given,
        result_channels=result,
        positions=prod(problem.output_shape),
        given=prod(problem.operand_shapes[0]),
        taps=taps,
        row=result * taps,
        tasks=problem.batch * problem.groups * c.tile_blocks * c.pieces,
        packed_tile=c.KC * c.MR,
        ahead=-(-AHEAD // c.tiles_at_once) * result * taps,
        panel_pitch=panel_pitch,
        panel_size=panel_size,
        own_sums=OwnRoom((c.tile_block * tiles * c.NR + c.lanes) * c.MR),
        own_panels=OwnRoom(tiles * panel_size + c.lanes),
        own_packed=OwnRoom(2 * c.tiles_at_once * c.KC * c.MR),
        own_transposed=OwnRoom(c.unit * c.lanes * adding.transposed_pitch),
        own_row=OwnRoom(adding.stride[2] * adding.phase_pitch + width),
        own_rows=OwnRoom(-(-16 * height // itemsize)),
    )


def _lead(axis: ScatteredAxis, index: int, inner: int) -> LeadArguments:
    first_cell, cells = axis.cells
    return LeadArguments(
        lead=index,
        lead_given=axis.given,
        lead_result=axis.result,
        lead_stride=axis.stride,
        lead_reach=axis.dilation * (axis.taps - 1),
        lead_lo=axis.lo,
        first_cell=first_cell,
        cells=cells,
        inner=inner,
    )


def _adding(
    axes: tuple[ScatteredAxis, ScatteredAxis, ScatteredAxis], lanes: int, positions: int, width: int
) -> AddingArguments:
    """Return the arguments of blocks with so many samples, and results along x."""
    z, y, x = axes
    # Not a power of two, which would fall into few sets of the cache.
    pitch = (-(-positions // lanes) | 1) * lanes
    # From the transposed sums of a tap, and of a sample, to those of the next.
    steps_z, steps_y, steps_x = steps = (
        (y.taps * x.taps * pitch, y.given * x.given),
        (x.taps * pitch, x.given),
        (pitch, 1),
    )
    spacings = [spacing(axis.stride, axis.dilation) for axis in axes]
    following = (
        each.period * tap - each.shift * sample
        for each, (tap, sample) in zip(spacings, steps, strict=True)
    )
    stride_x = min(x.stride, x.result)
    return AddingArguments(
        stride=(z.stride, y.stride, stride_x),
        given=(z.given, y.given, x.given),
        at=(_phases(z, z.lo, *steps_z), _phases(y, y.lo, *steps_y), _phases(x, x.lo, *steps_x)),
        at_later=_phases(x, 0, *steps_x),
        shift=tuple(each.shift for each in spacings),
        next=tuple(following),
        transposed_pitch=pitch,
        phase_pitch=-(-width // (stride_x * lanes)) * lanes,
    )


def _phases(axis: ScatteredAxis, first: int, tap_step: int, sample_step: int) -> Table:
    """Return which taps reach the results of each phase.

    Parameters
    ----------
    first : int
        Padded position of the first result.
    tap_step, sample_step : int
        From the transposed sums of a tap, and of a sample, to those of the next.

    Returns
    -------
    ndarray of int64, shape (phases, 3)
        Where the sums of the first tap stand for the phase's first result, for which sample they
        are, and how many taps there are.
    """
    # Of a longer stride, no more phases than there are results.
    phases = min(axis.stride, axis.result)
    found = result_phases(first, phases, axis.taps, axis.stride, axis.dilation)
    sums = found.first_taps * tap_step + found.first_outputs * sample_step
    return np.stack((sums, found.first_outputs, found.counts), 1)
