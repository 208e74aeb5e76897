"""Operators made of others equal their definitions, on every one of their cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import plugins
from numconv.core.protocol import Case

CASES = [
    pytest.param(operator, case, id=f"{operator.name}-{case.name}")
    for operator in plugins.operators().values()
    for case in operator.cases()
    if not operator.naive
]
EPS = {"float32": 1e-5, "float64": 1e-13}


@pytest.mark.parametrize(("operator", "case"), CASES)
def test_equals_its_definition(operator: Any, case: Case) -> None:
    rng = np.random.default_rng(15)
    arrays = [(9 * rng.random(each.shape) - 4).astype(each.dtype) for each in case.operands]
    got = operator.apply(*arrays, **case.parameters)
    expected = operator.reference(*arrays, **case.parameters)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if got.dtype.kind in "iu":
        assert np.array_equal(got, expected)
    else:
        eps = EPS[got.dtype.name]
        np.testing.assert_allclose(got, expected, rtol=eps, atol=eps * np.abs(expected).max())


def test_there_are_cases() -> None:
    assert len(CASES) >= 12


@pytest.mark.parametrize("batched", [True, False], ids=["batched", "unbatched"])
def test_separable_is_the_convolution_with_an_outer_product(batched: bool) -> None:
    rng = np.random.default_rng(16)
    x = rng.standard_normal((2, 3, 17, 19))[slice(None) if batched else 0]
    down, across = rng.standard_normal(5), rng.standard_normal(3)
    weight = np.tile(np.outer(down, across), (3, 1, 1, 1))
    parameters: dict[str, Any] = {"padding": "same", "padding_mode": "reflect", "stride": 2}
    got = numconv.separable_conv2d(x, down, across, **parameters)
    expected = numconv.conv2d(x, weight, groups=3, **parameters)
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


def test_linear_resize_keeps_a_ramp() -> None:
    x = np.arange(8.0).reshape(1, 1, 8)
    got = numconv.resize_conv1d(x, np.ones((1, 1, 1)), scale=2, interpolation="linear")
    expected = np.clip((np.arange(16) + 0.5) / 2 - 0.5, 0, 7)
    np.testing.assert_allclose(got[0, 0], expected, rtol=1e-15)
