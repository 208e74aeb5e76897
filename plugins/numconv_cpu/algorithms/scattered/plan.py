"""The plan of `scattered`: what the compiled call is told, and the call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import aligned_copy
from numconv.core.polyphase import result_phases, spacing
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.lowering import group_channels
from ...kernel.records import RESULT, Tables, in_turn, record, result_numbers, whole_lines
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import run
from ...runtime.workspace import Workspace
from .blocking import ScatteredAxis, axes_of, choose_blocking
from .solve import solve

# Pieces of rows of weights that are asked for before they are copied. More would not stay: where
# rows are a power of two long, they fall into few sets of the caches.
AHEAD = 24

NUMBERS = (
    *RESULT,
    "batch",
    "groups",
    "given_channels",  # in a group
    "result_channels",
    "positions",  # of a given channel
    "given",  # elements of the given array
    "taps",
    "row",  # weights of a given channel: all taps of all result channels of the group
    "lanes",
    "MR",  # lanes of a register tile: taps of result channels
    "NR",  # positions of a register tile
    "KC",  # given channels summed before the next register tile gets its turn
    "unit",  # vectors after which a result channel begins with a vector again
    "tiles",  # of lanes in a group
    "tile_block",  # of them in a task
    "tile_blocks",
    "blocks",  # of results
    "tasks",
    "tiles_at_once",  # tiles whose weights are copied together
    "packed_tile",  # from one of them to the next
    "ahead",  # from the weights that are copied to those that are asked for
    "prepared",  # whether the weights come packed
    "panel_pitch",  # from one channel's samples to the next
    "panel_size",  # from one tile of positions to the next
    "transposed_pitch",
    "phase_pitch",  # from the results of one remainder of the stride to the next
    "at_z",  # tables: which taps reach the results of each remainder of the stride
    "at_y",
    "at_x",
    "at_later",  # and along x those in all ranges of results but the first one
    "shift_z",  # by so many samples a tap of a remainder reads before the one before it
    "shift_y",
    "shift_x",
    "next_z",  # from the transposed sums of the one to those of the other
    "next_y",
    "next_x",
    "lead",  # the axis of which the blocks of results are pieces; what it is like
    "lead_given",
    "lead_result",
    "lead_taps",
    "lead_stride",
    "lead_dilation",
    "lead_lo",
    "cells",  # see `shape.ScatteredAxis.cells`
    "first_cell",
    "inner",  # samples of the axes behind
    "given_z",
    "given_y",
    "given_x",
    "at_sums",  # within the memory of a worker
    "at_panels",
    "at_packed",
    "at_transposed",
    "at_row",
    "at_rows",
    "worker",  # memory of each
    "stride_z",
    "stride_y",
    "stride_x",
)


@dataclass(frozen=True)
class PackedWeight:
    """A weight in tiles, (groups, tiles, given_channels, MR)."""

    values: NDArray[Any]
    shape: tuple[int, ...]

    @property
    def given(self) -> Array:
        """The weight as it was before."""
        groups, tiles, channels, lanes = self.values.shape
        rows = self.values.swapaxes(1, 2).reshape(groups, channels, tiles * lanes)
        kept = prod(self.shape) // (groups * channels)
        return rows[..., :kept].reshape(self.shape)


class ScatterPlan(OfThisProcess):
    """An input gradient of float32, float64 or int64 whose padding is of zeros.

    No zero of the padding is ever read: a weight that is not finite does no harm to results that
    it has no sample for.
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        self._blocking = c = choose_blocking(problem, self._workers)
        axes = axes_of(problem)
        given, result = group_channels(problem)
        taps = prod(problem.kernel_shape)
        tables = Tables()
        lead, inner = 3 - problem.axes, prod(problem.output_shape[1:])
        most = axes[lead].samples(c.pieces)[0] * inner
        numbers = {
            **result_numbers(problem),
            "batch": problem.batch,
            "groups": problem.groups,
            "given_channels": given,
            "result_channels": result,
            "positions": prod(problem.output_shape),
            "given": prod(problem.operand_shapes[0]),
            "taps": taps,
            "row": result * taps,
            "lanes": c.lanes,
            "MR": c.MR,
            "NR": c.rows,
            "KC": c.KC,
            "unit": c.unit,
            "tiles": c.tiles,
            "tile_block": c.tile_block,
            "tile_blocks": c.tile_blocks,
            "blocks": c.pieces,
            "tasks": problem.batch * problem.groups * c.tile_blocks * c.pieces,
            "tiles_at_once": c.tiles_at_once,
            "ahead": -(-AHEAD // c.tiles_at_once) * result * taps,
            "prepared": 0,
            # Of a longer stride, no more phases than there are results.
            "stride_x": min(axes[2].stride, axes[2].result),
            "lead": lead,
            **{f"lead_{name}": number for name, number in asdict(axes[lead]).items()},
            "first_cell": axes[lead].cells[0],
            "cells": axes[lead].cells[1],
            "inner": inner,
        }
        height, width = (axes[i].widest(c.pieces if lead == i else 1) for i in (1, 2))
        words = -(-16 * height // np.dtype(problem.dtype).itemsize)
        _arrange(numbers, most, width, words)
        numbers |= _axes(axes, numbers, tables)
        self._workspace = Workspace(problem.dtype, self._workers * numbers["worker"])
        self._tables = tables.array()
        raw = self._record(numbers)
        self._raw = raw.view(np.int64)
        self._ready = self._record({**numbers, "prepared": 1}).view(np.int64)
        self._worker = worker(solve, problem.dtype, raw.dtype, raw.dtype)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        c = self._blocking
        tile = ("tile", self._problem.dtype, (c.rows, c.vectors, c.lanes))
        return record(NUMBERS, numbers, tile)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._workspace.nbytes

    def __call__(self, y: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Solve the problem for y, weight, bias and residual."""
        if self._empty:
            return
        memory = self._workspace.take()
        bias = rest[0] if self._problem.epilogue.bias else y
        residual = rest[-1] if self._problem.epilogue.residual else y
        prepared = isinstance(weight, PackedWeight)
        arrays = (y, weight.values if prepared else weight, bias, residual, out, memory)
        told = self._ready if prepared else self._raw
        records = (self._tables, told, told)
        run(self._worker, 1, self._workers, *arrays, *records, work=self._work)
        self._workspace.give(memory)

    def prepare(self, weight: Array) -> PackedWeight:
        """Return the weight packed; a call takes it in place of the weight."""
        c, groups = self._blocking, self._problem.groups
        rows = weight.reshape(groups, self._problem.out_channels // groups, -1)
        beyond = c.tiles * c.MR - rows.shape[2]
        tiles = np.pad(rows, ((0, 0), (0, 0), (0, beyond)))
        tiles = tiles.reshape(*rows.shape[:2], c.tiles, c.MR)
        transposed = tiles.swapaxes(1, 2)
        return PackedWeight(aligned_copy(transposed).reshape(transposed.shape), weight.shape)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        c = self._blocking
        return (
            f"tile {c.rows} positions x {c.MR} taps, blocks of {c.KC} channels, "
            f"{c.tile_blocks * self._problem.groups} blocks of {c.tile_block} tiles x "
            f"{c.pieces} ranges of results on {self._workers} threads"
        )


def _axes(
    axes: tuple[ScatteredAxis, ScatteredAxis, ScatteredAxis],
    numbers: dict[str, int],
    tables: Tables,
) -> dict[str, int]:
    """Return what the adding up is told of the axes."""
    z, y, x = axes
    pitch = numbers["transposed_pitch"]
    # From the transposed sums of a tap, and of a sample, to those of the next.
    steps = (
        (y.taps * x.taps * pitch, y.given * x.given),
        (x.taps * pitch, x.given),
        (pitch, 1),
    )
    told = {"at_later": tables.add(_phases(x, 0, *steps[2]))}
    for name, axis, (tap, sample) in zip("zyx", axes, steps, strict=True):
        _, period, shift = spacing(axis.stride, axis.dilation)
        told |= {
            f"at_{name}": tables.add(_phases(axis, axis.lo, tap, sample)),
            f"given_{name}": axis.given,
            f"shift_{name}": shift,
            f"next_{name}": period * tap - shift * sample,
        }
    return {**told, "stride_z": z.stride, "stride_y": y.stride}


def _phases(axis: ScatteredAxis, first: int, tap_step: int, sample_step: int) -> NDArray[np.int64]:
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


def _arrange(numbers: dict[str, int], positions: int, width: int, rows: int) -> None:
    """Give everything its place in the memory of a worker."""
    lanes, NR = numbers["lanes"], numbers["NR"]
    tiles = -(-positions // NR)
    numbers["panel_pitch"] = -(-NR // lanes) * lanes
    numbers["panel_size"] = whole_lines(numbers["KC"] * numbers["panel_pitch"])
    numbers["packed_tile"] = numbers["KC"] * numbers["MR"]
    # Not a power of two, which would fall into few sets of the cache.
    numbers["transposed_pitch"] = (-(-positions // lanes) | 1) * lanes
    numbers["phase_pitch"] = -(-width // (numbers["stride_x"] * lanes)) * lanes
    sizes = {
        "at_sums": (numbers["tile_block"] * tiles * NR + lanes) * numbers["MR"],
        "at_panels": tiles * numbers["panel_size"] + lanes,
        "at_packed": 2 * numbers["tiles_at_once"] * numbers["packed_tile"],
        "at_transposed": numbers["unit"] * lanes * numbers["transposed_pitch"],
        "at_row": numbers["stride_x"] * numbers["phase_pitch"] + width,
        "at_rows": rows,
    }
    begins, numbers["worker"] = in_turn(sizes)
    numbers |= begins
