"""Sums of integers are exact, whichever kernel computes them, and wrap around as NumPy's do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv
from numconv import signal
from numconv.signal import integers
from numconv.signal.layout import lay_out

from .exact_integers import differing

# Magnitudes whose sums of 15 products need float32, float64, int64, and more than that.
LARGEST = {"24_bits": 2**10, "53_bits": 2**24, "63_bits": 2**29, "wrapping": 2**62}


def exact(x: Any, y: Any, dtype: Any) -> Any:
    """Convolve in Python's integers, then keep the bits that the dtype has."""
    sums = np.zeros(np.add(x.shape, y.shape) - 1, object)
    for place in np.ndindex(*y.shape):
        window = tuple(slice(p, p + n) for p, n in zip(place, x.shape, strict=True))
        sums[window] += x.astype(object) * int(y[place])
    bits = 8 * np.dtype(dtype).itemsize
    unsigned = np.array([int(each) % 2**bits for each in sums.ravel()], f"uint{bits}")
    return unsigned.view(dtype).reshape(sums.shape)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "uint8"])
@pytest.mark.parametrize("largest", LARGEST)
def test_sums_are_exact_or_wrap(largest: str, dtype: str) -> None:
    rng = np.random.default_rng(1)
    info = np.iinfo(dtype)
    most = min(LARGEST[largest], info.max)
    least = max(-most, int(info.min))
    x = rng.integers(least, most, (31, 29), dtype, endpoint=True)
    y = rng.integers(least, most, (3, 5), dtype, endpoint=True)
    for method in ("auto", "direct", "fft"):
        result = signal.convolve(x, y, method=method)
        assert result.dtype == dtype
        np.testing.assert_array_equal(result, exact(x, y, dtype))
    np.testing.assert_array_equal(signal.convolve2d(x, y), exact(x, y, dtype))


def test_drawn_calls_are_exact() -> None:
    assert not differing(600, 1)


def test_a_kernel_longer_than_the_image_meets_all_its_taps_beyond_an_edge() -> None:
    image, kernel = np.full((5, 2), 2895), np.full((1, 3), 2895)
    for function in (signal.convolve2d, signal.correlate2d):
        for boundary in ("symm", "wrap"):
            for mode in ("same", "full"):
                result = function(image, kernel, mode, boundary)
                np.testing.assert_array_equal(result, np.full_like(result, 3 * 2895**2))
    image, kernel = np.full((5, 2), 67108863), np.full((1, 3), 67108863)
    assert signal.convolve2d(image, kernel, "same", "symm")[0, 0] == 3 * 67108863**2


def test_taps_beside_samples_are_not_counted() -> None:
    most = 2**31 - 1
    image, kernel = np.full((5, 2), most, np.int32), np.full((1, 3), most, np.int32)
    result = signal.convolve(image, kernel)
    np.testing.assert_array_equal(result, exact(image, kernel, "int32"))
    np.testing.assert_array_equal(
        numconv.conv1d(np.full((1, 1, 2), most), np.full((1, 1, 3), most), padding=2),
        [[[most**2, 2 * most**2, 2 * most**2, most**2]]],
    )
    with pytest.raises(numconv.RefusedError, match="3 products"):
        numconv.conv1d(np.full((1, 1, 3), most), np.full((1, 1, 3), most), padding=2)
    turned = numconv.conv_transpose1d(np.full((1, 1, 2), most), np.full((1, 1, 3), most))
    np.testing.assert_array_equal(turned, [[[most**2, 2 * most**2, 2 * most**2, most**2]]])


def test_wrap_beyond_an_edge() -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(-(2**62), 2**62, (13, 11))
    y = rng.integers(-(2**62), 2**62, (3, 4))
    padded = np.pad(x, ((2, 2), (3, 3)), mode="wrap")
    whole = exact(padded, y, "int64")[2:-2, 3:-3]
    np.testing.assert_array_equal(signal.convolve2d(x, y, boundary="wrap"), whole)


def test_long_kernels_go_through_transforms_and_are_rounded() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(-99, 100, 30_011), rng.integers(-99, 100, 1009)
    layout = lay_out(x.shape, y.shape, "full")
    assert integers.through_transforms(layout, integers.largest_sum(x, y, layout))
    assert signal.choose_conv_method(x, y) == "fft"
    np.testing.assert_array_equal(signal.convolve(x, y), np.convolve(x, y))
    assert signal.choose_conv_method(x * 2**30, y) == "direct"
    np.testing.assert_array_equal(signal.convolve(x * 2**30, y), np.convolve(x * 2**30, y))


@pytest.mark.parametrize("shape", [(3001,), (37, 41)], ids=["signal", "image"])
def test_bools_count_as_true_or_false(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.random(shape) < 0.2, rng.random((3,) * len(shape)) < 0.5
    method = "auto" if len(shape) == 1 else "fft"
    result = signal.convolve(x, y, method=method)
    assert result.dtype == bool
    np.testing.assert_array_equal(result, exact(x.astype(int), y.astype(int), "int64") > 0)
