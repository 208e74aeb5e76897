"""The plan of `fft`: what the compiled call is told."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.bound import FACTOR
from numconv.core.kept import remembering
from numconv.core.problems import ConvolutionProblem

from ...kernel.fallback import TransformingPlan
from ...kernel.lowering import weight_strides
from ...kernel.padding import Lines
from ...kernel.records import Tables, in_turn, plane_offsets, record, result_numbers, whole_lines
from ...runtime.launch import worker
from ...simd.machine import machine
from .geometry import SIDES, Blocks, FftGeometry, blocks_of, cell_counts, cell_of, geometry_of
from .numbers import LIMITS, NUMBERS
from .solve import solve
from .twiddles import TwiddleTable, stages, step_twiddles

# A filter's absolute weights add up to so many times its largest, or it is not transformed.
EVEN_TAPS = 2.0
LARGEST = SIDES[-1] ** 2
"""Numbers of a block, at most."""


class FftPlan(TransformingPlan):
    """A convolution of a signal or picture by overlapping blocks, of float32 or float64.

    Each block of samples gives, transformed, multiplied and transformed back, the results that
    see nothing outside it ("overlap-save": A. Oppenheim and R. Schafer, "Discrete-Time Signal
    Processing", section 8.7.3).
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, messages=1)
        item = np.dtype(problem.dtype).itemsize
        geometry = geometry_of(problem)
        blocks = blocks_of(geometry, item)
        assert blocks is not None
        self._geometry, self._blocks = geometry, blocks
        tables = Tables()
        numbers = {
            **_layout(geometry, blocks, machine().lanes(item)),
            **_axes(problem, geometry, blocks, tables),
            **_cells(geometry, blocks),
            **_weights(problem, geometry),
            **result_numbers(problem),
            "at_plane_offsets": tables.add(plane_offsets(problem)),
            "weight_tasks": geometry.groups * geometry.result,
            "pair_tasks": problem.batch * geometry.groups * blocks.pairs,
        }
        layout = (numbers["pitch"], numbers["imaginary"]) if geometry.folded else None
        sides = blocks.rows, blocks.columns
        self._constants, *of_sides, numbers["at_step_twiddles"] = _factors(
            *sides, layout, problem.dtype
        )
        for name, table in zip(("at_stages_y", "at_stages_x"), of_sides, strict=True):
            numbers[name] = tables.add(np.array(table))
        self._size = _arrange(numbers, self._workers)
        self._packing_size = self._size
        self._transformed = slice(numbers["at_spectra"], numbers["at_workers"])
        spectra = numbers["at_workers"] - numbers["at_spectra"]
        packing = {**numbers, "pair_tasks": 0}
        ready = {**numbers, "prepared": 1, "at_taps": spectra, "weight_tasks": 0}
        self._tables = tables.array()
        self._raw, self._packing, self._ready = map(self._record, (numbers, packing, ready))
        number = np.dtype([("number", problem.dtype)])
        self._worker = worker(solve, problem.dtype, self._kind, number)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        dtype = np.dtype(self._problem.dtype)
        limits = ((name, np.float64) for name in LIMITS)
        tile = ("tile", dtype, (1, 1, numbers["lanes"]))
        found = record(NUMBERS, numbers, *limits, tile)
        self._kind = found.dtype
        kind = np.finfo(dtype)
        # A transform grows what it is given by no more than so many times.
        found["least"] = float(kind.tiny) / float(kind.eps) * LARGEST
        found["most"] = (float(kind.max) / LARGEST) ** 0.5
        # With its largest weight w, a filter's norm is at most w sqrt(K), and an error of
        # c (K + 2) eps w sum|x| is allowed.
        terms = self._problem.terms
        found["share"] = self._blocks.error * terms**0.5 / (FACTOR * (terms + 2))
        found["least_taps"] = EVEN_TAPS
        return found.view(np.int64)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        geometry, blocks = self._geometry, self._blocks
        sides = f"{blocks.rows} x {blocks.columns}"
        if geometry.folded:
            sides = f"{blocks.rows * blocks.columns} ({sides})"
        steps = blocks.steps[1:] if geometry.folded else blocks.steps
        pairs = self._problem.batch * geometry.groups * blocks.pairs
        return (
            f"blocks of {sides} samples for {' x '.join(map(str, steps))} results, "
            f"{pairs} pairs of them on {self._workers} threads"
        )


