"""What weights of one 1 per output do, worked out from the geometry alone.

The laws compare algorithms with the naive references; here these are compared with it.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from numconv.core import dtypes
from numconv.core.geometry import tap_source
from numconv.core.problems import ConvolutionProblem, InvolutionProblem
from numconv.core.types import Array
from numconv.testing.catalogue import naive_reference, named_problems
from numconv.testing.laws.law import bare
from numconv.testing.operands import random_operands

PROBLEMS = {
    f"{each.operator}-{each.case}": each.problem
    for each in named_problems()
    if isinstance(each.problem, (ConvolutionProblem, InvolutionProblem))
    and prod(each.problem.result_shape)
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_references_move_samples_as_the_geometry_says(name: str) -> None:
    problem = bare(PROBLEMS[name])
    x, deltas = random_operands(problem, 6)[0], problem.deltas()
    got = naive_reference(problem)(problem, x, deltas)
    np.testing.assert_array_equal(got, _moved(problem, x, deltas))


@pytest.mark.parametrize("name", PROBLEMS)
def test_deltas_are_ones_that_change_their_place(name: str) -> None:
    problem = PROBLEMS[name]
    deltas = problem.deltas()
    assert deltas.shape == problem.operand_shapes[1]
    assert deltas.dtype == problem.dtype
    assert set(np.unique(deltas.real)) <= {0, 1}
    assert np.count_nonzero(deltas) > 0


def _moved(problem: Any, given: Array, deltas: Array) -> Array:
    """Return what these taps make of `given`."""
    # Samples of several channels may meet in one output: 16 bits are rounded to once, at the end.
    expected = np.zeros(problem.result_shape, dtypes.widest(problem.dtype))
    if isinstance(problem, InvolutionProblem):
        _move_by_position(problem, given, deltas, expected)
        return expected.astype(problem.result_dtype)
    inputs, outputs = (
        problem.in_channels // problem.groups,
        problem.out_channels // problem.groups,
    )
    for co, ci, *tap in np.argwhere(deltas):
        channel = co // outputs * inputs + ci
        if problem.direction == "forward":
            expected[:, co] += _gather(problem, given[:, channel], tuple(tap))
        else:
            _scatter(problem, expected[:, channel], given[:, co], tuple(tap))
    return expected.astype(problem.result_dtype)


def _move_by_position(
    problem: InvolutionProblem, x: Array, kernels: Array, expected: Array
) -> None:
    per_group = problem.channels // problem.groups
    for group in range(problem.groups):
        for tap in np.ndindex(*problem.kernel_shape):
            here = kernels[(slice(None), group, *tap)] != 0
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
