"""Shuffled convolution is grouped convolution and a channel shuffle, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv

CASES = {
    "signal": (1, (2, 6, 41), (12, 2, 5), {"groups": 3, "padding": 2}),
    "image": (2, (2, 6, 13, 11), (12, 2, 3, 3), {"groups": 3, "padding": 1, "stride": 2}),
    "pointwise": (2, (1, 24, 9, 7), (16, 6, 1, 1), {"groups": 4}),
    "depthwise": (2, (1, 6, 9, 17), (6, 1, 3, 3), {"groups": 6, "padding": "same"}),
    "many": (2, (1, 64, 17, 19), (96, 16, 3, 3), {"groups": 4, "padding": 1, "dilation": 2}),
    "volume": (3, (1, 4, 5, 6, 7), (6, 2, 2, 2, 2), {"groups": 2}),
}


@pytest.mark.parametrize(("axes", "x_shape", "w_shape", "parameters"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_equals_grouped_then_shuffled(
    axes: int, x_shape: Any, w_shape: Any, parameters: Any, dtype: str
) -> None:
    rng = np.random.default_rng(13)
    x, weight, bias = (
        (9 * rng.standard_normal(shape)).astype(dtype) for shape in (x_shape, w_shape, w_shape[:1])
    )
    grouped = getattr(numconv, f"conv{axes}d")(x, weight, bias, **parameters, activation="relu")
    expected = numconv.channel_shuffle(grouped, parameters["groups"])
    shuffled = getattr(numconv, f"shuffled_conv{axes}d")
    got = shuffled(x, weight, bias, **parameters, activation="relu")
    assert got.tobytes() == expected.tobytes()


def test_the_residual_is_added_after_the_shuffle() -> None:
    x, residual = np.zeros((1, 2, 1, 1)), np.arange(4.0).reshape(1, 4, 1, 1)
    got = numconv.shuffled_conv2d(x, np.ones((4, 1, 1, 1)), groups=2, residual=residual)
    assert got.ravel().tolist() == [0, 1, 2, 3]


def test_channel_shuffle_twice_with_both_factors_is_the_identity() -> None:
    x = np.random.default_rng(14).standard_normal((2, 12, 5, 3))
    once = numconv.channel_shuffle(x, 3)
    assert not np.array_equal(once, x)
    assert np.array_equal(numconv.channel_shuffle(once, 4), x)