# One length of blocks serves signals of every length: 4 MB of factors at most.
@remembering(4)
def _factors(
    rows: int, columns: int, folded: tuple[int, int] | None, dtype: str
) -> tuple[NDArray[Any], list[int], list[int], int]:
    """Return the factors of a block's transforms, and where they stand.

    Parameters
    ----------
    folded : tuple of int, optional
        Pitch of a folded block, and where its imaginary part begins.

    Returns
    -------
    factors : ndarray
    of_columns, of_rows : list of int
        The stages of the transforms along columns and rows.
    at_turns : int
        The factors between the two.
    """
    factors = TwiddleTable()
    of_columns, of_rows = stages(rows, factors), stages(columns, factors)
    at_step_twiddles = factors.add(step_twiddles(rows, columns, *folded)) if folded else 0
    return factors.array(dtype), of_columns, of_rows, at_step_twiddles


def _layout(geometry: FftGeometry, blocks: Blocks, lanes: int) -> dict[str, int]:
    """Return the numbers that say how a block and its spectrum stand in memory."""
    # One vector more than they need: powers of two would fall into few sets of a cache.
    pitch, spectrum_pitch = blocks.columns + lanes, blocks.rows + lanes
    imaginary = max(blocks.rows * pitch, blocks.columns * spectrum_pitch)
    return {
        "groups": geometry.groups,
        "given_channels": geometry.given,
        "result_channels": geometry.result,
        "given_height": geometry.given_size[0],
        "given_width": geometry.given_size[1],
        "kernel_height": geometry.kernel[0],
        "kernel_width": geometry.kernel[1],
        "lanes": lanes,
        "rows": blocks.rows,
        "columns": blocks.columns,
        "folded": int(geometry.folded),
        "pitch": pitch,
        "spectrum_pitch": spectrum_pitch,
        "imaginary": imaginary,
        "spectrum": 2 * imaginary,
        "step_y": blocks.steps[0],
        "step_x": blocks.steps[1],
        "row_step_y": int(not geometry.folded),
        "row_step_x": blocks.columns * geometry.folded,
        "blocks": prod(blocks.counts),
        "blocks_x": blocks.counts[1],
        "pairs": blocks.pairs,
    }


def _axes(
    problem: ConvolutionProblem, geometry: FftGeometry, blocks: Blocks, tables: Tables
) -> dict[str, int]:
    """Return what the kernel is told of the axes, and which samples of a row are side by side."""
    found = []
    axes = zip(geometry.given_size, geometry.result_size, geometry.kernel, geometry.lo, strict=True)
    for given, result, kernel, lo in axes:
        length = result + kernel - 1
        found.append((length, Lines(np.array([-lo]), 1, given, length - lo, problem.padding_mode)))
    (height, y), (width, x) = found
    ((first, last),) = x.runs(width).tolist()
    ((first_seen, last_seen),) = x.filled(width).tolist()
    return {
        "at_y": tables.add(y.numbers()),
        "at_x": tables.add(x.numbers()),
        "padded_height": height,
        "padded_width": width,
        "first_inside": first,
        "last_inside": last,
        "first_seen": first_seen if first_seen < last_seen else 0,
        "last_seen": last_seen if first_seen < last_seen else 0,
    }


def _cells(geometry: FftGeometry, blocks: Blocks) -> dict[str, int]:
    """Return how the samples of a block are added up, for the window sums of its results."""
    (cell_y, whole_y), (cell_x, whole_x) = map(cell_of, geometry.kernel)
    cells_y, cells_x = cell_counts(geometry, blocks)
    return {
        "cell_y": cell_y,
        "cell_x": cell_x,
        "cells_y": cells_y,
        "cells_x": cells_x,
        "cells": cells_y * cells_x,
        "whole_y": whole_y,
        "whole_x": whole_x,
    }


def _weights(problem: ConvolutionProblem, geometry: FftGeometry) -> dict[str, int]:
    """Return where the taps stand."""
    taps, forward = prod(geometry.kernel), problem.direction == "forward"
    return {
        **weight_strides(problem),
        "first_tap": 0 if forward else taps - 1,
        "tap_step": 1 if forward else -1,
        "prepared": 0,
        "at_taps": 0,
    }


def _arrange(numbers: dict[str, int], workers: int) -> int:
    """Give everything its place in the workspace, and return the size of the whole."""
    own = {
        "own_block": numbers["spectrum"],
        "own_total": numbers["spectrum"],
        "own_spectra": numbers["given_channels"] * numbers["spectrum"],
        "own_band": numbers["columns"],
        "own_largest": numbers["columns"],
        "own_cells": 2 * numbers["cells"],
        "own_lines": numbers["cells"],
        "own_window_sums": 2 * numbers["cells"],
        "own_samples": numbers["columns"] + numbers["kernel_width"],
    }
    begins, numbers["worker"] = in_turn(own)
    numbers |= begins
    filters = numbers["weight_tasks"] * numbers["given_channels"]
    numbers["at_spectra"] = whole_lines(1)
    numbers["at_workers"] = numbers["at_spectra"] + filters * numbers["spectrum"]
    return numbers["at_workers"] + workers * numbers["worker"]
