"""Outer products are found within rounding, whole numbers exactly, and nothing else is."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from numconv import filters
from numconv.filters.rank import factors

Array = NDArray[Any]


def product(vectors: tuple[Array, ...]) -> Array:
    return np.asarray(reduce(np.multiply.outer, vectors))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [5, 31])
def test_every_weight_of_a_gaussian_is_kept_the_smallest_too(size: int, dtype: str) -> None:
    bell = np.exp(-0.5 * np.linspace(-5, 5, size) ** 2)
    kernel = np.outer(bell, bell).astype(dtype).astype(float)
    found = factors(kernel, dtype)
    assert found is not None
    assert all(each.dtype == dtype for each in found)
    got = product(tuple(each.astype(float) for each in found))
    assert (np.abs(got - kernel) <= 8 * np.finfo(dtype).eps * kernel).all()


def test_whole_numbers_are_split_exactly_and_stay_whole_but_for_a_power_of_two() -> None:
    kernel = np.outer([6, -9, 15], [4, 0, 10, 14]).astype(float)
    found = factors(kernel, "float32")
    assert found is not None
    column, row = found
    np.testing.assert_array_equal(product(found), kernel)
    assert np.abs(column).sum() <= 1
    scale = 2 / np.abs(column[0])
    np.testing.assert_array_equal(column * scale, [2, -3, 5])
    assert (row / scale * 64 == np.rint(row / scale * 64)).all()


def test_what_does_not_hold_exactly_for_whole_numbers_is_refused() -> None:
    kernel = np.outer(np.arange(1, 8), np.arange(3, 12)).astype(float) * 1e6
    assert factors(kernel, "float64") is not None
    kernel[3, 4] += 1
    assert factors(kernel, "float64") is None


@pytest.mark.parametrize("name", ["sobel-x", "sobel-5x5-y", "tent", "gabor-x", "binomial"])
def test_separable_kernels_are_found(name: str) -> None:
    assert factors(filters.kernel(name).astype(float), "float32") is not None


@pytest.mark.parametrize(
    "name", ["laplacian", "disk", "unsharp", "gabor", "motion-blur", "kirsch-n"]
)
def test_others_are_not(name: str) -> None:
    assert factors(filters.kernel(name).astype(float), "float32") is None


@pytest.mark.parametrize("kernel", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.ones((0, 3))])
def test_nothing_to_split_is_refused(kernel: Array) -> None:
    assert factors(kernel, "float64") is None


def test_a_slight_difference_is_one() -> None:
    kernel = np.outer([0.1, 0.7, 0.2], [0.3, 0.3, 0.4])
    kernel[0, 0] *= 1 + 5e-7
    assert factors(kernel, "float64") is None
    assert factors(kernel, "float32") is not None


def test_complex_and_three_axes() -> None:
    rng = np.random.default_rng(7)
    parts = [rng.standard_normal(n) + 1j * rng.standard_normal(n) for n in (3, 4, 5)]
    kernel = product(tuple(parts))
    found = factors(kernel, "complex128")
    assert found is not None
    assert [len(each) for each in found] == [3, 4, 5]
    np.testing.assert_allclose(product(found), kernel, rtol=1e-14)
