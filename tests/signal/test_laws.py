"""What convolution promises, whatever SciPy does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numconv import signal

SHAPES = {
    "signal": ((101,), (13,)),
    "long_kernel": ((101,), (89,)),
    "image": ((17, 23), (4, 5)),
    "crossed": ((3, 23), (7, 5)),
    "volume": ((7, 9, 8), (3, 2, 5)),
    "four_axes": ((5, 4, 6, 7), (2, 3, 2, 3)),
    "five_axes": ((3, 4, 3, 4, 5), (2, 3, 2, 1, 3)),
}
DTYPES = ("float32", "float64", "complex128")


def drawn(shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def naive(x: Any, y: Any) -> Any:
    """Convolve in full, tap by tap."""
    sums = np.zeros(np.add(x.shape, y.shape) - 1, np.result_type(x, y))
    for place in np.ndindex(*y.shape):
        sums[tuple(slice(p, p + n) for p, n in zip(place, x.shape, strict=True))] += x * y[place]
    return sums


def close(got: Any, expected: Any, x: Any, y: Any) -> None:
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    terms, eps = min(x.size, y.size), np.finfo(got.dtype).eps
    size = abs(x).max() * abs(y).sum()
    np.testing.assert_allclose(got, expected, rtol=0, atol=4 * (terms + 2) * eps * size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES)
def test_equal_to_the_definition_and_commutative(shapes: str, dtype: str) -> None:
    x, y = (drawn(shape, dtype, seed) for seed, shape in enumerate(SHAPES[shapes]))
    expected = naive(x, y)
    for method in ("auto", "direct", "fft"):
        close(signal.convolve(x, y, method=method), expected, x, y)
        close(signal.convolve(y, x, method=method), expected, x, y)
    close(signal.fftconvolve(x, y), expected, x, y)
    close(signal.oaconvolve(y, x), expected, x, y)


@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize("shapes", ["signal", "image", "volume"])
def test_correlation_is_convolution_with_the_flipped_conjugate(shapes: str, mode: str) -> None:
    x, y = (drawn(shape, "complex128", seed) for seed, shape in enumerate(SHAPES[shapes]))
    flipped = np.flip(y).conj()
    np.testing.assert_array_equal(signal.correlate(x, y, mode), signal.convolve(x, flipped, mode))
    if mode != "same":
        close(signal.correlate(y, x, mode), np.flip(signal.correlate(x, y, mode)).conj(), x, y)


@pytest.mark.parametrize(("length", "taps"), [(151, 5), (150, 4), (150, 201), (151, 201)])
def test_lags_belong_to_their_correlations(length: int, taps: int) -> None:
    x = drawn((length,), "float64", 3)
    y = drawn((taps,), "float64", 4)
    full = dict(zip(signal.correlation_lags(length, taps), signal.correlate(x, y), strict=True))
    for mode in ("valid", "same"):
        lags = signal.correlation_lags(length, taps, mode)
        found = signal.correlate(x, y, mode)
        np.testing.assert_allclose(found, [full[lag] for lag in lags], atol=1e-12)


def test_a_delta_is_the_identity() -> None:
    x = drawn((31, 33), "float64", 5)
    delta = np.zeros((3, 3))
    delta[1, 1] = 1
    for result in (
        signal.convolve(x, delta, "same"),
        signal.convolve2d(x, delta, "same", "wrap"),
        signal.correlate2d(x, delta, "same", "symm"),
        signal.fftconvolve(x, delta, "same"),
        signal.sepfir2d(x, [0, 1, 0], [0, 1, 0]),
    ):
        np.testing.assert_array_equal(result, x)


def test_other_axes_are_a_batch_groups_or_channels() -> None:
    x = drawn((5, 6, 40), "float64", 6)
    y = drawn((5, 1, 9), "float64", 7)
    result = signal.fftconvolve(x, y, axes=2)
    for i, j in np.ndindex(5, 6):
        np.testing.assert_allclose(result[i, j], np.convolve(x[i, j], y[i, 0]), atol=1e-12)
    bank = drawn((7, 1, 9), "float64", 8)
    result = signal.oaconvolve(x[:1], bank, "valid", axes=-1)
    assert result.shape == (7, 6, 32)
    for i, j in np.ndindex(7, 6):
        expected = np.convolve(x[0, j], bank[i, 0], "valid")
        np.testing.assert_allclose(result[i, j], expected, atol=1e-12)


def test_kernels_wider_than_the_image_see_it_again_and_again() -> None:
    x, y = drawn((3, 4), "float64", 9), drawn((11, 9), "float64", 10)
    for boundary, mode in (("wrap", "wrap"), ("symm", "symmetric")):
        padded = np.pad(x, ((10, 10), (8, 8)), mode=mode)  # type: ignore[call-overload]
        whole = naive(padded, y)[10:-10, 8:-8]
        np.testing.assert_allclose(signal.convolve2d(x, y, boundary=boundary), whole, atol=1e-12)
        middle = whole[5:8, 4:8]
        got = signal.convolve2d(x, y, "same", boundary)
        np.testing.assert_allclose(got, middle, atol=1e-12)
    image, bell = drawn((3, 3), "float64", 11), drawn((9,), "float64", 12)
    padded = np.pad(image, 4, mode="symmetric")
    expected = naive(padded, np.multiply.outer(bell, bell))[8:-8, 8:-8]
    np.testing.assert_allclose(signal.sepfir2d(image, bell, bell), expected, atol=1e-11)


def test_halves_are_rounded_once() -> None:
    x, y = drawn((5000,), "float16", 13), drawn((40,), "float16", 14)
    wide = np.convolve(x.astype("float64"), y.astype("float64"))
    result = signal.convolve(x, y)
    assert result.dtype == np.float16
    assert (abs(result - wide) <= 1e-3 * abs(wide) + 1e-4).all()


def test_long_numbers_keep_their_precision() -> None:
    third = np.full((4, 5), np.longdouble(1) / 3)
    result = signal.convolve(third, third, method="direct")
    assert result.dtype == np.longdouble
    assert abs(result[3, 4] - np.longdouble(20) / 9) <= 40 * np.finfo(np.longdouble).eps
    signal_of_many = np.full(3000, np.longdouble(1) / 3)
    result = signal.fftconvolve(signal_of_many, signal_of_many)
    eps = np.finfo(np.longdouble).eps
    assert abs(result[2999] - np.longdouble(3000) / 9) <= 30_000 * eps
