"""Each activation in each algorithm: ordinary values, extreme ones, and not-a-numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numconv.core.activations import ACTIVATIONS
from numconv.core.bound import bound
from numconv.core.problems import ConvolutionProblem, Epilogue, InvolutionProblem
from numconv.core.protocol import Algorithm
from numconv.testing import naive_reference, solvers
from numconv.testing.checks import solve, within
from numconv.testing.laws.values import within_bound

CONVOLUTION = ConvolutionProblem(
    batch=1,
    in_channels=4,
    out_channels=4,
    input_shape=(9, 21),
    kernel_shape=(3, 3),
    stride=(1, 1),
    padding=((1, 1), (1, 1)),
    dilation=(1, 1),
)
PROBLEMS: dict[str, Any] = {
    "full": CONVOLUTION,
    "depthwise": replace(CONVOLUTION, groups=4),
    "pointwise": replace(CONVOLUTION, kernel_shape=(1, 1), padding=((0, 0), (0, 0))),
    "gradient": replace(CONVOLUTION, direction="input_gradient"),
    "involution": InvolutionProblem(
        batch=1,
        channels=4,
        groups=2,
        input_shape=(9, 21),
        kernel_shape=(3, 3),
        stride=(1, 1),
        padding=((1, 1), (1, 1)),
        dilation=(1, 1),
    ),
}
EACH = [
    pytest.param(problem, algorithm, id=f"{solver}-{name}")
    for name, problem in PROBLEMS.items()
    for solver, algorithm in solvers(problem)
    if not solver.startswith("reference-")
]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("problem", "algorithm"), EACH)
def test_ordinary_values(problem: Any, algorithm: Algorithm, activation: str, dtype: str) -> None:
    within_bound(
        replace(problem, dtype=dtype, epilogue=Epilogue(True, True, activation)), algorithm
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("problem", "algorithm"), EACH)
def test_extreme_values_and_nan(problem: Any, algorithm: Algorithm, activation: str) -> None:
    problem = replace(problem, epilogue=Epilogue(residual=True, activation=activation))
    operands = [np.zeros(shape, "float32") for shape in problem.operand_shapes]
    residual = np.zeros(problem.result_shape, "float32")
    extremes = [-3e38, -1e30, -1e4, -104, -90, -17, -6, -3, -1e-30, 0, 1e-30, 3, 6, 90, 1e4, 1e30]
    residual.flat[: len(extremes)] = extremes
    residual.flat[40:60] = np.nan
    operands.append(residual)
    naive = naive_reference(problem)
    expected = naive(problem, *operands)
    got = solve(problem, algorithm, operands)
    assert np.isnan(got).sum() == 20
    within(got, expected, bound(problem, naive, *operands), activation)
