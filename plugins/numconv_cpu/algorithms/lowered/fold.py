"""The adjoint of padding: each sample gathers the padded positions that were copies of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from numconv.plugin import ConvolutionProblem

from ...kernel.activations import activate
from ...kernel.arguments import Arguments, ResultArguments, result_arguments
from ...kernel.epilogue import stored_channel
from ...kernel.lowering import Table
from ...kernel.padded_reads import copies_of, copy_at
from ...kernel.padding import Copies
from ...kernel.worker_plan import WorkerPlan
from ...runtime.compile import kernel
from ...simd.memory import at, fetch_add, record_at, zero


@dataclass(frozen=True, kw_only=True)
class FoldArguments(Arguments):
    """What the worker is told."""

    result: ResultArguments
    planes: int  # channels of all images
    channels: int
    depth: int  # extents of the padded array
    height: int
    width: int
    at: tuple[Table, ...]  # what `padding.Copies` says of each axis
    first_single: int  # between these, the samples of a row have one copy each
    last_single: int
    before: int  # positions of a row before its first sample


class Fold(WorkerPlan):
    """The fold of a padded input gradient, with the problem's epilogue; it has no weight."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        super().__init__(problem, work=4 * prod(problem.result_shape))
        missing = 3 - problem.axes
        sizes = (1,) * missing + problem.input_shape
        padding = ((0, 0),) * missing + problem.padding
        axes = [
            Copies(size, lo, hi, problem.padding_mode)
            for size, (lo, hi) in zip(sizes, padding, strict=True)
        ]
        depth, height, width = (
            lo + size + hi for size, (lo, hi) in zip(sizes, padding, strict=True)
        )
        first_single, last_single = axes[2].single
        arguments = FoldArguments(
            result=result_arguments(problem),
            planes=problem.batch * problem.in_channels,
            channels=problem.in_channels,
            depth=depth,
            height=height,
            width=width,
            at=tuple(axis.numbers() for axis in axes),
            first_single=first_single,
            last_single=last_single,
            before=padding[2][0],
        )
        self.compile(fold, arguments)


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
    stored = n * g.channels + stored_channel(c, g.channels, g)
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
                to = ((stored * g.result_depth + z) * g.result_height + y) * g.result_width + x
                if g.bias:
                    total += bias[c]
                if g.residual:
                    total += residual[to]
                out[to] = activate(g.activation, total)
