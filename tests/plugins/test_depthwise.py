"""`depthwise` at the seams of its blocks, its register tiles and its chains of taps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import numconv

pytest.importorskip("numba")

from numconv_cpu.algorithms.depthwise.tap_runs import Steps, row_distance, tap_runs
from numconv_cpu.kernel.axes import forward_axis

RANDOM = np.random.default_rng(20)

# Per case: shape of x, of the weight, and parameters.
CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "one_vector_wide": ((2, 5, 9, 7), (5, 1, 3, 3), {"padding": 1}),
    "one_row_more_than_a_tile": ((1, 3, 9, 33), (3, 1, 3, 3), {"padding": 1}),
    "chains_of_all_lengths": ((1, 2, 40, 21), (2, 1, 13, 2), {"padding": 3}),
    "stride_2_odd": ((1, 4, 31, 45), (4, 1, 5, 5), {"stride": 2, "padding": 2}),
    "stride_3": ((1, 2, 31, 70), (2, 1, 4, 4), {"stride": 3, "padding": 1}),
    "dilated_sets_of_rows": ((1, 3, 37, 19), (3, 1, 3, 3), {"dilation": 3, "padding": 3}),
    "dilated_too_far_to_share": ((1, 2, 14, 14), (2, 1, 3, 3), {"dilation": 6, "padding": 6}),
    "stride_2_dilation_3": ((1, 2, 35, 33), (2, 1, 3, 3), {"stride": 2, "dilation": 3}),
    "row_in_pieces": ((1, 3, 1000), (6, 1, 33), {"padding": 16}),
    "row_in_several_blocks": ((1, 1, 20011), (1, 1, 40), {"padding": 3}),
    "two_rows_in_pieces": ((1, 2, 2, 133), (2, 1, 2, 18), {}),
    "strips_of_a_picture": ((1, 1, 301, 517), (2, 1, 7, 7), {"padding": 3}),
    "reflected": ((1, 2, 40, 90), (2, 1, 5, 5), {"padding": 2, "padding_mode": "reflect"}),
    "circular_stride_2": (
        (1, 2, 20, 36),
        (2, 1, 3, 3),
        {"padding": 1, "stride": 2, "padding_mode": "circular"},
    ),
    "layers_in_blocks": ((1, 2, 9, 60, 70), (2, 1, 3, 3, 3), {"padding": 1}),
    "kernel_wider_than_padding_vectors": ((1, 1, 60, 8), (1, 1, 3, 43), {"padding": (1, 21)}),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_equals_the_reference(name: str, dtype: str) -> None:
    x_shape, weight_shape, parameters = CASES[name]
    x = (RANDOM.standard_normal(x_shape) * 8).astype(dtype)
    weight = (RANDOM.standard_normal(weight_shape) * 8).astype(dtype)
    function = getattr(numconv, f"conv{x.ndim - 2}d")
    parameters = {**parameters, "groups": x_shape[1]}
    ref = function(x, weight, **parameters, backend="reference")
    got = function(x, weight, **parameters, backend="cpu", algorithm="depthwise")
    exact = np.finfo(dtype).eps if dtype != "int64" else 0
    np.testing.assert_allclose(got, ref, rtol=0, atol=8 * exact * np.abs(ref).max())


@pytest.mark.parametrize("activation", [None, "relu", "gelu"])
@pytest.mark.parametrize("added", [False, True], ids=["alone", "with_residual"])
def test_epilogue_in_pieces_of_a_row(activation: str | None, added: bool) -> None:
    x, weight = RANDOM.standard_normal((2, 3, 150)), RANDOM.standard_normal((6, 1, 5))
    bias, residual = RANDOM.standard_normal(6), RANDOM.standard_normal((2, 6, 146))
    options: dict[str, Any] = {"groups": 3, "activation": activation}
    if added:
        options["residual"] = residual
    ref = numconv.conv1d(x, weight, bias, **options, backend="reference")
    got = numconv.conv1d(x, weight, bias, **options, backend="cpu", algorithm="depthwise")
    np.testing.assert_allclose(got, ref, rtol=1e-13, atol=1e-13)


# Per case: shape of the given array, of the weight, and parameters.
GRADIENTS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "stride_2": ((2, 3, 5, 7), (3, 1, 4, 4), {"stride": 2, "padding": 1}),
    "one_row_more_than_a_tile": ((1, 3, 9, 33), (3, 1, 3, 3), {"padding": 1}),
    "odd_rows_woven": ((1, 3, 9, 33), (3, 1, 3, 3), {"stride": 2, "padding": 1}),
    "several_results_of_each_sample": ((1, 4, 9, 21), (4, 3, 4, 4), {"stride": 2}),
    "phases_without_taps": ((1, 2, 6, 7), (2, 1, 2, 2), {"stride": 5, "output_padding": 3}),
    "stride_8": ((1, 2, 9, 9), (2, 1, 16, 16), {"stride": 8, "padding": 4}),
    "taps_in_several_chains": ((1, 2, 40, 19), (2, 1, 13, 5), {"stride": (1, 2)}),
    "dilated": ((2, 3, 20, 18), (3, 1, 3, 5), {"stride": 2, "dilation": (3, 2)}),
    "strips_of_a_picture": ((1, 1, 151, 260), (1, 1, 4, 4), {"stride": 2, "padding": 1}),
    "one_row": ((2, 3, 70), (3, 1, 5), {"stride": 2}),
    "layers": ((1, 2, 4, 5, 6), (2, 1, 2, 3, 2), {"stride": (2, 1, 2)}),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_input_gradient_equals_the_reference(name: str, dtype: str) -> None:
    given_shape, weight_shape, parameters = GRADIENTS[name]
    given = (RANDOM.standard_normal(given_shape) * 8).astype(dtype)
    weight = (RANDOM.standard_normal(weight_shape) * 8).astype(dtype)
    function = getattr(numconv, f"conv_transpose{given.ndim - 2}d")
    parameters = {**parameters, "groups": given_shape[1]}
    ref = function(given, weight, **parameters, backend="reference")
    got = function(given, weight, **parameters, backend="cpu", algorithm="depthwise")
    exact = np.finfo(dtype).eps if dtype != "int64" else 0
    np.testing.assert_allclose(got, ref, rtol=0, atol=8 * exact * np.abs(ref).max())


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_input_gradient_with_epilogue(activation: str) -> None:
    given, weight = RANDOM.standard_normal((2, 3, 9, 20)), RANDOM.standard_normal((3, 2, 4, 4))
    options = {"bias": RANDOM.standard_normal(6), "activation": activation}
    options |= {"stride": 2, "groups": 3}
    ref = numconv.conv_transpose2d(given, weight, **options, backend="reference")
    got = numconv.conv_transpose2d(given, weight, **options, backend="cpu", algorithm="depthwise")
    np.testing.assert_allclose(got, ref, rtol=1e-13, atol=1e-13)


def test_an_infinite_weight_reaches_only_what_it_has_a_sample_for() -> None:
    given, weight = RANDOM.standard_normal((1, 2, 5, 6)), RANDOM.standard_normal((2, 1, 4, 4))
    weight[1, 0, 0, 3] = np.inf
    options: dict[str, Any] = {"stride": 2, "groups": 2}
    ref = numconv.conv_transpose2d(given, weight, **options, backend="reference")
    got = numconv.conv_transpose2d(given, weight, **options, backend="cpu", algorithm="depthwise")
    np.testing.assert_allclose(got, ref, rtol=1e-13, atol=1e-13)


def test_same_bits_for_other_blocks() -> None:
    # The number of threads decides how high blocks are.
    x = RANDOM.standard_normal((1, 1, 203, 61), np.float32)
    weight = RANDOM.standard_normal((1, 1, 9, 4), np.float32)
    results = []
    for threads in (1, 2, 4):
        numconv.set_num_threads(threads)
        results.append(numconv.conv2d(x, weight, padding=4, algorithm="depthwise"))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize(
    ("stride", "dilation", "distance"), [(1, 1, 1), (2, 1, 1), (1, 3, 3), (2, 3, 3), (2, 4, 2)]
)
def test_rows_of_a_tile_share_samples(stride: int, dilation: int, distance: int) -> None:
    axis = forward_axis(50, 5, stride, dilation, 2, 9, "zeros")
    assert row_distance(axis) == distance


def test_every_tap_is_in_one_chain() -> None:
    unit = forward_axis(1, 1, 1, 1, 0, 1, "zeros")
    y, x = forward_axis(50, 7, 2, 1, 3, 25, "zeros"), forward_axis(50, 3, 1, 1, 1, 50, "zeros")
    taps = [axis.parts[0].taps for axis in (unit, y, x)]
    steps = Steps((0, 10_000, 0), (0, 100, 1))
    table = tap_runs(taps, (1, 7, 3), steps, 1, row_distance(y))
    weights = [
        weight + tap * apart for _, weight, apart, taps in table.tolist() for tap in range(taps)
    ]
    assert sorted(weights) == list(range(21))


@pytest.mark.parametrize(
    ("function", "x_shape", "weight_shape", "algorithm"),
    [
        ("conv2d", (1, 1, 256, 256), (64, 1, 3, 3), "depthwise"),
        ("conv3d", (1, 1, 64, 64, 64), (32, 1, 3, 3, 3), "depthwise"),
        ("conv1d", (1, 1, 16000), (64, 1, 9), "direct"),
    ],
)
def test_one_given_channel_goes_to_what_loads_least(
    function: str, x_shape: tuple[int, ...], weight_shape: tuple[int, ...], algorithm: str
) -> None:
    plan = numconv.plan(function, x_shape, weight_shape, backend="cpu", padding=1)
    assert plan.describe().startswith(f"cpu/{algorithm}:")
