"""Sizes and padding, against what counting gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from numconv.core.geometry import (
    PADDING_MODES,
    output_size,
    padding_pairs,
    per_axis,
    source_index,
    tap_source,
)

NUMPY_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "circular": "wrap",
}


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3, 5])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
def test_output_size_counts_the_places_where_the_kernel_fits(
    kernel: int, stride: int, dilation: int
) -> None:
    for size in range(1, 20):
        for lo, hi in ((0, 0), (1, 1), (0, 3), (4, 2)):
            last = size + lo + hi - dilation * (kernel - 1)
            places = len(range(0, max(last, 0), stride))
            assert max(output_size(size, kernel, stride, lo, hi, dilation), 0) == places


@pytest.mark.parametrize("word", ["same", "same_upper", "same_lower"])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_same_gives_size_over_stride_rounded_up(word: str, stride: int) -> None:
    for size in range(1, 14):
        for kernel in range(1, 8):
            for dilation in (1, 2):
                ((lo, hi),) = padding_pairs(word, [size], [kernel], [stride], [dilation])
                if lo + hi:
                    assert output_size(size, kernel, stride, lo, hi, dilation) == -(-size // stride)
                assert (lo - hi if word == "same_lower" else hi - lo) in (0, 1)


def test_valid_pads_nothing_and_full_all_but_one_tap() -> None:
    assert padding_pairs("valid", (5, 5), (3, 4), (1, 1), (1, 2)) == ((0, 0), (0, 0))
    assert padding_pairs("full", (5, 5), (3, 4), (1, 1), (1, 2)) == ((2, 2), (6, 6))


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (2, ((2, 2), (2, 2))),
        ((1, 2), ((1, 1), (2, 2))),
        ((3,), ((3, 3), (3, 3))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ([[0, 1], 4], ((0, 1), (4, 4))),
        (np.array([1, 2]), ((1, 1), (2, 2))),
        (np.int64(1), ((1, 1), (1, 1))),
    ],
    ids=str,
)
def test_padding_takes_every_form(padding: Any, expected: Any) -> None:
    assert padding_pairs(padding, (9, 9), (3, 3), (1, 1), (1, 1)) == expected


def test_per_axis_repeats_one_number() -> None:
    assert per_axis("stride", 2, 3, 1) == (2, 2, 2)
    assert per_axis("stride", [4], 2, 1) == (4, 4)
    assert per_axis("stride", (1, np.int32(2)), 2, 1) == (1, 2)


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("size", [2, 3, 8])
def test_source_index_pads_as_numpy_does(mode: str, size: int) -> None:
    x = np.arange(1, size + 1)
    for lo in range(size):
        for hi in range(size):
            source = source_index(size, lo, hi, mode)
            padded = np.where(source < 0, 0, x[source])
            assert np.array_equal(padded, np.pad(x, (lo, hi), NUMPY_MODES[mode]))


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_source_index_crops_for_negative_padding(mode: str) -> None:
    assert source_index(6, 0, -2, mode).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_tap_source_reads_the_padded_input_at_each_tap(mode: str) -> None:
    size, kernel, stride, lo, dilation = 7, 3, 2, 3, 2
    outputs = output_size(size, kernel, stride, lo, lo, dilation)
    padded = source_index(size, lo, lo, mode)
    table = tap_source(size, outputs, kernel, stride, lo, dilation, mode)
    for o in range(outputs):
        for k in range(kernel):
            assert table[o, k] == padded[o * stride + k * dilation]
