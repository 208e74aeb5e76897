"""What can be given, what comes back, and what is said of everything else."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numconv import ArgumentError, ArgumentTypeError, signal

ONES, IMAGE = np.ones(5), np.ones((4, 5))

ERRORS: dict[str, tuple[Any, type[Exception], str]] = {
    "other_rank": (lambda: signal.convolve(ONES, IMAGE), ArgumentError, "in2"),
    "mode": (lambda: signal.convolve(ONES, ONES, "most"), ArgumentError, "mode"),
    "mode_of_a_list": (lambda: signal.correlate(ONES, ONES, []), ArgumentTypeError, "mode"),
    "method": (lambda: signal.convolve(ONES, ONES, "full", "fast"), ArgumentError, "method"),
    "crossed_valid": (
        lambda: signal.convolve(IMAGE, IMAGE.T, "valid"),
        ArgumentError,
        "in1",
    ),
    "empty": (lambda: signal.convolve([], [1]), ArgumentError, "in1"),
    "empty_fft": (lambda: signal.convolve([], [1], method="fft"), IndexError, "in1"),
    "bools": (lambda: signal.convolve(IMAGE > 0, IMAGE > 0), ArgumentError, "bool"),
    "objects": (lambda: signal.convolve2d(IMAGE.astype(object), IMAGE), ArgumentError, "object"),
    "strings": (lambda: signal.convolve(["a"], ["b"]), ArgumentTypeError, "in1"),
    "boundary": (lambda: signal.convolve2d(IMAGE, IMAGE, "full", "far"), ArgumentError, "boundary"),
    "fillvalues": (
        lambda: signal.convolve2d(IMAGE, IMAGE, fillvalue=[1, 2]),
        ArgumentError,
        "fillvalue",
    ),
    "wide_fillvalue": (
        lambda: signal.correlate2d(
            IMAGE.astype("f4"), IMAGE.astype("f4"), fillvalue=np.array([3.0])
        ),
        ArgumentError,
        "fillvalue",
    ),
    "complex_fillvalue": (
        lambda: signal.convolve2d(IMAGE, IMAGE, fillvalue=1j),
        ArgumentError,
        "fillvalue",
    ),
    "no_image": (lambda: signal.correlate2d(ONES, IMAGE), ArgumentError, "in1"),
    "axes": (lambda: signal.fftconvolve(IMAGE, IMAGE, axes=2), ArgumentError, "axes"),
    "no_axes": (lambda: signal.fftconvolve(IMAGE, IMAGE, axes=[]), ArgumentError, "axes"),
    "same_axes": (lambda: signal.oaconvolve(IMAGE, IMAGE, axes=[0, -2]), ArgumentError, "axes"),
    "half_axes": (lambda: signal.fftconvolve(IMAGE, IMAGE, axes=0.5), ArgumentError, "axes"),
    "unlike_axes": (lambda: signal.fftconvolve(IMAGE, IMAGE.T, axes=0), ArgumentError, "in2"),
    "even_filter": (lambda: signal.sepfir2d(IMAGE, [1, 1], [1]), ArgumentError, "hrow"),
    "wide_filter": (
        lambda: signal.sepfir2d(np.ones((3, 3), "float32"), ONES, ONES),
        ArgumentTypeError,
        "hrow",
    ),
    "complex_filter": (lambda: signal.sepfir2d(IMAGE, [1j], [1]), ArgumentTypeError, "hrow"),
    "image_of_rank_1": (lambda: signal.sepfir2d(ONES, ONES, ONES), ArgumentError, "input"),
    "timedeltas": (
        lambda: signal.fftconvolve(np.ones(3, "m8[s]"), ONES),
        ArgumentTypeError,
        "in1",
    ),
    "lags_of_a_float": (
        lambda: signal.correlation_lags(3.0, 37, "same"),
        ArgumentTypeError,
        "in1_len",
    ),
    "lags_of_arrays": (
        lambda: signal.correlation_lags(ONES, 37),
        ArgumentTypeError,
        "in1_len",
    ),
    "lags": (lambda: signal.correlation_lags(3, 4, "most"), ArgumentError, "mode"),
    "choice_with_a_number": (
        lambda: signal.choose_conv_method(ONES, np.array(1.0)),
        IndexError,
        "in2",
    ),
    "choice": (lambda: signal.choose_conv_method(ONES, ONES, "most"), ArgumentError, "mode"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_name_the_argument(name: str) -> None:
    call, kind, named = ERRORS[name]
    with pytest.raises(kind, match=named) as caught:
        call()
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("function", [signal.convolve, signal.correlate, signal.fftconvolve])
def test_scalars_and_lists(function: Any) -> None:
    assert function(3, 4) == 12
    assert function(np.float32(3), 4).shape == ()
    np.testing.assert_allclose(function([1, 2], (3,)), [3, 6])


def test_a_correlation_of_scalars_conjugates() -> None:
    assert signal.correlate(3 + 1j, 4 + 2j) == (3 + 1j) * (4 - 2j)


def test_empty_arrays_as_scipy_has_them() -> None:
    assert signal.fftconvolve(np.ones((0, 3)), np.ones((2, 2))).shape == (0,)
    assert signal.convolve([], [1.0, 2], "same").shape == (0,)
    assert signal.convolve2d(np.ones((0, 3)), np.ones((2, 2))).shape == (1, 4)


def test_objects_are_convolved_as_they_are() -> None:
    halves = np.array([Fraction(1, 2), Fraction(1, 3)], object)
    result = signal.convolve(halves, halves)
    assert result.tolist() == [Fraction(1, 4), Fraction(1, 3), Fraction(1, 9)]


def test_operands_stay_as_they_are_and_results_are_ones_own() -> None:
    x, y = np.arange(40.0), np.arange(3.0)
    before = x.copy(), y.copy()
    result = signal.correlate(x, y)
    result[:] = 0
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])
    x.flags.writeable = False
    np.testing.assert_array_equal(signal.convolve(x, [1.0]), x)
    assert signal.convolve(x, [1.0]).flags.writeable


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("shape", [(9,), (9, 8)], ids=["signal", "image"])
def test_byte_order_does_not_matter(order: str, shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape), dtype=f"{order}f8").reshape(shape)
    result = signal.convolve(x, x)
    assert result.dtype.isnative
    native = x.astype("f8")
    np.testing.assert_array_equal(result, signal.convolve(native, native))


def test_choosing_by_time_gives_both() -> None:
    method, times = signal.choose_conv_method(np.ones(50), np.ones(5), measure=True)
    assert method in times
    assert sorted(times) == ["direct", "fft"]
    assert min(times.values()) > 0


def test_choice_follows_the_dispatcher() -> None:
    assert signal.choose_conv_method(np.ones(100_000), np.ones(3)) == "direct"
    assert signal.choose_conv_method(np.ones(100_000), np.ones(2000)) == "fft"


def test_choice_where_nothing_can_be_computed() -> None:
    assert signal.choose_conv_method(IMAGE, IMAGE.T, "valid") == "direct"
    assert signal.choose_conv_method(IMAGE, ONES) == "direct"
    with pytest.raises(ArgumentError, match="in1"):
        signal.choose_conv_method(IMAGE, IMAGE.T, "valid", measure=True)


@pytest.mark.parametrize("code", ["f4", "f8"])
@pytest.mark.parametrize("mode", ["full", "valid", "same"])
@pytest.mark.parametrize("sizes", [(101, 9), (9, 101), (5003, 5), (997, 13)], ids=str)
def test_signals_that_numpy_convolves(sizes: tuple[int, int], mode: str, code: str) -> None:
    rng = np.random.default_rng(5)
    x, y = (rng.integers(-9, 9, size).astype(code) for size in sizes)
    x[3] = np.nan
    whole = np.convolve(x, y)
    begin, length = {
        "full": (0, whole.size),
        "same": ((y.size - 1) // 2, x.size),
        "valid": (min(sizes) - 1, abs(x.size - y.size) + 1),
    }[mode]
    for method in ("direct", "auto", "fft"):
        result = signal.convolve(x, y, mode, method)
        assert result.dtype == code
        np.testing.assert_allclose(result, whole[begin : begin + length], rtol=1e-5, atol=1e-3)
    with pytest.raises(ArgumentError, match="method"):
        signal.convolve(x, y, mode, "fast")


@pytest.mark.parametrize("codes", ["ff", "DD", "dF"])
@pytest.mark.parametrize("shape", [(7, 13), (31, 37), (3, 5, 7)], ids=str)
def test_one_valid_result(shape: tuple[int, ...], codes: str) -> None:
    rng = np.random.default_rng(6)
    x, y = ((rng.standard_normal(shape) * (1 + 2j if c in "FD" else 1)).astype(c) for c in codes)
    expected = (x * np.flip(y)).sum(keepdims=True)
    for method in ("direct", "auto", "fft"):
        np.testing.assert_allclose(
            signal.convolve(x, y, "valid", method), expected, rtol=1e-4, atol=1e-4
        )
    x.flat[3] = np.inf
    assert not np.isfinite(signal.convolve(x, y, "valid")).any()


class Foreign:
    """An array of another library, of which all that is known is DLPack."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __array_namespace__(self) -> Any:
        return ForeignLibrary


class ForeignLibrary:
    @staticmethod
    def from_dlpack(array: Any) -> Foreign:
        return Foreign(np.from_dlpack(array))


def test_arrays_of_another_library_come_back_as_such() -> None:
    x, y = np.arange(7.0), np.array([1.0, 2])
    for first, second in ((Foreign(x), Foreign(y)), (Foreign(x), y), (x, Foreign(y))):
        result = signal.convolve(first, second)
        assert isinstance(result, Foreign)
        np.testing.assert_array_equal(np.from_dlpack(result), np.convolve(x, y))
    assert np.from_dlpack(signal.convolve(Foreign(np.array(3.0)), np.array(4.0))).shape == ()
    image = Foreign(np.ones((3, 3)))
    assert isinstance(signal.convolve2d(image, image), Foreign)
    assert isinstance(signal.sepfir2d(image, [1], [1]), Foreign)


def test_import_brings_nothing_heavy() -> None:
    code = "import sys, numconv.signal; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numba", "llvmlite", "scipy", "click", "PIL", "pluggy"} & set(done.stdout.split())
