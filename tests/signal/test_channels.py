"""Arrays with an axis of channels, along which nothing slides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numconv import ndimage, signal

RNG = np.random.default_rng(5)
PHOTO, KERNEL = RNG.random((20, 30, 3)), RNG.random((4, 5))


@pytest.mark.parametrize("function", [signal.fftconvolve, signal.oaconvolve])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_each_channel_is_convolved_alone(function: Any, mode: str, axis: int) -> None:
    x = np.moveaxis(PHOTO, -1, axis)
    expected = [function(PHOTO[..., c], KERNEL, mode) for c in range(3)]
    result = function(x, KERNEL, mode, channel_axis=axis)
    np.testing.assert_allclose(result, np.stack(expected, axis), rtol=1e-12)
    own = np.moveaxis(np.stack([KERNEL, 2 * KERNEL, 0 * KERNEL], -1), -1, axis)
    result = function(x, own, mode, channel_axis=axis)
    expected = [factor * each for factor, each in zip((1, 2, 0), expected, strict=True)]
    np.testing.assert_allclose(result, np.stack(expected, axis), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("gaussian_filter", (2,)),
        ("uniform_filter", (3,)),
        ("laplace", ()),
        ("gaussian_laplace", (1,)),
        ("gaussian_gradient_magnitude", (1,)),
        ("correlate", (KERNEL,)),
        ("convolve", (KERNEL,)),
    ],
)
def test_each_channel_is_filtered_alone(name: str, arguments: Any) -> None:
    function = getattr(ndimage, name)
    expected = np.stack([function(PHOTO[..., c], *arguments) for c in range(3)], -1)
    np.testing.assert_array_equal(function(PHOTO, *arguments, channel_axis=-1), expected)


@pytest.mark.parametrize("axis", [3, -4, 1.5, "last"])
def test_an_axis_that_is_none_is_named(axis: Any) -> None:
    with pytest.raises(ValueError, match=r"^channel_axis="):
        signal.fftconvolve(PHOTO, KERNEL, channel_axis=axis)
    with pytest.raises((ValueError, TypeError), match=r"^channel_axis="):
        ndimage.gaussian_filter(PHOTO, 1, channel_axis=axis)


def test_axes_are_said_one_way_only() -> None:
    with pytest.raises(ValueError, match=r"^channel_axis=-1: expected None with axes"):
        signal.fftconvolve(PHOTO, KERNEL[..., None], axes=(0, 1), channel_axis=-1)
    with pytest.raises(ValueError, match=r"^channel_axis=-1: expected None with axes"):
        ndimage.gaussian_filter(PHOTO, 1, axes=(0, 1), channel_axis=-1)
