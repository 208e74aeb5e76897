"""A NaN, an infinity or a huge sample reaches the results that depend on it, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from numconv import signal

LENGTH, PLACE = 20_011, 9_973
SAMPLES = {"nan": np.nan, "infinity": np.inf, "huge": 1e16}
KERNELS = {"short": 17, "long": 1009}
MODES = ("full", "valid", "same")

Function = Callable[[Any, Any, str], Any]
SIGNALS: dict[str, Function] = {
    "convolve_auto": signal.convolve,
    "convolve_direct": lambda x, y, mode: signal.convolve(x, y, mode, "direct"),
    "convolve_fft": lambda x, y, mode: signal.convolve(x, y, mode, "fft"),
    "correlate_auto": signal.correlate,
    "correlate_direct": lambda x, y, mode: signal.correlate(x, y, mode, "direct"),
    "correlate_fft": lambda x, y, mode: signal.correlate(x, y, mode, "fft"),
    "fftconvolve": signal.fftconvolve,
    "oaconvolve": signal.oaconvolve,
    "convolve2d": lambda x, y, mode: signal.convolve2d(x[None], y[None], mode)[0],
    "correlate2d": lambda x, y, mode: signal.correlate2d(x[None], y[None], mode)[0],
}


def reached(function: Function, x: Any, y: Any, place: int, mode: str) -> Any:
    """Return the results that see a sample: those of ones that are not 0."""
    marked = np.zeros(x.shape)
    marked[place] = 1
    return function(marked, np.ones(y.shape), mode) > 0.5


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("taps", KERNELS)
@pytest.mark.parametrize("name", SIGNALS)
def test_one_sample_of_a_long_signal(name: str, taps: str, sample: str) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal(LENGTH), rng.standard_normal(KERNELS[taps])
    function = SIGNALS[name]
    for mode in MODES:
        clean = function(x, y, mode)
        reach = reached(function, x, y, PLACE, mode)
        broken = x.copy()
        broken[PLACE] = SAMPLES[sample]
        result = function(broken, y, mode)
        np.testing.assert_allclose(result[~reach], clean[~reach], rtol=0, atol=1e-11)
        if sample == "huge":
            assert (abs(result[reach]) > 1e9).all()
        else:
            assert not np.isfinite(result[reach]).any()


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("function", [signal.convolve, signal.fftconvolve])
def test_one_tap_of_a_kernel_as_long_as_the_signal(function: Any, sample: str) -> None:
    rng = np.random.default_rng(6)
    x, y = rng.standard_normal(3001), rng.standard_normal(3001)
    clean = function(x, y)
    y[1200] = SAMPLES[sample]
    result = function(x, y)
    sees = np.zeros(len(clean), bool)
    sees[1200 : 1200 + len(x)] = True
    np.testing.assert_allclose(result[~sees], clean[~sees], rtol=0, atol=1e-11)
    assert sample == "huge" or not np.isfinite(result[sees]).any()


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("function", [signal.convolve2d, signal.correlate2d])
def test_one_pixel_of_an_image(function: Any, boundary: str, sample: str) -> None:
    rng = np.random.default_rng(7)
    image, kernel = rng.standard_normal((41, 37)), rng.standard_normal((5, 4))
    marked = np.zeros(image.shape)
    marked[3, 30] = 1
    reach = function(marked, np.ones(kernel.shape), "same", boundary) > 0.5
    clean = function(image, kernel, "same", boundary)
    image[3, 30] = SAMPLES[sample]
    result = function(image, kernel, "same", boundary)
    np.testing.assert_allclose(result[~reach], clean[~reach], rtol=0, atol=1e-11)
    assert sample == "huge" or not np.isfinite(result[reach]).any()


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_pixel_through_a_separable_filter(sample: str) -> None:
    rng = np.random.default_rng(8)
    image, row, column = rng.standard_normal((41, 37)), rng.random(5) + 1, rng.random(7) + 1
    reach = np.zeros(image.shape, bool)
    reach[:7, 28:33] = True
    clean = signal.sepfir2d(image, row, column)
    image[3, 30] = SAMPLES[sample]
    result = signal.sepfir2d(image, row, column)
    np.testing.assert_allclose(result[~reach], clean[~reach], rtol=0, atol=1e-11)
    assert sample == "huge" or not np.isfinite(result[reach]).any()


def test_infinite_taps_meet_samples_not_padding() -> None:
    np.testing.assert_array_equal(
        signal.convolve([1.0, 2, 3], [np.inf, 1], method="direct"), [np.inf, np.inf, np.inf, 3]
    )
    image = np.ones((40, 40))
    kernel = np.ones((3, 3))
    kernel[0, 0] = np.inf
    result = signal.convolve(image, kernel)
    assert np.isinf(result[:40, :40]).all()
    assert np.isfinite(result[40:]).all()
    assert np.isfinite(result[:, 40:]).all()
    image[20, 20] = np.inf
    assert not np.isnan(signal.convolve(image, kernel)).any()
