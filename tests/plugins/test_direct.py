"""`direct` where rows are split by stride, and where workers pack strips of their own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import numconv

pytest.importorskip("numba")

from numconv.core.threads import get_num_threads, set_num_threads

RANDOM = np.random.default_rng(21)

# Per case: shape of x, of the weight, and parameters.
CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "stride_2_odd": ((2, 3, 21, 75), (9, 3, 3, 3), {"stride": 2, "padding": 1}),
    "stride_2_half_a_vector": ((1, 4, 9, 23), (10, 4, 3, 3), {"stride": 2, "padding": 1}),
    "stride_2_quarter_of_a_vector": ((1, 4, 9, 11), (10, 4, 5, 5), {"stride": 2, "padding": 2}),
    "stride_2_few_columns": ((1, 4, 9, 4), (10, 4, 3, 3), {"stride": 2, "padding": 1}),
    "stride_2_one_slot": ((1, 5, 20, 37), (12, 5, 1, 1), {"stride": 2}),
    "stride_2_reflected": (
        (1, 3, 14, 41),
        (8, 3, 5, 5),
        {"stride": 2, "padding": 3, "padding_mode": "reflect"},
    ),
    "stride_2_circular_once_around": (
        (1, 3, 6, 5),
        (8, 3, 5, 5),
        {"stride": 2, "padding": 5, "padding_mode": "circular"},
    ),
    "stride_2_dilation_3": ((1, 3, 35, 61), (8, 3, 3, 3), {"stride": 2, "dilation": 3}),
    "stride_3": ((1, 3, 20, 64), (17, 3, 3, 3), {"stride": 3}),
    "stride_3_uneven": ((1, 3, 25, 62), (17, 3, 5, 4), {"stride": 3, "padding": ((2, 1), (0, 3))}),
    "stride_3_two_slots": ((1, 3, 20, 64), (17, 3, 2, 2), {"stride": 3, "padding": 1}),
    "stride_3_narrow": ((1, 3, 20, 29), (17, 3, 3, 3), {"stride": 3, "padding": 1}),
    "stride_4": ((1, 3, 43, 131), (24, 3, 11, 11), {"stride": 4}),
    "stride_4_dilation_2": ((1, 3, 30, 90), (8, 3, 3, 3), {"stride": 4, "dilation": 2}),
    "stride_4_narrow": ((1, 3, 23, 23), (24, 3, 4, 4), {"stride": 4}),
    "stride_5": ((1, 3, 23, 78), (24, 3, 5, 5), {"stride": 5, "padding": 2}),
    "strips": ((1, 6, 57, 27), (32, 6, 3, 3), {"stride": 2, "padding": 1}),
    "strips_of_images": ((5, 3, 28, 30), (18, 3, 3, 3), {"stride": 2, "padding": 1}),
    "strips_of_layers": ((1, 4, 7, 15, 16), (17, 4, 3, 3, 3), {"stride": 2, "padding": 1}),
    "strips_hang_over": ((1, 4, 31, 29), (18, 4, 3, 3), {"padding": ((0, 2), (1, 1))}),
    "layers_in_strips": ((1, 16, 9, 15, 39), (24, 16, 3, 3, 3), {"stride": 2, "padding": 1}),
    "rows_of_a_vector": ((1, 3, 19, 32), (16, 3, 3, 3), {"stride": 2, "padding": 1}),
    "rows_of_a_vector_and_one": ((2, 3, 19, 17), (16, 3, 5, 5), {"padding": 2}),
    "rows_far_apart": ((1, 2, 9, 60), (8, 2, 3, 9), {"dilation": (1, 5)}),
    "groups_in_strips": ((1, 6, 44, 46), (64, 3, 3, 3), {"stride": 2, "groups": 2}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_equals_the_reference(name: str, dtype: str) -> None:
    x_shape, weight_shape, parameters = CASES[name]
    x = (RANDOM.standard_normal(x_shape) * 8).astype(dtype)
    weight = (RANDOM.standard_normal(weight_shape) * 8).astype(dtype)
    function = getattr(numconv, f"conv{x.ndim - 2}d")
    ref = function(x, weight, **parameters, backend="reference")
    got = function(x, weight, **parameters, backend="cpu", algorithm="direct")
    exact = np.finfo(dtype).eps if dtype != "int64" else 0
    np.testing.assert_allclose(got, ref, rtol=0, atol=16 * exact * np.abs(ref).max())


@pytest.mark.parametrize("width", [16, 17, 31, 33, 48, 61, 130])
@pytest.mark.parametrize("shuffled", [False, True])
def test_results_go_straight_to_their_places(width: int, shuffled: bool) -> None:
    x = RANDOM.standard_normal((2, 6, 7, width)).astype("float32")
    weight = RANDOM.standard_normal((32, 3, 3, 3)).astype("float32")
    bias = RANDOM.standard_normal(32).astype("float32")
    function = numconv.shuffled_conv2d if shuffled else numconv.conv2d
    call = {"groups": 2, "padding": 1, "activation": "relu"}
    ref = function(x, weight, bias, **call, backend="reference")
    around = np.full(ref.size + 64, np.nan, "float32")
    out = around[32:-32].reshape(ref.shape)
    function(x, weight, bias, **call, out=out, backend="cpu", algorithm="direct")
    np.testing.assert_allclose(out, ref, rtol=1e-4, atol=1e-4)
    assert np.isnan(around[:32]).all()
    assert np.isnan(around[-32:]).all()


@pytest.mark.parametrize("name", ["stride_2_odd", "strips", "strips_of_layers", "groups_in_strips"])
def test_same_bits_on_any_number_of_threads(name: str) -> None:
    x_shape, weight_shape, parameters = CASES[name]
    x = RANDOM.standard_normal(x_shape, np.float32)
    weight = RANDOM.standard_normal(weight_shape, np.float32)
    function = getattr(numconv, f"conv{x.ndim - 2}d")
    before, results = get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            results.append(function(x, weight, **parameters, algorithm="direct"))
    finally:
        set_num_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_strips_are_packed_by_the_tasks_that_read_them() -> None:
    x_shape, weight_shape, parameters = CASES["strips"]
    plan = numconv.plan("conv2d", x_shape, weight_shape, **parameters, algorithm="direct")
    assert "packed by the tasks" in plan.describe()


def test_infinities_of_complex_epilogues_are_added_without_a_word() -> None:
    x, weight = np.full((1, 2, 5, 5), 3e38 + 3e38j, "complex64"), np.ones((2, 2, 3, 3), "complex64")
    residual = np.full((1, 2, 3, 3), np.inf - 1j * np.inf, "complex64")
    bias = np.full(2, np.inf + 0j, "complex64")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = numconv.conv2d(x, weight, bias, residual=residual, backend="cpu")
    assert not np.isfinite(result).any()
