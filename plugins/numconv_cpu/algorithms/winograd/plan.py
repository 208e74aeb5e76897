"""The plan of `winograd`: what the compiled call is told."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.core.memory import aligned_copy
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array

from ...kernel.fallback import TransformingPlan
from ...kernel.records import Tables, record
from ...runtime.launch import worker
from .evenness import uneven
from .geometry import FEW_ROWS, blocking, geometry_of, tiling
from .numbers import NUMBERS, arrange, numbers_of, weight_tasks
from .solve import solve

LIMITS = ("least", "weight", "samples", "uneven")
# Transformed weights that are read from memory take longer than to transform them once more, from
# a fourth of the bytes and into a cache. Measured on a Zen 5 with 32 MiB of last-level cache, on
# 3x3 layers of 256 to 1024 channels.
PREPARED_BYTES = 24 * 2**20
LIMITS_DTYPE = np.dtype([(name, np.float64) for name in LIMITS])


class WinogradPlan(TransformingPlan):
    """A convolution by tiles that see `points` samples a side, of float32 or float64.

    The transforms mix the samples of a tile and the taps of a filter. Where these are so uneven
    that rounding errors of large ones would show beside small ones, or are not finite, another
    algorithm computes the image, or if it is the weights, all images.
    """

    def __init__(self, problem: ConvolutionProblem, points: int) -> None:
        super().__init__(problem, messages=problem.batch + 1)
        geometry = geometry_of(problem)
        item = np.dtype(problem.dtype).itemsize
        self._tiling = t = tiling(geometry, points, item)
        self._blocking = blocking(geometry, t, item, self._workers)
        tables = Tables()
        numbers = numbers_of(problem, geometry, t, self._blocking, tables)
        self._taps = tuple(axis.taps for axis in geometry.axes)
        self._size = arrange(numbers, self._workers)
        self._tables = tables.array()
        self._raw = self._record(numbers)
        packing = {
            **numbers,
            "shared_weights": 1,
            "weight_tasks": weight_tasks(geometry, t),
            "sample_tasks": 0,
            "product_tasks": 0,
        }
        self._packing_size = arrange(packing, self._workers)
        self._transformed = slice(packing["at_weights"], packing["at_masks"])
        self._packing = self._record(packing)
        self._transforms = (
            self._blocking.shared_weights
            or (packing["at_masks"] - packing["at_weights"]) * item <= PREPARED_BYTES
        )
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
        self._constants = limits.view(np.int64)
        self._worker = worker(solve, problem.dtype, self._kind, LIMITS_DTYPE)

    def _record(self, numbers: dict[str, int]) -> NDArray[Any]:
        t, dtype = self._tiling, self._problem.dtype
        found = record(
            NUMBERS,
            numbers,
            ("tile", dtype, (t.rows, t.vectors, t.lanes)),
            ("few", dtype, (FEW_ROWS, t.vectors, t.lanes)),
            ("patch", np.int64, t.points),
            ("filter", np.int64, self._taps),
        )
        self._kind = found.dtype
        return found.view(np.int64)

    def prepare(self, weight: Array) -> Any:
        """Return the weight with its transforms; as it is where each call had better make them."""
        if self._transforms:
            return super().prepare(weight)
        return aligned_copy(weight).reshape(weight.shape)

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
