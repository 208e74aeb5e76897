"""`filters.apply`: what a kernel is laid over, dtypes, passes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import numconv
from numconv import ArgumentError, ArgumentTypeError, filters

Array = NDArray[Any]


def picture(*shape: int, dtype: str = "float64") -> Array:
    values = np.random.default_rng(sum(shape)).random(shape)
    return (values * (255 if np.dtype(dtype).kind in "iu" else 1)).astype(dtype)


def naive(x: Array, kernel: Array) -> Array:
    """Filter the last axes of `x`, mirrored at its edges, in float64."""
    reach = [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel.shape]
    before = x.ndim - kernel.ndim
    padded = np.pad(x.astype(float), [(0, 0)] * before + reach, mode="symmetric")
    result = np.zeros(x.shape)
    for tap in np.ndindex(*kernel.shape):
        window = tuple(slice(t, t + n) for t, n in zip(tap, x.shape[before:], strict=True))
        result += kernel[tap] * padded[(..., *window)]
    return result


LAID = [
    pytest.param((17,), (5,), id="signal"),
    pytest.param((2, 3, 17), (4,), id="signals_of_a_batch"),
    pytest.param((13, 11), (3, 5), id="picture"),
    pytest.param((3, 13, 11), (4, 3), id="channels"),
    pytest.param((2, 3, 13, 11), (3, 3), id="batch"),
    pytest.param((2, 1, 3, 7, 5), (1, 3), id="five_axes"),
    pytest.param((13, 11), (5,), id="rows_of_a_picture"),
    pytest.param((5, 7, 6), (3, 2, 3), id="volume"),
    pytest.param((0, 13, 11), (3, 3), id="no_picture"),
]


@pytest.mark.parametrize(("shape", "kernel_shape"), LAID)
def test_kernel_lies_on_the_last_axes(
    shape: tuple[int, ...], kernel_shape: tuple[int, ...]
) -> None:
    x, kernel = picture(*shape), np.random.default_rng(1).standard_normal(kernel_shape)
    got = filters.apply(x, kernel)
    assert got.shape == shape
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, naive(x, kernel), atol=1e-13)


def test_names_mean_windows_for_signals_and_kernels_for_pictures() -> None:
    x = picture(13, 11)
    gaussian = filters.kernel("gaussian", dtype="float64")
    np.testing.assert_allclose(filters.apply(x, "gaussian"), naive(x, gaussian), atol=1e-14)
    window = filters.window("gaussian", dtype="float64")
    np.testing.assert_allclose(filters.apply(x[0], "gaussian"), naive(x[0], window), atol=1e-14)
    hann = filters.window("hann", dtype="float64")
    np.testing.assert_allclose(filters.apply(x, "hann"), naive(x, hann), atol=1e-14)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64"])
@pytest.mark.parametrize("name", ["gaussian", "sharpen-8", "sobel-x"])
def test_integers_come_back_rounded_and_clipped(name: str, dtype: str) -> None:
    x = picture(3, 13, 11, dtype=dtype) * (257 if dtype == "uint16" else 1)
    x = x.astype(dtype)
    limits = np.iinfo(dtype)
    expected = naive(x, filters.kernel(name, dtype="float64")).clip(limits.min, limits.max)
    got = filters.apply(x, name)
    assert got.dtype == dtype
    assert np.abs(got - expected).max() <= 0.5 + 1e-2
    slopes = filters.apply(x, name, dtype="float32")
    assert slopes.dtype == np.float32


def test_a_flat_picture_of_bytes_stays_what_it_is() -> None:
    for value in (0, 1, 254, 255):
        x = np.full((9, 8), value, np.uint8)
        assert (filters.apply(x, filters.kernel("gaussian", 5)) == value).all()


def test_whole_numbers_are_exact_where_float32_would_not_be() -> None:
    x = np.full((5, 5), 2**31 - 1, np.int64)
    assert (filters.apply(x, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]) == 3 * (2**31 - 1)).all()
    with pytest.raises(ArgumentError, match="holds exactly, or dtype='float64'"):
        filters.apply(np.full((5, 5), 2**52), np.ones((3, 3)))


@pytest.mark.parametrize("groups", [None, 2])
def test_a_weight_mixes_channels(groups: int | None) -> None:
    rng = np.random.default_rng(3)
    x, weight = rng.random((4, 9, 8)), rng.random((6, 2, 3, 3))
    got = filters.apply(x, weight, groups=groups, stride=2)
    options: dict[str, Any] = {"stride": 2, "padding": "same", "padding_mode": "symmetric"}
    expected = numconv.conv2d(x, weight, groups=2, backend="reference", **options)
    np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_three_axes_and_groups_are_a_weight_of_signals() -> None:
    rng = np.random.default_rng(4)
    x, weight = rng.random((2, 4, 19)), rng.random((4, 1, 5))
    got = filters.apply(x, weight, groups=4, padding="valid")
    np.testing.assert_allclose(
        got, numconv.conv1d(x, weight, groups=4, backend="reference"), rtol=1e-13
    )


def test_complex_weights_give_complex_results() -> None:
    x, wave = picture(13, 11, dtype="float32"), np.exp(1j * np.arange(9.0)).reshape(3, 3)
    got = filters.apply(x, wave, backend="reference")
    assert got.dtype == np.complex64
    np.testing.assert_allclose(got.real, naive(x, wave.real), atol=1e-5)
    np.testing.assert_allclose(got.imag, naive(x, wave.imag), atol=1e-5)


def test_float16_and_strange_memory_are_taken() -> None:
    x = picture(26, 13, dtype="float32")[::2].T
    np.testing.assert_allclose(
        filters.apply(x, "tent"), naive(x, filters.kernel("tent")), atol=1e-6
    )
    half = filters.apply(x.astype("float16"), "tent")
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, naive(x, filters.kernel("tent")), atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_out_is_written_and_returned(dtype: str) -> None:
    x = picture(13, 11, dtype=dtype)
    room = np.zeros((13, 22), dtype)[:, ::2]
    assert filters.apply(x, "box", out=room) is room
    np.testing.assert_array_equal(room, filters.apply(x, "box"))
    with pytest.raises(ArgumentError, match="out="):
        filters.apply(x, "box", out=np.zeros((13, 11)))


ONE_PASS = [
    pytest.param("gaussian", {}, "too small", id="few_taps"),
    pytest.param(np.eye(15), {}, "no outer product", id="diagonal"),
    pytest.param(np.ones((15, 15)), {"algorithm": "depthwise"}, "by name", id="algorithm"),
    pytest.param(np.ones((15, 15)), {"dtype": "float16"}, "float16", id="float16"),
    pytest.param(np.ones((1, 2, 15, 15)), {}, "mixes channels", id="weight"),
    pytest.param(np.ones(15), {}, "one axis", id="rows"),
    pytest.param(np.ones((4, 5)), {}, "would take", id="slower"),
]


@pytest.mark.parametrize(("kernel", "options", "reason"), ONE_PASS)
def test_one_pass_has_a_reason(kernel: Any, options: dict[str, Any], reason: str) -> None:
    kernel = filters.kernel("gaussian", 3) if isinstance(kernel, str) else kernel
    explained = filters.explain(np.zeros((2, 67, 61)), kernel, **options)
    assert reason in explained.passes
    assert len(explained.stages) == 1
    assert str(explained).startswith("one pass")
    assert explained.to_dict()["passes"] == explained.passes


TWO_PASSES = [
    pytest.param(filters.kernel("gaussian", 15, dtype="float64"), id="gaussian"),
    pytest.param(np.outer(np.arange(1, 20), np.arange(-9, 10)), id="whole_numbers"),
    pytest.param(filters.kernel("gabor-x", 21, dtype="float64"), id="gabor"),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kernel", TWO_PASSES)
def test_an_outer_product_takes_two_passes_within_the_bound(kernel: Array, dtype: str) -> None:
    x = np.random.default_rng(5).standard_normal((2, 67, 61)).astype(dtype)
    explained = filters.explain(x, kernel)
    assert explained.passes.startswith("2 passes")
    assert [stage.problem.kernel_shape for stage in explained.stages] == [
        (len(kernel), 1),
        (1, len(kernel)),
    ]
    used = kernel.astype(dtype).astype(float)
    bound = 2 * (kernel.size + 2) * np.finfo(dtype).eps * naive(np.abs(x), np.abs(used))
    assert (np.abs(filters.apply(x, kernel) - naive(x, used)) <= bound).all()


def test_each_channel_of_a_depthwise_weight_may_be_an_outer_product() -> None:
    rng = np.random.default_rng(6)
    x = rng.random((3, 67, 61))
    weight = np.stack([np.outer(rng.random(13), rng.random(17)) for _ in range(3)])[:, None]
    assert filters.explain(x, weight).passes.startswith("2 passes")
    expected = np.stack([naive(x[c], weight[c, 0]) for c in range(3)])
    np.testing.assert_allclose(filters.apply(x, weight), expected, rtol=1e-12)


def test_volumes_take_three_passes() -> None:
    bell = filters.window("gaussian", 7, dtype="float64")
    kernel = np.einsum("i,j,k", bell, bell, bell)
    x = picture(17, 19, 23)
    assert filters.explain(x, kernel).passes.startswith("3 passes")
    np.testing.assert_allclose(filters.apply(x, kernel), naive(x, kernel), rtol=1e-12)


def test_a_nan_reaches_what_sees_it_in_two_passes_too() -> None:
    x = picture(67, 61)
    x[31, 29] = np.nan
    seen = np.zeros((67, 61), bool)
    seen[24:39, 22:37] = True
    np.testing.assert_array_equal(np.isnan(filters.apply(x, np.ones((15, 15)))), seen)


REFUSED: list[Any] = [
    (np.ones((5, 5)), "gausian", {}, "kernel='gausian': expected one of gaussian"),
    (np.ones((5, 5)), [[1, 2], [3]], {}, "rows of the same length"),
    (np.ones((5, 5)), "box", {"backend": ["cpu"]}, "a name"),
    (np.ones((5, 5)), "box", {"padding_mode": ["zeros"]}, "one of 'zeros'"),
    (np.ones(5), "sobel-x", {}, "at least 2 axes, as the"),
    (np.ones((5, 5)), np.ones((3, 3, 3)), {}, "at least 3 axes, as the kernel has"),
    (np.ones((5, 5)), np.ones((0, 3)), {}, "with weights in it"),
    (np.ones((5, 5)), np.ones((3, 3)), {"groups": 1}, "applied to each channel alone"),
    (np.ones((3, 5, 5)), np.ones((2, 2, 3, 3)), {}, "for the 3 channels of x"),
    (np.ones((5, 5)), np.ones((1, 1, 3, 3)), {}, "2 of them spatial"),
    (np.ones((5, 5)), "box", {"nan": "drop"}, "'propagate' or 'ignore'"),
    (np.ones((5, 5)), "box", {"dtype": "int8"}, "None, or one of float16"),
    (np.ones((5, 5)), "sobel-x", {"nan": "ignore"}, "that don't sum to 0"),
    (np.ones((5, 5)), "box", {"padding_mode": "mirror"}, "one of 'zeros'"),
    (np.ones((5, 5)), "box", {"stride": 0}, "at least 1"),
    (np.ones((5, 5)), "box", {"algorithm": "magic"}, "'auto' or one of"),
]


@pytest.mark.parametrize(
    ("x", "kernel", "options", "expected"),
    REFUSED,
    ids=[case[3][:24] for case in REFUSED],
)
def test_what_does_not_fit_is_refused(
    x: Any, kernel: Any, options: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ArgumentError, match=expected):
        filters.apply(x, kernel, **options)


@pytest.mark.parametrize("x", [np.ones((5, 5), bool), [[1.0, 2.0]], np.ma.masked_array(np.ones(5))])
def test_what_is_no_array_of_numbers_is_refused(x: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="x="):
        filters.apply(x, "box")


@pytest.mark.parametrize("word", [[], "no", 1], ids=repr)
def test_only_bools_say_whether_to_tune(word: Any) -> None:
    with pytest.raises(numconv.ArgumentTypeError, match=r"tune=.*True or False"):
        filters.apply(np.ones((9, 9)), "box", tune=word)
