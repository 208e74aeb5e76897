"""Values worked out without a peer, and what must not change them."""

from __future__ import annotations

import subprocess
import sys
import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import numconv
from numconv import ndimage
from numconv.core import dispatch
from numconv.core.problems.filter import NEGLIGIBLE

Array = NDArray[Any]
RNG = np.random.default_rng(6)
IMAGE = RNG.standard_normal((67, 131)).astype("float32")
KERNEL = RNG.standard_normal((3, 5))


def test_a_weight_of_one_moves_the_picture() -> None:
    weights = np.zeros((3, 5))
    weights[0, 4] = 1
    expected = np.pad(IMAGE, 2, mode="wrap")[1:-3, 4:]
    assert np.array_equal(ndimage.correlate(IMAGE, weights, mode="wrap"), expected)


@pytest.mark.parametrize("function", ["correlate", "convolve"])
def test_convolution_is_the_correlation_turned_around(function: str) -> None:
    other = {"correlate": ndimage.convolve, "convolve": ndimage.correlate}[function]
    got = getattr(ndimage, function)(IMAGE, KERNEL)
    assert np.array_equal(got, other(IMAGE, KERNEL[::-1, ::-1]))


def test_negligible_weights_meet_no_infinity() -> None:
    x = np.full(5, np.inf)
    assert ndimage.correlate(x, [0, 1, NEGLIGIBLE]).tolist() == [np.inf] * 5
    assert np.isnan(ndimage.correlate1d(x, [0, 1, NEGLIGIBLE])).all()


def test_a_negative_zero_stays_one_along_a_line() -> None:
    x = np.full(3, -0.0)
    assert np.signbit(ndimage.correlate1d(x, [1.0, 1.0])).all()
    assert not np.signbit(ndimage.correlate(x, [1.0, 1.0])).any()


@pytest.mark.parametrize("size", [2, 3, 8, 13, 14, 31, 64])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_mean_holds_the_samples_of_its_window_only(size: int, value: float) -> None:
    x = np.ones((5, 211))
    x[2, 100] = value
    for axis, place in ((1, x), (0, x.T.copy())):
        got = ndimage.uniform_filter1d(place, size, axis=axis)
        spoilt = np.argwhere(got != 1)
        assert len(spoilt) == size
        assert set(spoilt[:, 1 - axis]) == {2}


@pytest.mark.parametrize("size", [3, 13, 14, 100, 255])
def test_a_mean_of_equal_samples_is_that_sample(size: int) -> None:
    x = np.full((7, 300), 0.1)
    assert np.abs(ndimage.uniform_filter(x, size) - 0.1).max() < 1e-15


def test_bytes_are_cut_off_and_count_modulo_256() -> None:
    x = np.array([1, 100, 200], np.uint8)
    assert ndimage.correlate1d(x, [1.5]).tolist() == [1, 150, 44]
    assert ndimage.correlate1d(x, [-1.5]).tolist() == [255, 106, 212]


def test_a_bool_is_one_byte_of_zero_or_one() -> None:
    got = ndimage.correlate(np.array([True, True, False]), [1, 1, 1])
    assert got.dtype == bool
    assert got.view(np.uint8).tolist() == [1, 1, 1]


