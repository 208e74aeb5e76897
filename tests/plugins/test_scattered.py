"""`scattered` at the seams of its tiles, its ranges of results and its phases."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import numconv

pytest.importorskip("numba")

from numconv_cpu.algorithms.scattered import blocking
from numconv_cpu.algorithms.scattered.blocking import MOST_POSITIONS, ScatteredAxis

RANDOM = np.random.default_rng(30)

# Per case: shape of the given array, of the weight, and parameters.
CASES: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "fewer_lanes_than_a_vector": ((1, 3, 3, 3), (3, 1, 2, 2), {"stride": 2}),
    "channels_that_begin_inside_of_vectors": (
        (2, 6, 5, 7),
        (6, 35, 3, 3),
        {"stride": 2, "padding": 1, "output_padding": 1},
    ),
    "fewer_positions_than_half_a_tile": ((1, 5, 1, 3), (5, 40, 4, 4), {"stride": 2, "padding": 1}),
    "several_blocks_of_channels": ((2, 331, 4, 4), (331, 5, 4, 4), {"stride": 2, "padding": 1}),
    "tiles_copied_together": ((1, 170, 3, 3), (170, 150, 4, 4), {"stride": 2, "padding": 1}),
    "ranges_that_share_samples": ((1, 9, 40, 33), (9, 5, 5, 4), {"stride": 2, "padding": 1}),
    "ranges_that_share_none": ((2, 20, 37, 18), (20, 7, 2, 2), {"stride": 2}),
    "ranges_of_a_signal": ((1, 9, 3001), (9, 3, 5), {"stride": 2, "padding": 3}),
    "ranges_of_layers": ((1, 9, 9, 10, 11), (9, 4, 3, 2, 2), {"stride": (2, 1, 2)}),
    "stride_beyond_kernel": ((1, 8, 3, 4), (8, 2, 2, 2), {"stride": 5, "output_padding": 4}),
    "stride_1_dilated": ((1, 9, 9, 8), (9, 5, 3, 2), {"dilation": 2, "padding": 1}),
    "grouped": ((2, 24, 7, 9), (24, 5, 4, 4), {"stride": 2, "padding": 1, "groups": 2}),
}


def _solve(name: str, dtype: str, backend: str, **more: Any) -> Any:
    given_shape, weight_shape, parameters = CASES[name]
    random = np.random.default_rng(31)
    given = (random.standard_normal(given_shape) * 8).astype(dtype)
    weight = (random.standard_normal(weight_shape) * 8).astype(dtype)
    function = getattr(numconv, f"conv_transpose{given.ndim - 2}d")
    return function(given, weight, **parameters, backend=backend, **more)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_equals_the_reference(name: str, dtype: str) -> None:
    ref = _solve(name, dtype, "reference")
    got = _solve(name, dtype, "cpu", algorithm="scattered")
    exact = np.finfo(dtype).eps if dtype != "int64" else 0
    np.testing.assert_allclose(got, ref, rtol=0, atol=64 * exact * np.abs(ref).max())


@pytest.mark.parametrize("name", ["tiles_copied_together", "ranges_that_share_samples"])
def test_same_bits_for_other_cuts(name: str) -> None:
    results = []
    for threads in (1, 2, 4):
        numconv.set_num_threads(threads)
        results.append(_solve(name, "float32", "cpu", algorithm="scattered"))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("name", ["tiles_copied_together", "grouped"])
def test_a_packed_weight_gives_the_same_bits(name: str) -> None:
    given_shape, weight_shape, parameters = CASES[name]
    given = RANDOM.standard_normal(given_shape, np.float32)
    weight = RANDOM.standard_normal(weight_shape, np.float32)
    parameters = {**parameters, "algorithm": "scattered"}
    plan = numconv.plan("conv_transpose2d", given_shape, weight, **parameters)
    got = numconv.conv_transpose2d(given, weight, **parameters)
    np.testing.assert_array_equal(plan(given), got)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_epilogue(activation: str) -> None:
    given, weight = RANDOM.standard_normal((2, 9, 5, 6)), RANDOM.standard_normal((9, 5, 3, 3))
    options = {"bias": RANDOM.standard_normal(5), "activation": activation, "stride": 2}
    ref = numconv.conv_transpose2d(given, weight, **options, backend="reference")
    got = numconv.conv_transpose2d(given, weight, **options, backend="cpu", algorithm="scattered")
    np.testing.assert_allclose(got, ref, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 5, 100])
def test_ranges_share_no_more_samples_than_they_must(count: int) -> None:
    axis = ScatteredAxis(given=23, result=46, taps=4, stride=2, dilation=1, lo=1)
    count = min(count, axis.cells[1])
    pieces = [axis.piece(index, count) for index in range(count)]
    assert all(first < end for first, end in pieces)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == axis.result
    assert all(before[1] == after[0] for before, after in pairwise(pieces))
    read = sum(end - first for first, end in (axis.reach(*piece) for piece in pieces))
    assert read <= axis.given + len(pieces) - 1
    assert axis.samples(count)[1] == read


def test_of_many_ranges_it_is_estimated_how_many_samples_they_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    axis = ScatteredAxis(given=2300, result=4600, taps=4, stride=2, dilation=1, lo=1)
    (most, read), widest = axis.samples(100), axis.widest(100)
    monkeypatch.setattr(blocking, "MOST_PIECES", 10)
    estimated = axis.samples(100)
    assert most <= estimated[0] <= most + 2
    assert read <= estimated[1] <= 1.1 * read
    assert widest <= axis.widest(100) <= widest + 2 * axis.stride


def _chosen(x: tuple[int, ...], weight: tuple[int, ...], **parameters: Any) -> str:
    explained = numconv.explain("conv_transpose2d", x, weight, **parameters, backend="cpu")
    name: str = explained.stages[0].algorithm
    return name


def test_is_chosen_where_it_is_faster() -> None:
    assert _chosen((1, 512, 8, 8), (512, 256, 2, 2), stride=2) == "scattered"
    # One given channel a group, one tap a result in each dimension, or ranges of a single row.
    assert _chosen((1, 6, 8, 8), (6, 4, 4, 4), stride=2, groups=6) != "scattered"
    assert _chosen((1, 64, 8, 8), (64, 64, 5, 5), padding=2) != "scattered"
    wide = (1, 64, 20, MOST_POSITIONS)
    assert _chosen(wide, (64, 64, 4, 4), stride=2, padding=1) != "scattered"
