"""The adjoint of padding: each sample gathers the padded positions that were copies of it."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ...kernel.activations import activate
from ...kernel.padded_reads import copies_of, copy_at
from ...kernel.padding import Copies
from ...kernel.records import RESULT, Tables, record, result_numbers
from ...runtime.compile import kernel
from ...runtime.launch import worker
from ...runtime.process import OfThisProcess
from ...runtime.threads import run
from ...simd.memory import at, fetch_add, record_at, zero

NUMBERS = (
    *RESULT,
    "planes",
    "channels",
    "depth",  # extents of the padded array
    "height",
    "width",
    "at_z",  # tables of what `padding.Copies` tells of each axis
    "at_y",
    "at_x",
    "first_single",  # between these, the samples of a row have one copy each
    "last_single",
    "before",  # positions of a row before its first sample
)


class Fold(OfThisProcess):
    """The fold of a padded input gradient, with the problem's epilogue."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        missing = 3 - problem.axes
        sizes = (1,) * missing + problem.input_shape
        padding = ((0, 0),) * missing + problem.padding
        tables = Tables()
        numbers = {
            **result_numbers(problem),
            "planes": problem.batch * problem.in_channels,
            "channels": problem.in_channels,
        }
        extents = zip(("depth", "height", "width"), "zyx", sizes, padding, strict=True)
        for extent, axis, size, (lo, hi) in extents:
            copies = Copies(size, lo, hi, problem.padding_mode)
            numbers[extent] = lo + size + hi
            numbers[f"at_{axis}"] = tables.add(copies.numbers())
        numbers["first_single"], numbers["last_single"] = copies.single
        numbers["before"] = padding[2][0]
        geometry = record(NUMBERS, numbers)
        self._geometry = geometry.view(np.int64)
        self._tables = tables.array()
        self._epilogue = problem.epilogue
        self._workers = get_num_threads()
        self._worker = worker(fold, problem.dtype, geometry.dtype, geometry.dtype)
        self._work = 4 * prod(problem.result_shape)

    def __call__(self, padded: Array, *rest: Array, out: Array) -> None:
        bias = rest[0] if self._epilogue.bias else padded
        residual = rest[-1] if self._epilogue.residual else padded
        arrays = (padded, padded, bias, residual, out, padded, self._tables)
        records = (self._geometry, self._geometry)
        run(self._worker, 1, self._workers, *arrays, *records, work=self._work)


def fold(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, workspace, tables, parts, geometry
):
    """Fold channels until none is left; a worker for `launch.start`, where `x` is padded."""
    g = record_at(geometry, 0)
    while True:
        plane = fetch_add(counters, 1)
        if plane >= g.planes:
            return
        fold_plane(plane, x, bias, residual, out, tables, g)


@kernel
def fold_plane(plane, padded, bias, residual, out, tables, g):  # type: ignore[no-untyped-def]
    """Fold channel ``plane % channels`` of image ``plane // channels``."""
    n, c = plane // g.channels, plane % g.channels
    per_shuffle = g.channels // g.shuffle
    shuffled = n * g.channels + c % per_shuffle * g.shuffle + c // per_shuffle
    axis_z, axis_y, axis_x = at(tables, g.at_z), at(tables, g.at_y), at(tables, g.at_x)
    for z in range(g.result_depth):
        copies_z = copies_of(axis_z, z)
        for y in range(g.result_height):
            copies_y = copies_of(axis_y, y)
            for x in range(g.result_width):
                total = zero(padded)
                for i in range(copies_z[0] + copies_z[2] + copies_z[3]):
                    layer = plane * g.depth + copy_at(axis_z, z, copies_z, i)
                    for j in range(copies_y[0] + copies_y[2] + copies_y[3]):
                        row = (layer * g.height + copy_at(axis_y, y, copies_y, j)) * g.width
                        if g.first_single <= x < g.last_single:
                            total += padded[row + g.before + x]
                        else:
                            copies_x = copies_of(axis_x, x)
                            for k in range(copies_x[0] + copies_x[2] + copies_x[3]):
                                total += padded[row + copy_at(axis_x, x, copies_x, k)]
                to = ((shuffled * g.result_depth + z) * g.result_height + y) * g.result_width + x
                if g.bias:
                    total += bias[c]
                if g.residual:
                    total += residual[to]
                out[to] = activate(g.activation, total)
