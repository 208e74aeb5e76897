"""What weights of one 1 per output do, worked out from the geometry alone."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.geometry import tap_source
from ..core.problems import InvolutionProblem
from ..core.protocol import Array


def moved_by_deltas(problem: Any, given: Array) -> tuple[Array, Array]:
    """Return a weight that has one 1 for each output channel, and what it makes of `given`.

    The tap and the input channel change from channel to channel, so that each is met; in an
    involution the tap changes from position to position.
    """
    taps = list(np.ndindex(*problem.kernel_shape))
    weight = np.zeros(problem.operand_shapes[1], problem.dtype)
    # Samples of several channels may meet in one output: 16 bits are rounded to once, at the end.
    expected = np.zeros(problem.result_shape, dtypes.widest(problem.dtype))
    if isinstance(problem, InvolutionProblem):
        _move_by_position(problem, given, taps, weight, expected)
        return weight, expected.astype(problem.result_dtype)
    inputs, outputs = (
        problem.in_channels // problem.groups,
        problem.out_channels // problem.groups,
    )
    for co in range(problem.out_channels):
        ci, tap = co % inputs, taps[(5 * co + 1) % len(taps)]
        weight[(co, ci, *tap)] = 1
        channel = co // outputs * inputs + ci
        if problem.direction == "forward":
            expected[:, co] = _gather(problem, given[:, channel], tap)
        else:
            _scatter(problem, expected[:, channel], given[:, co], tap)
    return weight, expected.astype(problem.result_dtype)


def _move_by_position(
    problem: InvolutionProblem,
    x: Array,
    taps: list[tuple[int, ...]],
    kernels: Array,
    expected: Array,
) -> None:
    per_group = problem.channels // problem.groups
    positions = np.arange(prod(problem.output_shape)).reshape(problem.output_shape)
    for group in range(problem.groups):
        chosen = (5 * group + 3 * positions + positions // 7 + 1) % len(taps)
        for index, tap in enumerate(taps):
            here = chosen == index
            place: Any = (slice(None), group, *tap)
            kernels[place] = here
            for c in range(group * per_group, (group + 1) * per_group):
                expected[:, c] = np.where(here, _gather(problem, x[:, c], tap), expected[:, c])


def _sources(problem: Any, tap: tuple[int, ...]) -> tuple[Array, Array]:
    """Return the flat input index that each output reads at `tap`, and whether there is one."""
    flat = np.zeros((), np.int64)
    inside = np.ones((), bool)
    for axis in range(problem.axes):
        source = tap_source(
            problem.input_shape[axis],
            problem.output_shape[axis],
            problem.kernel_shape[axis],
            problem.stride[axis],
            problem.padding[axis][0],
            problem.dilation[axis],
            problem.padding_mode,
        )[:, tap[axis]]
        flat = flat[..., None] * problem.input_shape[axis] + source
        inside = inside[..., None] & (source >= 0)
    return flat, inside


def _gather(problem: Any, x: Array, tap: tuple[int, ...]) -> Array:
    flat, inside = _sources(problem, tap)
    taken: Array = x.reshape(x.shape[0], -1).take(np.where(inside, flat, 0), 1)
    return np.where(inside, taken, 0)


def _scatter(problem: Any, x: Array, y: Array, tap: tuple[int, ...]) -> None:
    flat, inside = _sources(problem, tap)
    for n in range(x.shape[0]):
        sums = np.zeros(x[n].size, x.dtype)
        np.add.at(sums, flat[inside], y[n][inside])
        x[n] += sums.reshape(x[n].shape)
