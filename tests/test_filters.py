"""The named image kernels: known values, sums, symmetries, and what they do to a ramp."""

from __future__ import annotations

import numpy as np
import pytest

from numconv import ArgumentError, filters

SMOOTHING = ("box", "disk", "gaussian", "motion-blur")
SHARPENING = ("identity", "sharpen", "unsharp", "emboss")
SLOPES = ("sobel", "prewitt", "scharr")


def test_every_name_gives_a_float32_plane() -> None:
    for name in filters.names():
        kernel = filters.kernel(name)
        assert kernel.dtype == np.float32
        assert kernel.ndim == 2
        assert filters.formula(name)


@pytest.mark.parametrize("name", SMOOTHING + SHARPENING)
def test_sum_is_one(name: str) -> None:
    assert filters.kernel(name).sum(dtype=float) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", sorted(set(filters.names()) - set(SMOOTHING + SHARPENING)))
def test_detectors_sum_to_zero(name: str) -> None:
    assert filters.kernel(name).sum(dtype=float) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", SLOPES)
def test_slopes_are_positive_where_the_picture_grows(name: str) -> None:
    ramp = np.tile(np.arange(3.0), (3, 1))
    along_x, along_y = filters.kernel(f"{name}-x"), filters.kernel(f"{name}-y")
    assert (ramp * along_x).sum() > 0
    assert (ramp * along_y).sum() == 0
    np.testing.assert_array_equal(along_y, along_x.T)


def test_sobel_is_the_published_kernel() -> None:
    assert filters.kernel("sobel-x").tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def test_gaussian_is_its_formula() -> None:
    kernel = filters.kernel("gaussian", 5)
    assert kernel[2, 2] / kernel[2, 3] == pytest.approx(np.exp(0.5), rel=1e-5)
    assert kernel[2, 2] / kernel[0, 0] == pytest.approx(np.exp(4), rel=1e-5)


def test_laplacian_gives_the_second_derivative_of_a_parabola() -> None:
    y, x = np.mgrid[-1:2, -1:2]
    assert (filters.kernel("laplacian") * (x**2 + y**2)).sum() == 4


def test_disk_is_round() -> None:
    kernel = filters.kernel("disk", 7)
    assert kernel[0, 0] == 0
    assert kernel[3, 0] > 0
    np.testing.assert_array_equal(kernel, kernel.T)


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_size_is_taken(size: int) -> None:
    assert filters.kernel("box", size).shape == (size, size)


@pytest.mark.parametrize("name", SMOOTHING)
def test_smallest_size_is_the_identity(name: str) -> None:
    assert filters.kernel(name, 1).tolist() == [[1]]


def test_unknown_name_lists_the_closest_first() -> None:
    with pytest.raises(ArgumentError, match=r"name='gausian': expected one of gaussian, .*sobel-x"):
        filters.kernel("gausian")


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("sobel-x", 5, "3, the only size"),
        ("identity", 4, "an odd number"),
        ("box", 0, "at least 1"),
    ],
)
def test_impossible_size_is_refused(name: str, size: int, expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        filters.kernel(name, size)
