"""The filter's values, worked out without it, and what a user meets besides."""

from __future__ import annotations

import doctest
from math import exp
from typing import Any

import numpy as np
import pytest
from numconv_bilateral import BilateralProblem, bilateral, operator
from numconv_bilateral.reference import bound, naive
from numpy.typing import NDArray

import numconv
from numconv.plugin import faults, operators

BACKENDS = ("reference", "bilateral-cpu")
Array = NDArray[Any]


def image(*shape: int, dtype: str = "float64") -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_pixels_weigh_each_other_by_the_formula(backend: str) -> None:
    x = np.array([[[2.0, 5.0]]])
    weight = exp(-(1**2) / (2 * 1.5**2) - (5 - 2) ** 2 / (2 * 4.0**2))
    expected = [(2 + 5 * weight) / (1 + weight), (5 + 2 * weight) / (1 + weight)]
    got = bilateral(x, 3, sigma_space=1.5, sigma_range=4.0, backend=backend)
    np.testing.assert_allclose(got[0, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pixels_channels_are_one_colour(backend: str) -> None:
    x = np.array([[[0.0, 3.0]], [[0.0, 4.0]]])
    weight = exp(-(1**2) / (2 * 2.0**2) - (3**2 + 4**2) / (2 * 5.0**2))
    got = bilateral(x, (1, 3), sigma_space=2.0, sigma_range=5.0, backend=backend)
    expected = np.array([3.0, 4.0]) * weight / (1 + weight)
    np.testing.assert_allclose(got[:, 0, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
def test_with_wide_sigmas_it_is_the_mean_of_what_lies_inside(backend: str) -> None:
    x = np.array([[[1.0, 2.0, 6.0]]])
    got = bilateral(x, 3, sigma_space=1e9, sigma_range=1e9, backend=backend)
    np.testing.assert_allclose(got[0, 0], [1.5, 3.0, 4.0], rtol=1e-14)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("sigma", ["sigma_space", "sigma_range"])
def test_with_a_sigma_next_to_nothing_it_is_the_identity(backend: str, sigma: str) -> None:
    x = image(2, 3, 5, 6)
    assert np.array_equal(bilateral(x, 5, **{sigma: 1e-300}, backend=backend), x)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_differs_much_is_left_alone(backend: str) -> None:
    x = np.where(np.arange(12) < 5, 0.0, 1e16) * np.ones((1, 7, 1))
    np.testing.assert_allclose(bilateral(x, 5, backend=backend), x, rtol=1e-14, atol=0)


def test_plain_arithmetic_in_float32_is_within_the_bound() -> None:
    x = image(2, 5, 23, 19, dtype="float32")
    problem = BilateralProblem(2, 5, (23, 19), (9, 7), 3.0, 0.8)
    sums, weights = np.zeros_like(x), np.zeros_like(x[:, :1])
    reach_y, reach_x = 4, 3
    padded = np.pad(x, ((0, 0), (0, 0), (4, 4), (3, 3)), constant_values=1e18)
    for ky, kx in np.ndindex(9, 7):
        neighbour = padded[:, :, ky : ky + 23, kx : kx + 19]
        far = np.float32(((ky - reach_y) ** 2 + (kx - reach_x) ** 2) / (2 * 3.0**2))
        unlike = ((neighbour - x) ** 2).sum(1, keepdims=True) / np.float32(2 * 0.8**2)
        weight = np.exp(-far - unlike)
        assert weight.dtype == np.float32
        sums += weight * neighbour
        weights += weight
    off = np.abs(sums / weights - naive(problem, x).astype("float64"))
    assert 0 < (off / bound(problem, x)).max() < 1


@pytest.mark.parametrize("change", [{"sigma_space": 3.001}, {"sigma_range": 0.8002}])
def test_a_slightly_wrong_sigma_is_not(change: dict[str, float]) -> None:
    x = image(1, 3, 23, 19, dtype="float32")
    right: dict[str, Any] = {"sigma_space": 3.0, "sigma_range": 0.8}
    problem = BilateralProblem(1, 3, (23, 19), (9, 7), **right)
    wrong = BilateralProblem(1, 3, (23, 19), (9, 7), **{**right, **change})
    off = np.abs(naive(wrong, x).astype("float64") - naive(problem, x))
    assert (off / bound(problem, x)).max() > 1


def test_auto_takes_the_backend_that_came_with_the_operator() -> None:
    stage = numconv.explain("bilateral", (1, 3, 32, 32)).stages[0]
    assert (stage.backend, stage.algorithm) == ("bilateral-cpu", "windows")


def test_what_the_algorithm_refuses_falls_to_the_reference_with_a_warning() -> None:
    x = image(1, 3, 9, 8, dtype="float16")
    with pytest.warns(numconv.PerformanceWarning):
        assert bilateral(x).dtype == np.float16
    with pytest.raises(numconv.RefusedError, match="float32 and float64, not float16"):
        bilateral(x, backend="bilateral-cpu")


@pytest.mark.parametrize("shapes", [((9,), (3,)), ((9, 9), (3,)), ((9, 9, 9), (3, 3))])
def test_a_problem_has_two_axes(shapes: tuple[Any, Any]) -> None:
    with pytest.raises(numconv.ArgumentError, match=r"_shape=.*: expected one for each of 2 axes"):
        BilateralProblem(1, 1, *shapes, 2.0, 0.1)


def test_numconv_offers_the_operator() -> None:
    assert operators()["bilateral"] is operator.BILATERAL
    assert not [fault for fault in faults() if "bilateral" in fault.plugin]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kernel_size": (3, 4)}, r"kernel_size=\(3, 4\): expected odd"),
        ({"kernel_size": (3, 3, 3)}, r"kernel_size=\(3, 3, 3\): expected an integer or 2"),
        ({"sigma_space": 0}, "sigma_space=0.0: expected a finite number above 0"),
        ({"sigma_range": float("inf")}, "sigma_range=inf: expected a finite number above 0"),
        ({"sigma_range": "soft"}, "sigma_range='soft': expected a number"),
    ],
)
def test_a_bad_parameter_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(numconv.ArgumentError, match=message):
        bilateral(image(1, 3, 5, 5), **arguments)


@pytest.mark.parametrize("x", [image(5, 5), image(1, 0, 5), np.ones((1, 5, 5), np.int32)])
def test_a_bad_image_is_named(x: Array) -> None:
    with pytest.raises(numconv.ArgumentError, match=r"^x="):
        bilateral(x)


def test_the_docstrings_examples() -> None:
    failed, attempted = doctest.testmod(operator)
    assert failed == 0 < attempted
