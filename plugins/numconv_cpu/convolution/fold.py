"""The adjoint of padding: each sample gathers the padded positions that were copies of it."""

from __future__ import annotations

from math import prod

import numpy as np

from numconv.core.geometry import source_index
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array
from numconv.core.threads import get_num_threads

from ..activate import activate
from ..compile import kernel
from ..launch import worker
from ..process import OfThisProcess
from ..simd.memory import claim, record_at, zero
from ..threads import run
from .lowering import Table
from .records import RESULT, Tables, record, result_numbers

NUMBERS = (
    *RESULT,
    "planes",
    "channels",
    "depth",  # extents of the padded array
    "height",
    "width",
    "at_z",  # where the copies of each sample begin in the list of copies
    "at_y",
    "at_x",
    "of_z",  # lists of copies
    "of_y",
    "of_x",
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
            begins, copies = _copies(size, lo, hi, problem.padding_mode)
            numbers[extent] = lo + size + hi
            numbers[f"at_{axis}"], numbers[f"of_{axis}"] = tables.add(begins), tables.add(copies)
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


def _copies(size: int, lo: int, hi: int, mode: str) -> tuple[Table, Table]:
    """Return where the copies of each sample begin, and the padded positions that are copies."""
    sources = source_index(size, lo, hi, mode)
    positions = np.argsort(sources, kind="stable")
    return np.searchsorted(sources[positions], np.arange(size + 1)), positions


def fold(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, workspace, tables, parts, geometry
):
    """Fold channels until none is left; a worker for `launch.start`, where `x` is padded."""
    g = record_at(geometry, 0)
    while True:
        plane = claim(counters, 1)
        if plane >= g.planes:
            return
        fold_plane(plane, x, bias, residual, out, tables, g)


@kernel
def fold_plane(plane, padded, bias, residual, out, tables, g):  # type: ignore[no-untyped-def]
    """Fold channel ``plane % channels`` of image ``plane // channels``."""
    n, c = plane // g.channels, plane % g.channels
    per_shuffle = g.channels // g.shuffle
    shuffled = n * g.channels + c % per_shuffle * g.shuffle + c // per_shuffle
    for z in range(g.result_depth):
        for y in range(g.result_height):
            for x in range(g.result_width):
                total = zero(padded)
                for i in range(tables[g.at_z + z], tables[g.at_z + z + 1]):
                    layer = plane * g.depth + tables[g.of_z + i]
                    for j in range(tables[g.at_y + y], tables[g.at_y + y + 1]):
                        row = (layer * g.height + tables[g.of_y + j]) * g.width
                        for k in range(tables[g.at_x + x], tables[g.at_x + x + 1]):
                            total += padded[row + tables[g.of_x + k]]
                to = ((shuffled * g.result_depth + z) * g.result_height + y) * g.result_width + x
                if g.bias:
                    total += bias[c]
                if g.residual:
                    total += residual[to]
                out[to] = activate(g.activation, total)
