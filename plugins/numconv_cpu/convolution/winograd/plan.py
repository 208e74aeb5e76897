"""The plan of `winograd`: what the compiled call is told, the call, and whom it hands over to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import aligned
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array, Plan
from numconv.core.threads import get_num_threads

from ...launch import start, worker
from ...threads import run
from ...workspace import workspace
from ..direct import Direct
from ..layout import Tables
from ..transposed import Transposed
from .evenness import uneven
from .numbers import NUMBERS, arrange, numbers_of, weight_tasks
from .shape import FEW_ROWS, blocking, shape_of, tiling
from .solve import solve

LIMITS = ("least", "weight", "samples", "uneven")
LIMITS_DTYPE = np.dtype([(name, np.float64) for name in LIMITS])


@dataclass(frozen=True)
class PreparedWeight:
    """A weight, and its points in the order in which a plan reads them; None if it is uneven."""

    given: Array
    points: NDArray[Any] | None


class WinogradPlan:
    """A convolution by tiles that see `points` samples a side, of float32 or float64.

    The transforms mix the samples of a tile and the taps of a filter. Where these are so uneven
    that rounding errors of large ones would show beside small ones, or are not finite, the
    kernels say so, and another algorithm computes the image, or if it is the weights, all
    images. The decision depends on nothing but an image and the weights, so the same image
    always gets the same bits.
    """

    def __init__(self, problem: ConvolutionProblem, points: int) -> None:
        self._problem = problem
        self._empty = prod(problem.result_shape) == 0
        self._work = problem.macs + problem.min_bytes
        self._workers = get_num_threads()
        shape = shape_of(problem)
        item = np.dtype(problem.dtype).itemsize
        self._tiling = t = tiling(shape, points, item)
        self._blocking = blocking(shape, t, item, self._workers)
        tables = Tables()
        numbers = numbers_of(problem, shape, t, self._blocking, tables)
        self._taps = tuple(axis.taps for axis in shape.axes)
        self._size = arrange(numbers, self._workers)
        self._tables = tables.array()
        self._raw = self._record(numbers)
        packing = {
            **numbers,
            "shared_weights": 1,
            "weight_tasks": weight_tasks(shape, t),
            "sample_tasks": 0,
            "product_tasks": 0,
        }
        self._packing_size = arrange(packing, self._workers)
        self._points = slice(packing["at_weights"], packing["at_masks"])
        self._packing = self._record(packing)
        # The prepared weights are laid out as shared ones, everything else as in a plain call.
        weight = {name: packing[name] for name in ("weight_point", "weight_strip", "weight_blocks")}
        ready = {**numbers, **weight, "weight_tasks": 0, "prepared": 1, "shared_weights": 1}
        self._ready = self._record(ready)
        kind = np.finfo(problem.dtype)
        limits = np.zeros(1, LIMITS_DTYPE)
        # The transforms and the sums of products grow what they are given less than 2^17 times.
        limits["least"] = float(kind.tiny) / float(kind.eps)
        limits["weight"] = limits["samples"] = float(kind.max) ** 0.5 / 1024
        limits["uneven"] = uneven(problem, points)
        self._limits = limits.view(np.int64)
        self._worker = worker(solve, problem.dtype, self._kind, LIMITS_DTYPE)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        fields: list[Any] = [(name, np.int64) for name in NUMBERS]
        t, dtype = self._tiling, self._problem.dtype
        fields.append(("tile", dtype, (t.rows, t.vectors, t.lanes)))
        fields.append(("few", dtype, (FEW_ROWS, t.vectors, t.lanes)))
        fields += [("patch", np.int64, t.points), ("filter", np.int64, self._taps)]
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
            f"tiles of {' x '.join(map(str, t.sides))}, {prod(t.points)} points, "
            f"register tile {t.rows} tiles x {t.columns} channels, "
            f"{cut.block} of {t.image * self._problem.batch} "
            f"tiles a task on {self._workers} threads, "
            f"samples transformed {'first' if cut.shared_samples else 'in each task'}, "
            f"weights {'first' if cut.shared_weights else 'in each task'}"
        )


def _exact(problem: ConvolutionProblem) -> Plan:
    algorithm = Direct() if problem.direction == "forward" else Transposed()
    return algorithm.plan(problem)