VIEWS = {
    "every_other": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "fortran": np.asfortranarray,
    "other_byte_order": lambda x: x.astype(x.dtype.newbyteorder()),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_any_view_of_the_same_values_gives_the_same(view: Any) -> None:
    expected = ndimage.gaussian_filter(IMAGE, 1.5)
    got = ndimage.gaussian_filter(view(IMAGE), 1.5)
    assert got.dtype == np.float32
    assert np.array_equal(got, expected)


FUNCTIONS = {
    "correlate": lambda x, **more: ndimage.correlate(x, KERNEL, **more),
    "sobel": ndimage.sobel,
    "laplace": ndimage.laplace,
    "gaussian": lambda x, **more: ndimage.gaussian_filter(x, 1.5, **more),
    "gradient": lambda x, **more: ndimage.gaussian_gradient_magnitude(x, 1.5, **more),
    "uniform": lambda x, **more: ndimage.uniform_filter(x, (3, 17), **more),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_output_may_be_the_input_or_overlap_it(function: Any) -> None:
    expected = function(IMAGE)
    x = IMAGE.copy()
    assert function(x, output=x) is x
    assert np.array_equal(x, expected)
    around = np.zeros((68, 131), "float32")
    around[:-1] = IMAGE
    function(around[:-1], output=around[1:])
    assert np.array_equal(around[1:], expected)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_output_may_have_gaps_and_another_byte_order(function: Any) -> None:
    expected = function(IMAGE)
    around = np.full((67, 262), 7, ">f4")
    out = around[:, ::2]
    assert function(IMAGE, output=out) is out
    assert np.array_equal(out, expected)
    assert (around[:, 1::2] == 7).all()
    assert np.array_equal(function(IMAGE, output=np.float64).astype("f4").shape, expected.shape)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_same_bits_for_any_number_of_threads(function: Any) -> None:
    x = RNG.integers(0, 256, (211, 307), np.uint8)
    results = []
    for count in (1, 2, 3):
        numconv.set_num_threads(count)
        results.append(function(x))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_several_python_threads_may_call() -> None:
    expected = ndimage.correlate(IMAGE, KERNEL)
    results: list[Any] = [None] * 4

    def compute(index: int) -> None:
        for _ in range(20):
            results[index] = ndimage.correlate(IMAGE, KERNEL)

    callers = [threading.Thread(target=compute, args=(index,)) for index in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all(np.array_equal(result, expected) for result in results)


def test_bytes_are_filtered_without_a_copy_in_float64() -> None:
    x = RNG.integers(0, 256, (2000, 2000), np.uint8)
    ndimage.correlate(x, KERNEL)
    tracemalloc.start()
    ndimage.correlate(x, KERNEL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * x.nbytes


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 4)])
def test_nothing_gives_nothing(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, "float32")
    for got in (
        ndimage.correlate(x, np.ones((3,) * x.ndim)),
        ndimage.gaussian_filter(x, 1.0),
        ndimage.uniform_filter(x, 20),
        ndimage.sobel(x),
    ):
        assert got.shape == shape
        assert got.dtype == x.dtype


def test_an_array_of_no_axes_is_one_sample() -> None:
    assert ndimage.correlate(np.float64(3), np.float64(2)).tolist() == 6.0
    assert ndimage.gaussian_filter(np.float64(3), 1.0).shape == ()


@pytest.mark.parametrize("function", [ndimage.correlate, ndimage.convolve])
def test_one_sample_as_a_bool_is_an_array(function: Any) -> None:
    for x, more in ((np.True_, {}), (np.array(3), {"output": bool})):
        got = function(x, np.array(1), **more)
        assert type(got) is np.ndarray
        assert (got.dtype, got.shape, bool(got)) == (bool, (), True)


def test_the_slope_of_one_sample_is_the_sample_for_any_widths() -> None:
    assert ndimage.gaussian_gradient_magnitude(np.array(3.0), [1]).tolist() == 3.0


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "object"])
def test_nothing_may_be_of_any_dtype(dtype: str) -> None:
    got = ndimage.correlate(np.zeros((0, 3), dtype), np.ones((2, 2)))
    assert (got.dtype, got.shape) == (dtype, (0, 3))


def test_the_dispatcher_knows_a_call_that_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    solve = dispatch.solve

    def noted(build: Any, operands: Any, parameters: Any, *more: Any, **named: Any) -> Any:
        seen.append((operands[1].flags.carray, *map(id, parameters)))
        return solve(build, operands, parameters, *more, **named)

    monkeypatch.setattr(dispatch, "solve", noted)
    for function, weights in ((ndimage.convolve1d, KERNEL[0, :4]), (ndimage.convolve, KERNEL[:2])):
        function(IMAGE, weights)
        function(IMAGE, weights)
        assert seen[-1][0]
        assert seen[-1] == seen[-2]


def test_colours_are_not_mixed() -> None:
    picture = RNG.standard_normal((31, 37, 3))
    together = ndimage.gaussian_filter(picture, 1.2, axes=(0, 1))
    for channel in range(3):
        alone = ndimage.gaussian_filter(picture[..., channel], 1.2)
        assert np.array_equal(together[..., channel], alone)


def test_a_long_line_is_cut_where_nobody_sees_it() -> None:
    x, weights = RNG.standard_normal(100_003), RNG.standard_normal(31)
    got = ndimage.correlate1d(x, weights, mode="constant")
    expected = np.correlate(x, weights, "same")
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12)


def test_a_kernel_of_many_taps_is_cut_into_pieces() -> None:
    x, weights = np.zeros((70, 900)), RNG.standard_normal((61, 301))
    x[35, 450] = 1
    got = ndimage.convolve(x, weights, mode="constant")
    assert np.array_equal(got[5:66, 300:601], weights)


def test_importing_brings_nothing_heavy() -> None:
    code = "import sys, numconv.ndimage; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert not {"numba", "scipy", "click", "PIL"} & set(done.stdout.split())


def test_a_zero_below_zero_is_not_the_one_above() -> None:
    x = np.full(4, -0.0)
    for fill in (0.0, -0.0, 0.0, -0.0):
        got = ndimage.correlate1d(x, [1.0, 2.0, 3.0], mode="constant", cval=fill)
        below = bool(np.signbit(fill))
        assert np.signbit(got).tolist() == [below, True, True, below]
