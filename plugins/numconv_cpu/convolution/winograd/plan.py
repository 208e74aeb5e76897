"""The plan of `winograd`: what the compiled call is told, the call, and whom it hands over to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.geometry import source_index
from numconv.core.memory import aligned
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.threads import get_num_threads

from ...launch import start, worker
from ...threads import run
from ...workspace import workspace
from ..direct import Direct
from ..layout import Tables, result_numbers
from ..transposed import Transposed
from .numbers import NUMBERS
from .shape import FEW_ROWS, blocking, shape_of, tiling
from .solve import solve

# Given channels, in vectors, of which a task transforms the weights at a time: 64 channels of 32
# results fill 300 KiB at most, less than the second level of a cache.
WEIGHT_BLOCKS = 4
LIMITS = ("least", "weight", "samples")
LIMITS_DTYPE = np.dtype([(name, np.float64) for name in LIMITS])


@dataclass(frozen=True)
class PreparedWeight:
    """A weight, and its points in the order in which a plan reads them; None if it is uneven."""

    given: Array
    points: NDArray[Any] | None


class WinogradPlan:
    """A 3x3 convolution by tiles of `side`, of float32 or float64.

    The transforms mix the samples of a tile and the taps of a filter. Where these are so uneven
    that rounding errors of large ones would show beside small ones, or are not finite, the
    kernels say so, and another algorithm computes the image, or if it is the weights, all
    images. The decision depends on nothing but an image and the weights, so the same image
    always gets the same bits.
    """

    def __init__(self, problem: ConvolutionProblem, side: int) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        shape = shape_of(problem)
        item = np.dtype(problem.dtype).itemsize
        self._tiling = t = tiling(shape, side, item)
        self._blocking = cut = blocking(shape, t, item, self._workers)
        tables = Tables()
        count = problem.batch * t.tiles_y * t.tiles_x
        blocks = -(-count // cut.block) if count else 0
        per_task = 1 if cut.shared_samples else t.strips
        tasks = shape.groups * blocks * -(-t.strips // per_task)
        forward = problem.direction == "forward"
        numbers = {
            **_axes(problem, tables, t.tiles_y * side + 2, t.tiles_x * side + 2),
            **result_numbers(problem.result_shape, problem.epilogue),
            "batch": problem.batch,
            "groups": shape.groups,
            "given_channels": shape.given,
            "result_channels": shape.result,
            "given_height": shape.given_size[0],
            "given_width": shape.given_size[1],
            "lanes": t.lanes,
            "rows": t.rows,
            "few_rows": FEW_ROWS,
            "columns": t.columns,
            "side": side,
            "patch": t.patch,
            "tiles_y": t.tiles_y,
            "tiles_x": t.tiles_x,
            "tiles": count,
            "block": cut.block,
            "blocks": blocks,
            "strips": t.strips,
            "strips_per_task": per_task,
            "given_blocks": t.given_blocks,
            "padded_block": cut.block + t.rows,
            "shared_samples": int(cut.shared_samples),
            "shared_weights": int(cut.shared_weights),
            "prepared": 0,
            "sample_tasks": cut.shared_samples * shape.groups * problem.batch * t.tiles_y,
            "weight_tasks": cut.shared_weights * shape.groups * t.strips * t.vectors,
            "product_tasks": tasks,
            "row_stride": 9 * shape.given if forward else 9,
            "channel_stride": 9 if forward else 9 * shape.result,
            "group_stride": 9 * shape.given * shape.result,
            "channels_together": t.lanes if forward else 1,
            "first_tap": 0 if forward else 8 * t.lanes,
            "tap_step": t.lanes if forward else -t.lanes,
            "at_places": tables.add(_places(problem, t.lanes)),
        }
        self._size = _arrange(numbers, self._workers)
        self._tables = tables.array()
        self._raw = self._record(numbers)
        packing = {
            **numbers,
            "shared_weights": 1,
            "weight_tasks": shape.groups * t.strips * t.vectors,
            "sample_tasks": 0,
            "product_tasks": 0,
        }
        self._packing_size = _arrange(packing, self._workers)
        self._points = slice(packing["at_weights"], packing["at_masks"])
        self._packing = self._record(packing)
        # The prepared weights are laid out as shared ones, everything else as in a plain call.
        weight = {name: packing[name] for name in ("weight_point", "weight_strip", "weight_blocks")}
        ready = {**numbers, **weight, "weight_tasks": 0, "prepared": 1, "shared_weights": 1}
        self._ready = self._record(ready)
        kind = np.finfo(problem.dtype)
        limits = np.zeros(1, LIMITS_DTYPE)
        # The transforms and the sums of products grow what they are given less than 2^16 times.
        limits["least"] = float(kind.tiny) / float(kind.eps)
        limits["weight"] = limits["samples"] = float(kind.max) ** 0.5 / 1024
        self._limits = limits.view(np.int64)
        self._worker = worker(solve, problem.dtype, self._kind, LIMITS_DTYPE)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        fields: list[Any] = [(name, np.int64) for name in NUMBERS]
        t, dtype = self._tiling, self._problem.dtype
        fields.append(("tile", dtype, (t.rows, t.vectors, t.lanes)))
        fields.append(("few", dtype, (FEW_ROWS, t.vectors, t.lanes)))
        fields.append(("points", np.int64, (t.patch,)))
        self._kind = np.dtype(fields)
        record = np.zeros(1, self._kind)
        for name in NUMBERS:
            record[name] = numbers[name]
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
        if prepared and weight.points is None:
            self._whole(x, given, *rest, out=out)
            return
        memory = workspace(self._problem.dtype, self._size)
        self._run(
            (x, weight.points if prepared else given, *rest),
            out,
            memory,
            self._ready if prepared else self._raw,
        )
        if memory[0]:
            self._whole(x, given, *rest, out=out)
        elif memory[1 : len(x) + 1].any():
            self._hand_over(np.flatnonzero(memory[1 : len(x) + 1]), x, given, rest, out)

    def _run(self, operands: tuple[Array, ...], out: Array, memory: Array, geometry: Array) -> None:
        memory[: self._problem.batch + 1] = 0
        x, weight, *rest = operands
        bias = rest[0] if self._problem.epilogue.bias else x
        residual = rest[-1] if self._problem.epilogue.residual else x
        arrays = (x, weight, bias, residual, out, memory)
        records = (self._tables, self._limits, geometry)
        run(start, self._worker, 2, self._workers, *arrays, *records, work=self._work)

    def _hand_over(
        self, images: Array, x: Array, weight: Array, rest: tuple[Array, ...], out: Array
    ) -> None:
        for n in images:
            alone = slice(n, n + 1)
            added = [each[alone] if each.ndim > 1 else each for each in rest]
            self._single(x[alone], weight, *added, out=out[alone])

    @cached_property
    def _whole(self) -> Plan:
        return _exact(self._problem)

    @cached_property
    def _single(self) -> Plan:
        return _exact(replace(self._problem, batch=1))

    def prepare(self, weight: Array) -> PreparedWeight:
        """Return the weight with its points; one that is uneven as it is."""
        dtype = np.dtype(self._problem.dtype)
        memory = aligned(self._packing_size * dtype.itemsize).view(dtype)
        self._run((weight, weight, weight, weight), weight, memory, self._packing)
        points = None if memory[0] else memory[self._points].copy()
        return PreparedWeight(weight.copy(), points)

    def describe(self) -> str:
        """Say in a line how the problem is cut up."""
        t, cut = self._tiling, self._blocking
        return (
            f"tiles of {t.side} x {t.side}, {t.points} points, register tile {t.rows} tiles x "
            f"{t.columns} channels, {cut.block} of {t.tiles_y * t.tiles_x * self._problem.batch} "
            f"tiles a task on {self._workers} threads, "
            f"samples transformed {'first' if cut.shared_samples else 'in each task'}, "
            f"weights {'first' if cut.shared_weights else 'in each task'}"
        )


def _exact(problem: ConvolutionProblem) -> Plan:
    algorithm = Direct() if problem.direction == "forward" else Transposed()
    return algorithm.plan(problem)


def _axes(
    problem: ConvolutionProblem, tables: Tables, length_y: int, length_x: int
) -> dict[str, int]:
    """Return where the tables of samples stand, and which of a row are side by side."""
    shape, lines = shape_of(problem), []
    sides = zip(shape.given_size, shape.result_size, shape.lo, (length_y, length_x), strict=True)
    for given, result, lo, length in sides:
        if problem.direction == "forward":
            read = result + 2
            line = source_index(given, lo, max(read - lo - given, 0), problem.padding_mode)[:read]
        else:
            line = np.arange(-lo, result + 2 - lo)
            line[(line < 0) | (line >= given)] = -1
        lines.append(np.pad(line, (0, length - line.size), constant_values=-1))
    y, x = lines
    start = max(shape.lo[1], 0)
    return {
        "at_y": tables.add(y),
        "at_x": tables.add(x),
        "first_inside": start,
        "last_inside": min(shape.lo[1] + shape.given_size[1], shape.result_size[1] + 2),
    }


def _places(problem: ConvolutionProblem, lanes: int) -> NDArray[np.int64]:
    """Return where the plane of each result channel begins, and some more."""
    _, channels, *size = problem.result_shape
    destination = problem.epilogue.destination
    places = [destination(channel, channels) * prod(size) for channel in range(channels)]
    return np.array(places + [0] * lanes, np.int64)


def _arrange(numbers: dict[str, int], workers: int) -> int:
    """Give everything its place in the workspace, and return the size of the whole."""
    lanes, columns, patch = numbers["lanes"], numbers["columns"], numbers["patch"]
    points, given = patch**2, numbers["given_blocks"] * lanes
    # One vector more than they need: powers of two would fall into few sets of a cache.
    numbers["sample_point"] = given * numbers["padded_block"] + lanes
    numbers["sample_block"] = points * numbers["sample_point"]
    own_given = min(WEIGHT_BLOCKS, numbers["given_blocks"])
    if numbers["shared_weights"]:
        own_given = numbers["given_blocks"]
    numbers["weight_blocks"] = own_given
    numbers["weight_point"] = own_given * lanes * columns + lanes
    numbers["weight_strip"] = points * numbers["weight_point"]
    numbers["product_point"] = numbers["padded_block"] * columns + lanes
    blocks = numbers["groups"] * numbers["blocks"] * numbers["shared_samples"]
    strips = numbers["groups"] * numbers["strips"] * numbers["shared_weights"]
    place = _line(numbers["batch"] + 1)
    numbers["at_samples"], place = place, place + blocks * numbers["sample_block"]
    numbers["at_weights"], place = place, place + _line(strips * numbers["weight_strip"])
    numbers["at_masks"], place = place, place + _line(numbers["groups"] * numbers["tiles"])
    run = min(numbers["tiles_x"], numbers["block"])
    width = run * numbers["side"] + 2
    own = {
        "own_samples": numbers["sample_block"] * (not numbers["shared_samples"]),
        "own_weights": numbers["weight_strip"] * (not numbers["shared_weights"]),
        "own_products": points * numbers["product_point"],
        "own_patch": (patch * width + lanes) * lanes,
        "own_sums": patch * width + lanes,
        "own_results": (numbers["side"] ** 2 * run + lanes) * lanes,
        "own_bias": lanes,
        "own_taps": (9 * numbers["channels_together"] + lanes) * lanes,
        "own_extremes": 2 * columns,
    }
    size = 0
    for name, elements in own.items():
        numbers[name], size = size, size + _line(elements)
    numbers["at_workers"], numbers["worker"] = place, size
    return place + workers * size


def _line(elements: int) -> int:
    return -(-elements // 16) * 16
