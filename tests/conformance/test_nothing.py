"""A batch of none, and arrays without samples: every algorithm has an estimate for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import plugins
from numconv.core.problems import ConvolutionProblem
from numconv.testing import named_problems


def without_samples() -> Iterator[Any]:
    for each in named_problems():
        names = {field.name for field in fields(each.problem)}
        if "batch" in names:
            yield replace(each.problem, batch=0)
        else:
            yield replace(each.problem, input_shape=(0,) * len(each.problem.input_shape))
    for axes in (1, 2, 3):
        padded = ConvolutionProblem(
            *(1, 1, 1, (0,) * axes, (3,) * axes, (1,) * axes, ((2, 2),) * axes, (1,) * axes)
        )
        yield padded


PROBLEMS = list(dict.fromkeys(without_samples()))


@pytest.mark.parametrize("backend", ["cpu", "cuda", "reference", "scipy", "torch"])
def test_every_algorithm_estimates_what_takes_no_time(backend: str) -> None:
    found = plugins.backends().get(backend)
    if found is None or plugins.status(found).state == "unavailable":
        pytest.skip(f"the backend {backend} is unavailable")
    estimates = [
        algorithm.cost(problem)
        for problem in PROBLEMS
        for algorithm in found.algorithms(problem)
        if algorithm.refusal(problem) is None
    ]
    assert estimates
    assert all(math.isfinite(seconds) and seconds >= 0 for seconds in estimates)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_batch_of_none_is_explained(axes: int) -> None:
    shape, small = (0, 3, *[8] * axes), (4, 3, *[3] * axes)
    explained = numconv.explain(f"conv{axes}d", shape, small)
    assert explained.result_shape == (0, 4, *[6] * axes)
    assert str(explained)


def test_samples_out_of_padding_alone() -> None:
    made = numconv.conv1d(np.ones((1, 1, 0)), np.ones((1, 1, 3)), padding=2)
    assert made.tolist() == [[[0, 0]]]
