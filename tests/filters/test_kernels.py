"""The named image kernels: known values, sums, symmetries, and what they do to a ramp."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numconv import ArgumentError, filters

BLURS = ("box", "disk", "gaussian", "motion-blur", "tent", "ring", "binomial")
SMOOTHING = (*BLURS, "smooth", "motion-blur-x", "motion-blur-y")
SHARPENING = (
    *("identity", "sharpen", "sharpen-8", "detail", "edge-enhance", "unsharp", "unsharp-binomial"),
    *("emboss", "emboss-up", "emboss-x", "emboss-y"),
)
SLOPES = ("sobel", "prewitt", "scharr", "frei-chen", "sobel-5x5", "derivative", "gaussian-slope")


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
    along_x, along_y = filters.kernel(f"{name}-x"), filters.kernel(f"{name}-y")
    assert (np.arange(along_x.shape[1]) * along_x).sum() > 0
    assert (np.arange(along_y.shape[1]) * along_y).sum() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(along_y, along_x.T, atol=1e-7)


@pytest.mark.parametrize("name", ["derivative-x", "gaussian-slope-x"])
def test_derivative_of_a_ramp_is_its_slope(name: str) -> None:
    kernel = filters.kernel(name)
    assert (3 * np.arange(kernel.shape[1]) * kernel).sum() == pytest.approx(3)


@pytest.mark.parametrize("family", ["kirsch", "robinson"])
def test_compass_kernels_answer_most_to_their_own_direction(family: str) -> None:
    y, x = np.mgrid[-1:2, -1:2]
    points = {"n": (0, -1), "ne": (1, -1), "e": (1, 0), "se": (1, 1)}
    points |= {"s": (0, 1), "sw": (-1, 1), "w": (-1, 0), "nw": (-1, -1)}
    for point, (across, down) in points.items():
        brighter = np.sign(across * x + down * y)
        answers = {each: (filters.kernel(f"{family}-{each}") * brighter).sum() for each in points}
        assert max(answers, key=lambda each: answers[each]) == point


def test_robinson_to_the_east_is_sobel() -> None:
    np.testing.assert_array_equal(filters.kernel("robinson-e"), filters.kernel("sobel-x"))
    np.testing.assert_array_equal(filters.kernel("robinson-s"), filters.kernel("sobel-y"))


@pytest.mark.parametrize("name", ["motion-blur", "gabor", "gaussian-slope"])
def test_angle_turns_from_x_to_y(name: str) -> None:
    along_x = filters.kernel(name, 11, angle=0, dtype="float64")
    along_y = filters.kernel(name, 11, angle=90, dtype="float64")
    np.testing.assert_allclose(along_y, along_x.T, atol=1e-12)
    down, up = (filters.kernel(name, 11, angle=angle, dtype="float64") for angle in (30, -30))
    np.testing.assert_allclose(down[::-1], up, atol=1e-12)


@pytest.mark.parametrize("angle", [0, 17, 45, 60, 90, 133])
def test_motion_blur_at_any_angle_keeps_the_mean_and_its_middle(angle: float) -> None:
    kernel = filters.kernel("motion-blur", 9, angle=angle, dtype="float64")
    assert kernel.sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-12)
    assert ((kernel > 1e-12).sum(axis=0).max() <= 2) or ((kernel > 1e-12).sum(axis=1).max() <= 2)


def test_gabor_is_blind_to_an_even_picture_and_sees_its_stripes() -> None:
    kernel = filters.kernel("gabor-x", dtype="float64")
    stripes = np.cos(4 * np.pi * np.arange(-7, 8) / 14)
    assert kernel.sum() == pytest.approx(0, abs=1e-15)
    assert (kernel * stripes).sum() > 4 * abs((kernel.T * stripes).sum())


def test_float64_is_rounded_only_once() -> None:
    assert filters.kernel("gaussian", dtype="float64").sum() == pytest.approx(1, abs=1e-15)


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


@pytest.mark.parametrize("name", BLURS)
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
        ("high-pass", 1, "at least 3"),
    ],
)
def test_impossible_size_is_refused(name: str, size: int, expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        filters.kernel(name, size)


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("box", {"angle": 30}, "None for 'box'; gabor, gaussian-slope, motion-blur have an angle"),
        ("gabor", {"angle": float("nan")}, "a finite number of degrees"),
        ("gabor", {"angle": "up"}, "a finite number of degrees"),
        ("box", {"dtype": "int8"}, "'float32' or 'float64'"),
    ],
)
def test_bad_option_is_refused(name: str, asked: dict[str, Any], expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        filters.kernel(name, **asked)
