"""Operators made of others name their own arguments, and take what the others take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core.errors import ArgumentError

X = np.arange(324, dtype=np.float32).reshape(1, 4, 9, 9) / 100
FILTERS, MIX = np.ones((4, 1, 3, 3), np.float32), np.ones((5, 4), np.float32)
LATERAL, VECTORS = np.ones((2, 4), np.float32), np.ones((2, 3), np.float32)
REDUCE, SPAN = np.ones((2, 4), np.float32), np.ones((9, 2), np.float32)
WEIGHT, LINE = np.ones((2, 4, 3, 3), np.float32), np.ones(3, np.float32)


def call(name: str, *given: Any, **more: Any) -> Callable[..., Any]:
    def made(**others: Any) -> Any:
        return getattr(numconv, name)(*given, **{**more, **others})

    return made


def wide(array: Any) -> Any:
    return array.astype(np.float64)


BAD: dict[str, tuple[Callable[..., Any], str, str]] = {
    "column": (call("separable_conv2d", X, wide(LINE), LINE), "column", "float32, as x has"),
    "row": (call("separable_conv2d", X, LINE, wide(LINE)), "row", "float32, as x has"),
    "depth": (
        call("separable_conv3d", np.ones((4, 5, 5, 5), np.float32), wide(LINE), LINE, LINE),
        "depth",
        "float32, as x has",
    ),
    "lateral": (
        call("flattened_conv2d", X, wide(LATERAL), VECTORS, VECTORS),
        "lateral",
        "float32, as x has",
    ),
    "vertical": (
        call("flattened_conv2d", X, LATERAL, wide(VECTORS), VECTORS),
        "vertical",
        "float32, as x has",
    ),
    "horizontal": (
        call("flattened_conv2d", X, LATERAL, VECTORS, np.ones((3, 3), np.float32)),
        "horizontal",
        "(2, 3)",
    ),
    "depthwise_weight": (
        call("depthwise_separable_conv2d", X, FILTERS[:3], MIX),
        "depthwise_weight",
        "C_out=3",
    ),
    "depthwise_dtype": (
        call("depthwise_separable_conv2d", X, wide(FILTERS), MIX),
        "depthwise_weight",
        "float32",
    ),
    "depthwise_bias": (
        call("depthwise_separable_conv2d", X, FILTERS, MIX, depthwise_bias=LINE),
        "depthwise_bias",
        "(4,)",
    ),
    "depthwise_activation": (
        call("depthwise_separable_conv2d", X, FILTERS, MIX, depthwise_activation="rely"),
        "depthwise_activation",
        "relu",
    ),
    "pointwise_weight": (
        call("depthwise_separable_conv2d", X, FILTERS, MIX[:, :3]),
        "pointwise_weight",
        "4 channels",
    ),
    "reduce_weight": (
        call("involution_block2d", X, wide(REDUCE), SPAN, kernel_size=3),
        "reduce_weight",
        "float32",
    ),
    "span_weight": (
        call("involution_block2d", X, REDUCE, wide(SPAN), kernel_size=3),
        "span_weight",
        "float32",
    ),
    "span_bias": (
        call("involution_block2d", X, REDUCE, SPAN, kernel_size=3, span_bias=LINE),
        "span_bias",
        "(9,)",
    ),
    "scale": (call("resize_conv2d", X, WEIGHT, scale=10**9), "scale", "at most"),
}


@pytest.mark.parametrize("case", BAD)
def test_the_argument_is_the_operators_own(case: str) -> None:
    function, argument, expected = BAD[case]
    with pytest.raises(ArgumentError) as caught:
        function()
    if case == "depthwise_weight":  # whose rows do not fit the groups: there is no such argument
        assert caught.value.argument in (argument, "groups")
        return
    assert caught.value.argument == argument
    assert expected in caught.value.expected


def test_a_shape_is_shown_as_it_was_given() -> None:
    with pytest.raises(ArgumentError, match=r"^pointwise_weight=\(5, 3\): "):
        numconv.depthwise_separable_conv2d(X, FILTERS, MIX[:, :3])


GOOD = {
    "separable": call("separable_conv2d", X, LINE, LINE),
    "flattened": call("flattened_conv2d", X, LATERAL, VECTORS, VECTORS),
    "depthwise": call("depthwise_separable_conv2d", X, FILTERS, MIX),
    "block": call("involution_block2d", X, REDUCE, SPAN, kernel_size=3),
    "normalized": call("normalized_conv2d", X, WEIGHT),
    "shuffled": call("shuffled_conv2d", X, np.ones((4, 2, 3, 3), np.float32), groups=2),
}


@pytest.mark.parametrize("name", GOOD)
def test_numbers_may_be_arrays_without_axes(name: str) -> None:
    expected = GOOD[name](stride=2)
    np.testing.assert_array_equal(GOOD[name](stride=np.array(2)), expected)


def swapped(*arrays: Any) -> Any:
    return [array.astype(array.dtype.newbyteorder()) for array in arrays]


def test_bytes_may_be_in_another_order() -> None:
    for name, arrays, more in (
        ("separable_conv2d", (X, LINE, LINE), {}),
        ("flattened_conv2d", (X, LATERAL, VECTORS, VECTORS), {}),
        ("depthwise_separable_conv2d", (X, FILTERS, MIX), {}),
        ("involution_block2d", (X, REDUCE, SPAN), {"kernel_size": 3}),
        ("resize_conv2d", (X, WEIGHT), {"scale": 2}),
        ("resize_conv2d", (X, WEIGHT), {"scale": 2, "interpolation": "linear"}),
        ("normalized_conv2d", (X, WEIGHT), {}),
    ):
        function = getattr(numconv, name)
        result = function(*swapped(*arrays), **more)
        assert result.dtype.isnative
        np.testing.assert_array_equal(result, function(*arrays, **more))
    shuffled = numconv.channel_shuffle(swapped(X)[0], 2)
    np.testing.assert_array_equal(shuffled, numconv.channel_shuffle(X, 2))
