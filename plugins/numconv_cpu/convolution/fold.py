"""The adjoint of padding: each sample gathers the padded positions that were copies of it."""

from __future__ import annotations

import numpy as np
from numba import prange

from numconv.core.geometry import source_index
from numconv.core.problems import ConvolutionProblem
from numconv.core.protocol import Array

from ..activate import activate
from ..compile import kernel
from ..simd.memory import pointer, zero
from ..threads import run
from .plan import result_numbers

NAMES = ("result_depth", "result_height", "result_width", "bias", "residual", "activation")
FOLD_DTYPE = np.dtype(
    [(name, np.int64) for name in (*NAMES, "shuffle", "channels", "depth", "height", "width")]
)


class Fold:
    """The fold of a padded input gradient, with the problem's epilogue."""

    def __init__(self, problem: ConvolutionProblem) -> None:
        self._epilogue = problem.epilogue
        self._geometry = np.zeros(1, FOLD_DTYPE)
        lists = [_copies(1, 0, 0, "zeros")] * (3 - problem.axes)
        for size, (lo, hi) in zip(problem.input_shape, problem.padding, strict=True):
            lists.append(_copies(size, lo, hi, problem.padding_mode))
        self._lists = tuple(table for pair in lists for table in pair)
        sizes = [len(positions) for _, positions in lists]
        shape = [1] * (3 - problem.axes) + [
            lo + n + hi for n, (lo, hi) in zip(problem.input_shape, problem.padding, strict=True)
        ]
        numbers = result_numbers(problem.result_shape, problem.epilogue)
        numbers |= {"channels": problem.in_channels}
        numbers |= dict(zip(("depth", "height", "width"), shape, strict=True))
        for name, number in numbers.items():
            self._geometry[name] = number
        self._work = problem.batch * problem.in_channels * int(np.prod(sizes))

    def __call__(self, padded: Array, *rest: Array, out: Array) -> None:
        flat = padded.reshape(-1)
        bias = rest[0] if self._epilogue.bias else flat
        residual = rest[-1].reshape(-1) if self._epilogue.residual else flat
        arrays = (flat, bias, residual, out.reshape(-1), self._geometry, *self._lists)
        run(fold, *arrays, work=self._work)


def _copies(size: int, lo: int, hi: int, mode: str) -> tuple[Array, Array]:
    """Return the padded positions of each sample, and where each sample's begin."""
    sources = source_index(size, lo, hi, mode)
    positions = np.argsort(sources, kind="stable").astype(np.int64)
    return np.searchsorted(sources[positions], np.arange(size + 1)).astype(np.int64), positions


@kernel(parallel=True)
def fold(padded, bias, residual, out, geometry, at_z, of_z, at_y, of_y, at_x, of_x, serial):  # type: ignore[no-untyped-def]
    """Fold every channel."""
    g = geometry[0]
    planes = out.size // (g.result_depth * g.result_height * g.result_width)
    if serial:
        for plane in range(planes):
            fold_plane(plane, padded, bias, residual, out, g, at_z, of_z, at_y, of_y, at_x, of_x)
    else:
        for plane in prange(planes):
            fold_plane(
                np.intp(plane),
                padded,
                bias,
                residual,
                out,
                geometry[0],
                at_z,
                of_z,
                at_y,
                of_y,
                at_x,
                of_x,
            )


@kernel
def fold_plane(plane, padded, bias, residual, out, g, at_z, of_z, at_y, of_y, at_x, of_x):  # type: ignore[no-untyped-def]
    """Fold channel ``plane % channels`` of image ``plane // channels``."""
    n, c = plane // g.channels, plane % g.channels
    per_shuffle = g.channels // g.shuffle
    shuffled = n * g.channels + c % per_shuffle * g.shuffle + c // per_shuffle
    nothing = zero(pointer(padded))
    for z in range(g.result_depth):
        for y in range(g.result_height):
            for x in range(g.result_width):
                total = nothing
                for i in range(at_z[z], at_z[z + 1]):
                    for j in range(at_y[y], at_y[y + 1]):
                        row = (plane * g.depth + of_z[i]) * g.height + of_y[j]
                        for k in range(at_x[x], at_x[x + 1]):
                            total += padded[row * g.width + of_x[k]]
                to = ((shuffled * g.result_depth + z) * g.result_height + y) * g.result_width + x
                if g.bias:
                    total += bias[c]
                if g.residual:
                    total += residual[to]
                out[to] = activate(g.activation, total)
