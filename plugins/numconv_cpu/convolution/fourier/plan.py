"""The plan of `fft`: what the compiled call is told, the call, and whom it hands over to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.bound import FACTOR
from numconv.core.geometry import source_index
from numconv.core.memory import aligned
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.threads import get_num_threads

from ...launch import start, worker
from ...simd.machine import machine
from ...threads import run
from ...workspace import workspace
from ..direct import Direct
from ..layout import Tables, longest_run, result_numbers
from ..transposed import Transposed
from .factors import Factors, stages, turns
from .numbers import LIMITS, NUMBERS
from .shape import Blocks, Shape, blocks_of, cell_counts, cell_of, shape_of
from .solve import solve

# A filter's absolute weights add up to so many times its largest, or it is not transformed.
EVEN_TAPS = 2.0


@dataclass(frozen=True)
class PreparedWeight:
    """A weight and its spectra; None if it is not fit for them."""

    given: Array
    spectra: NDArray[Any] | None


class FftPlan:
    """A convolution of a signal or picture by overlapping blocks, of float32 or float64.

    Each block of samples gives, transformed, multiplied and transformed back, the results that
    see nothing outside it ("overlap-save": A. Oppenheim and R. Schafer, "Discrete-Time Signal
    Processing", section 8.7.3).
    """

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        item = np.dtype(problem.dtype).itemsize
        shape = shape_of(problem)
        blocks = blocks_of(shape, item)
        assert blocks is not None
        self._shape, self._blocks = shape, blocks
        tables, factors = Tables(), Factors()
        numbers = {
            **_layout(shape, blocks, machine().lanes(item)),
            **_axes(problem, shape, blocks, tables),
            **_cells(shape, blocks),
            **_weights(problem, shape),
            **result_numbers(problem.result_shape, problem.epilogue),
            "at_places": tables.add(_places(problem)),
            "weight_tasks": shape.groups * shape.result,
            "pair_tasks": problem.batch * shape.groups * blocks.pairs,
        }
        numbers["at_stages_y"] = tables.add(np.array(stages(blocks.rows, factors)))
        numbers["at_stages_x"] = tables.add(np.array(stages(blocks.columns, factors)))
        numbers["at_turns"] = 0
        if shape.folded:
            layout = (blocks.rows, blocks.columns, numbers["pitch"], numbers["imaginary"])
            numbers["at_turns"] = factors.add(turns(*layout))
        self._size = _arrange(numbers, self._workers)
        self._spectra = slice(numbers["at_spectra"], numbers["at_workers"])
        spectra = numbers["at_workers"] - numbers["at_spectra"]
        packing = {**numbers, "pair_tasks": 0}
        ready = {**numbers, "prepared": 1, "at_taps": spectra, "weight_tasks": 0}
        self._tables = tables.array()
        self._factors = factors.array(problem.dtype)
        self._raw, self._packing, self._ready = map(self._record, (numbers, packing, ready))
        number = np.dtype([("number", problem.dtype)])
        self._worker = worker(solve, problem.dtype, self._kind, number)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        dtype = np.dtype(self._problem.dtype)
        fields: list[Any] = [(name, np.int64) for name in NUMBERS]
        fields += [(name, np.float64) for name in LIMITS]
        fields.append(("tile", dtype, (1, 1, numbers["lanes"])))
        self._kind = np.dtype(fields)
        record = np.zeros(1, self._kind)
        for name in NUMBERS:
            record[name] = numbers[name]
        kind = np.finfo(dtype)
        # A block has less than 2^20 numbers, and a transform grows what it is given by no more.
        record["least"] = float(kind.tiny) / float(kind.eps) * 2**20
        record["most"] = float(kind.max) ** 0.5 / 2**10
        # With its largest weight w, a filter's norm is at most w sqrt(K), and an error of
        # c (K + 2) eps w sum|x| is allowed.
        terms = self._problem.terms
        record["share"] = self._blocks.error * terms**0.5 / (FACTOR * (terms + 2))
        record["least_taps"] = EVEN_TAPS
        return record.view(np.int64)

    @property
    def workspace_bytes(self) -> int:
        """Memory a call takes besides its operands and its result."""
        return self._size * np.dtype(self._problem.dtype).itemsize

    def __call__(self, x: Array, weight: Any, *rest: Array, out: Array) -> None:
        """Solve the problem for x (or y), weight, bias and residual."""
        if self._empty:
            return
        prepared = isinstance(weight, PreparedWeight)
        given = weight.given if prepared else weight
        fit = not prepared or weight.spectra is not None
        if fit:
            memory = workspace(self._problem.dtype, self._size)
            read, geometry = (weight.spectra, self._ready) if prepared else (weight, self._raw)
            fit = self._run((x, read, *rest), out, memory, geometry)
        if not fit:
            self._exact(x, given, *rest, out=out)

    def _run(self, operands: tuple[Array, ...], out: Array, memory: Array, geometry: Array) -> bool:
        """Make the compiled call, and return whether the weights were fit for it."""
        memory[0] = 0
        x, weight, *rest = operands
        bias = rest[0] if self._problem.epilogue.bias else x
        residual = rest[-1] if self._problem.epilogue.residual else x
        arrays = (x, weight, bias, residual, out, memory)
        records = (self._tables, self._factors, geometry)
        run(start, self._worker, 2, self._workers, *arrays, *records, work=self._work)
        return bool(memory[0] == 0)

    @cached_property
    def _exact(self) -> Plan:
        algorithm = Direct() if self._problem.direction == "forward" else Transposed()
        return algorithm.plan(self._problem)

    def prepare(self, weight: Array) -> PreparedWeight:
        """Return the weight with its spectra; one that is not fit for them as it is."""
        dtype = np.dtype(self._problem.dtype)
        memory = aligned(self._size * dtype.itemsize).view(dtype)
        if not self._run((weight,) * 4, weight, memory, self._packing):
            return PreparedWeight(weight.copy(), None)
        spectra = np.concatenate([memory[self._spectra], weight.ravel()])
        return PreparedWeight(spectra[-weight.size :].reshape(weight.shape), spectra)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        shape, blocks = self._shape, self._blocks
        sides = f"{blocks.rows} x {blocks.columns}"
        if shape.folded:
            sides = f"{blocks.rows * blocks.columns} ({sides})"
        steps = blocks.steps[1:] if shape.folded else blocks.steps
        pairs = self._problem.batch * shape.groups * blocks.pairs
        return (
            f"blocks of {sides} samples for {' x '.join(map(str, steps))} results, "
            f"{pairs} pairs of them on {self._workers} threads"
        )


def _layout(shape: Shape, blocks: Blocks, lanes: int) -> dict[str, int]:
    """Return the numbers that say how a block and its spectrum stand in memory."""
    # One vector more than they need: powers of two would fall into few sets of a cache.
    pitch, spectrum_pitch = blocks.columns + lanes, blocks.rows + lanes
    imaginary = max(blocks.rows * pitch, blocks.columns * spectrum_pitch)
    return {
        "groups": shape.groups,
        "given_channels": shape.given,
        "result_channels": shape.result,
        "given_height": shape.given_size[0],
        "given_width": shape.given_size[1],
        "kernel_height": shape.kernel[0],
        "kernel_width": shape.kernel[1],
        "lanes": lanes,
        "rows": blocks.rows,
        "columns": blocks.columns,
        "folded": int(shape.folded),
        "pitch": pitch,
        "spectrum_pitch": spectrum_pitch,
        "imaginary": imaginary,
        "spectrum": 2 * imaginary,
        "step_y": blocks.steps[0],
        "step_x": blocks.steps[1],
        "row_step_y": int(not shape.folded),
        "row_step_x": blocks.columns * shape.folded,
        "blocks": prod(blocks.counts),
        "blocks_x": blocks.counts[1],
        "pairs": blocks.pairs,
    }


def _axes(
    problem: ConvolutionProblem, shape: Shape, blocks: Blocks, tables: Tables
) -> dict[str, int]:
    """Return where the tables of samples stand, and which of a row are side by side."""
    lines = []
    axes = zip(shape.given_size, shape.result_size, shape.kernel, shape.lo, strict=True)
    for given, result, kernel, lo in axes:
        length = result + kernel - 1
        lines.append(source_index(given, lo, length - lo - given, problem.padding_mode))
    y, x = lines
    first, last = longest_run(x, 1)
    there = np.flatnonzero(x >= 0)
    return {
        "at_y": tables.add(y),
        "at_x": tables.add(x),
        "padded_height": y.size,
        "padded_width": x.size,
        "first_inside": first,
        "last_inside": last,
        "first_seen": int(there[0]) if there.size else 0,
        "last_seen": int(there[-1]) + 1 if there.size else 0,
    }


def _cells(shape: Shape, blocks: Blocks) -> dict[str, int]:
    """Return how the samples of a block are added up, to know what each result sees."""
    (cell_y, whole_y), (cell_x, whole_x) = map(cell_of, shape.kernel)
    cells_y, cells_x = cell_counts(shape, blocks)
    return {
        "cell_y": cell_y,
        "cell_x": cell_x,
        "cells_y": cells_y,
        "cells_x": cells_x,
        "cells": cells_y * cells_x,
        "whole_y": whole_y,
        "whole_x": whole_x,
    }


def _weights(problem: ConvolutionProblem, shape: Shape) -> dict[str, int]:
    """Return where the taps stand."""
    taps, forward = prod(shape.kernel), problem.direction == "forward"
    return {
        "row_stride": taps * (shape.given if forward else 1),
        "channel_stride": taps * (1 if forward else shape.result),
        "group_stride": taps * shape.given * shape.result,
        "first_tap": 0 if forward else taps - 1,
        "tap_step": 1 if forward else -1,
        "prepared": 0,
        "at_taps": 0,
    }


def _places(problem: ConvolutionProblem) -> NDArray[np.int64]:
    """Return where the plane of each result channel begins."""
    _, channels, *size = problem.result_shape
    destination = problem.epilogue.destination
    places = [destination(channel, channels) * prod(size) for channel in range(channels)]
    return np.array(places, np.int64)


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
        "own_seen": 2 * numbers["cells"],
        "own_samples": numbers["columns"] + numbers["kernel_width"],
    }
    size = 0
    for name, elements in own.items():
        numbers[name], size = size, size + _line(elements)
    filters = numbers["weight_tasks"] * numbers["given_channels"]
    numbers["at_spectra"] = _line(1)
    numbers["at_workers"] = numbers["at_spectra"] + filters * numbers["spectrum"]
    numbers["worker"] = size
    return numbers["at_workers"] + workers * size


def _line(elements: int) -> int:
    return -(-elements // 16) * 16
