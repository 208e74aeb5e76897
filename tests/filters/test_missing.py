"""Normalised convolution: missing samples are left out, as the formula says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import numconv
from numconv import ArgumentError, ArgumentTypeError, filters
from numconv.core.geometry import source_index

Array = NDArray[Any]
FUNCTIONS = {
    1: numconv.normalized_conv1d,
    2: numconv.normalized_conv2d,
    3: numconv.normalized_conv3d,
}


def interpolated(x: Array, weight: Array, pairs: Any, stride: int, gap: int, mode: str) -> Array:
    """The formula, one output and one sample at a time; `x` and `weight` of one channel."""
    sources = [source_index(n, *pair, mode) for n, pair in zip(x.shape, pairs, strict=True)]
    sizes = [
        (len(source) - gap * (k - 1) - 1) // stride + 1
        for source, k in zip(sources, weight.shape, strict=True)
    ]
    result = np.zeros(sizes)
    for at in np.ndindex(*sizes):
        above = below = 0.0
        for tap in np.ndindex(*weight.shape):
            read = [s[o * stride + k * gap] for s, o, k in zip(sources, at, tap, strict=True)]
            sample = 0.0 if min(read) < 0 else x[tuple(read)]
            if not np.isnan(sample):
                above += weight[tap] * sample
                below += weight[tap]
        result[at] = above / below * weight.sum() if below else np.nan
    return result


def missing(shape: tuple[int, ...], share: float = 0.4) -> Array:
    rng = np.random.default_rng(len(shape))
    x = rng.standard_normal(shape)
    x[rng.random(shape) < share] = np.nan
    return x


@pytest.mark.parametrize("mode", ["zeros", "reflect", "symmetric", "replicate", "circular"])
@pytest.mark.parametrize(("stride", "gap"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_equals_the_formula(mode: str, stride: int, gap: int) -> None:
    x, weight = missing((13, 11)), np.random.default_rng(8).random((3, 4))
    got = numconv.normalized_conv2d(
        x[None], weight[None, None], None, stride, ((2, 1), (0, 3)), gap, padding_mode=mode
    )
    expected = interpolated(x, weight, ((2, 1), (0, 3)), stride, gap, mode)
    np.testing.assert_allclose(got[0], expected, rtol=1e-12)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_every_rank_and_one_missing_sample(axes: int) -> None:
    x = np.random.default_rng(9).standard_normal((5, 7, 6)[:axes])
    x[(2,) * axes] = np.nan
    weight = np.random.default_rng(10).random((3,) * axes)
    got = FUNCTIONS[axes](x[None], weight[None, None], padding=1)
    expected = interpolated(x, weight, ((1, 1),) * axes, 1, 1, "zeros")
    np.testing.assert_allclose(got[0], expected, rtol=1e-13)
    assert not np.isnan(got).any()


def test_groups_count_what_is_missing_in_their_own_channels() -> None:
    x = np.stack([missing((9, 8)), np.ones((9, 8)), np.full((9, 8), np.nan), missing((9, 8))])
    weight = np.random.default_rng(11).random((2, 2, 3, 3))
    got = numconv.normalized_conv2d(x, weight, groups=2)
    alone = [numconv.normalized_conv2d(x[2 * g : 2 * g + 2], weight[g : g + 1]) for g in (0, 1)]
    np.testing.assert_allclose(got, np.concatenate(alone), rtol=1e-12)
    both = x[0][:3, :3], x[1][:3, :3]
    seen = [~np.isnan(each) for each in both]
    above = sum(np.nansum(w * each) for w, each in zip(weight[0], both, strict=True))
    below = sum(w[there].sum() for w, there in zip(weight[0], seen, strict=True))
    assert got[0, 0, 0] == pytest.approx(above / below * weight[0].sum(), rel=1e-13)


def test_a_constant_stays_what_it_is_wherever_something_is_seen() -> None:
    x = np.where(np.isnan(missing((1, 40, 41), 0.8)), np.nan, 7.0)
    bell = filters.kernel("gaussian", 5, dtype="float64")[None, None]
    got = numconv.normalized_conv2d(x, bell, padding=2, padding_mode="symmetric")
    assert 0 < np.isnan(got).sum() < 40
    np.testing.assert_allclose(got[~np.isnan(got)], 7, rtol=1e-13)


def test_the_far_tail_of_a_gaussian_is_enough() -> None:
    """Only one sample is seen, by a weight of 1e-11 of the largest."""
    x = np.full((1, 1, 41), np.nan, np.float32)
    x[..., 0] = 3
    bell = np.exp(-0.5 * np.linspace(-7, 7, 41, dtype=np.float32) ** 2)
    got = numconv.normalized_conv1d(x, (bell / bell.sum())[None, None])
    np.testing.assert_allclose(got, [[[3]]], rtol=1e-5)


@pytest.mark.parametrize("fill_value", [np.nan, -1.0])
def test_all_missing_gives_the_fill_value(fill_value: float) -> None:
    x = np.full((2, 1, 5, 5), np.nan, np.float32)
    x[1, 0, 0, 0] = 4
    got = numconv.normalized_conv2d(x, np.ones((1, 1, 3, 3), np.float32), fill_value=fill_value)
    np.testing.assert_array_equal(got[0], np.full((1, 3, 3), fill_value, np.float32))
    assert got[1, 0, 0, 0] == pytest.approx(36)
    np.testing.assert_array_equal(got[1, 0, 1:], np.full((2, 3), fill_value, np.float32))


def test_infinities_are_samples() -> None:
    x = np.ones((1, 1, 9))
    x[0, 0, 2], x[0, 0, 3], x[0, 0, 7] = np.inf, np.nan, -np.inf
    got = numconv.normalized_conv1d(x, np.ones((1, 1, 3)))
    np.testing.assert_array_equal(got[0, 0], [np.inf, np.inf, np.inf, 3, 3, -np.inf, -np.inf])
    x[0, 0, 1] = -np.inf
    assert np.isnan(numconv.normalized_conv1d(x, np.ones((1, 1, 3)))[0, 0, 0])


def test_without_nan_it_is_the_convolution_and_with_it_bias_comes_last() -> None:
    rng = np.random.default_rng(12)
    x, weight, bias = rng.random((2, 3, 9, 8)), rng.random((4, 3, 3, 3)), rng.random(4)
    expected = numconv.conv2d(x, weight, bias, padding=1, backend="reference")
    np.testing.assert_allclose(
        numconv.normalized_conv2d(x, weight, bias, padding=1), expected, rtol=1e-14
    )
    x[0, 1, 3, 3] = np.nan
    without = numconv.normalized_conv2d(x, weight, padding=1)
    got = numconv.normalized_conv2d(x, weight, bias, padding=1)
    np.testing.assert_array_equal(got, without + bias[:, None, None])


def test_out_and_float16() -> None:
    x = missing((1, 9, 8)).astype("float16")
    weight = np.full((1, 1, 3, 3), 1 / 9, "float16")
    room = np.zeros((1, 7, 6), "float16")
    assert numconv.normalized_conv2d(x, weight, out=room) is room
    expected = interpolated(
        x[0].astype(float), weight[0, 0].astype(float), ((0, 0),) * 2, 1, 1, "zeros"
    )
    np.testing.assert_allclose(room[0], expected, rtol=2e-3)


def test_explained_as_two_convolutions() -> None:
    explained = numconv.explain("normalized_conv2d", (1, 9, 8), (1, 1, 3, 3), padding=1)
    assert explained.result_shape == (1, 9, 8)
    assert [stage.problem.input_shape for stage in explained.stages] == [(11, 10), (9, 8)]


@pytest.mark.parametrize("size", [3, 15])
@pytest.mark.parametrize("mode", ["zeros", "symmetric"])
def test_apply_ignores_nan_in_one_pass_and_in_two(size: int, mode: str) -> None:
    x, kernel = missing((67, 61)), filters.kernel("gaussian", size, dtype="float64")
    passes = filters.explain(x, kernel, nan="ignore").passes
    assert passes.startswith("one pass" if size == 3 else "2 passes")
    got = filters.apply(x, kernel, nan="ignore", padding_mode=mode, stride=7)
    # "same": 10 outputs of 67 rows and 9 of 61 columns, 7 apart.
    over = [(outputs - 1) * 7 + size - n for outputs, n in ((10, 67), (9, 61))]
    pairs = tuple((max(n, 0) // 2, max(n, 0) - max(n, 0) // 2) for n in over)
    np.testing.assert_allclose(got, interpolated(x, kernel, pairs, 7, 1, mode), rtol=1e-11)


def test_apply_ignores_nan_in_float16_and_in_weights_with_groups() -> None:
    x, weight = missing((4, 13, 11)), np.random.default_rng(13).random((6, 2, 3, 3))
    got = filters.apply(x, weight, groups=2, nan="ignore", stride=2)
    options: dict[str, Any] = {"padding": "same", "padding_mode": "symmetric", "groups": 2}
    expected = numconv.normalized_conv2d(x, weight, stride=2, **options)
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    half = filters.apply(x.astype("float16"), weight, groups=2, nan="ignore", stride=2)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, rtol=5e-2, atol=2e-2)


@pytest.mark.parametrize("name", ["laplacian-of-gaussian", "gabor", "edge"])
def test_weights_that_sum_to_zero_are_refused(name: str) -> None:
    weight = filters.kernel(name)[None, None]
    with pytest.raises(ArgumentError, match=r"weight='sums .* that don't sum to 0"):
        numconv.normalized_conv2d(np.ones((1, 20, 20), np.float32), weight)


@pytest.mark.parametrize("fill_value", ["none", 1j])
def test_fill_value_is_a_number(fill_value: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="fill_value="):
        filters.apply(np.ones((5, 5)), "box", nan="ignore", fill_value=fill_value)


def test_integers_are_refused_for_they_hold_no_nan() -> None:
    with pytest.raises(ArgumentTypeError, match="integers hold no NaN"):
        numconv.normalized_conv2d(np.ones((1, 5, 5), int), np.ones((1, 1, 3, 3), int))


@pytest.mark.parametrize("bias", [np.ones(2), np.ones(1, np.float32)], ids=["shape", "dtype"])
def test_bias_that_does_not_fit_is_refused(bias: Array) -> None:
    with pytest.raises(ArgumentError, match="bias="):
        numconv.normalized_conv2d(np.ones((1, 5, 5)), np.ones((1, 1, 3, 3)), bias)
