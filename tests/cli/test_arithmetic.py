"""The arithmetic of layers against counting, and against the papers' own examples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from numconv import ArgumentError
from numconv.cli import arithmetic
from numconv.cli.arithmetic import ReceptiveField, Window

GEOMETRIES = [Window(*each) for each in product((1, 2, 3, 5), (1, 2, 3), (0, 2), (0, 1), (1, 2, 3))]


def _starts(size: int, window: Window) -> int:
    """Count where the kernel can stand in the padded input."""
    length = window.lo + size + window.hi
    return sum(1 for start in range(0, length, window.stride) if start + window.extent <= length)


@pytest.mark.parametrize("size", [7, 11, 16])
def test_output_is_the_number_of_places_for_the_kernel(size: int) -> None:
    for window in GEOMETRIES:
        if _starts(size, window):
            assert window.output(size) == _starts(size, window), window


def test_kernel_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"size=4: expected at least 5"):
        Window(kernel=3, dilation=3, lo=1, hi=1).output(4)


def test_window_refuses_a_stride_of_zero() -> None:
    with pytest.raises(ArgumentError, match="stride=0"):
        Window(kernel=3, stride=0)


@pytest.mark.parametrize("size", [3, 6, 7])
def test_transposed_output_convolves_back(size: int) -> None:
    for window in GEOMETRIES:
        if (size - 1) * window.stride + window.extent > window.lo + window.hi:
            made = window.transposed_output(size)
            assert window.output(made) == size, window


def test_transposed_output_cropped_away_is_refused() -> None:
    with pytest.raises(ArgumentError, match="padding"):
        Window(kernel=2, lo=2, hi=2).transposed_output(2)


def _seen(size: int, windows: list[Window], output: int) -> set[int]:
    """Trace one output of a stack back to the (padded, so unbounded) input samples it reads."""
    samples = {output}
    for window in reversed(windows):
        samples = {
            at * window.stride + tap * window.dilation - window.lo
            for at in samples
            for tap in range(window.kernel)
        }
    return samples


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param([Window(3)], id="one"),
        pytest.param([Window(3, 1, 1, 1, 2), Window(3, 1, 2, 2, 4)], id="dilated_twice"),
        pytest.param([Window(7, 2, 3, 3), Window(3, 2, 1, 1), Window(3, 1, 1, 1)], id="stem"),
        pytest.param([Window(4, 3, 0, 2), Window(2, 2, 1, 0, 3), Window(5, 1, 1, 1)], id="odd"),
    ],
)
def test_receptive_field_is_what_an_output_traces_back_to(windows: list[Window]) -> None:
    field = arithmetic.receptive_field(windows)
    first, second = _seen(100, windows, 0), _seen(100, windows, 1)
    assert field.size == max(first) - min(first) + 1
    assert field.jump == min(second) - min(first)
    assert field.start == (max(first) + min(first)) / 2


def test_no_layer_sees_one_sample() -> None:
    assert arithmetic.receptive_field([]) == ReceptiveField(1, 1, 0.0)


def test_parameters_are_the_size_of_the_weight_and_the_bias() -> None:
    assert arithmetic.parameters(6, 9, (3, 5), groups=3) == np.zeros((9, 2, 3, 5)).size
    assert arithmetic.parameters(6, 9, (3, 5), groups=3, bias=True) == 9 * 2 * 15 + 9


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 6), (6, 5)])
def test_groups_divide_both_channel_counts(inputs: int, outputs: int) -> None:
    with pytest.raises(ArgumentError, match="groups=3"):
        arithmetic.parameters(inputs, outputs, (3,), groups=3)


def _overlap(size: int, window: Window) -> list[int]:
    made = [0] * window.transposed_output(size)
    for at in range(size):
        for tap in range(window.kernel):
            reached = at * window.stride + tap * window.dilation - window.lo
            if 0 <= reached < len(made):
                made[reached] += 1
    return made


def test_overlap_is_a_count_of_the_products() -> None:
    for window in GEOMETRIES:
        if 4 * window.stride + window.extent > window.lo + window.hi:
            assert arithmetic.overlap(5, window).tolist() == _overlap(5, window), window


def test_overlap_of_output_padding_is_zero_where_nothing_reaches() -> None:
    assert arithmetic.overlap(2, Window(kernel=1, stride=3), output_padding=2).tolist() == [
        *(1, 0, 0, 1, 0, 0),
    ]


@pytest.mark.parametrize(("kernel", "stride"), list(product(range(1, 8), range(1, 5))))
def test_taps_overlap_evenly_exactly_where_the_stride_divides(kernel: int, stride: int) -> None:
    score = arithmetic.unevenness((kernel, kernel), (stride, stride))
    assert (score == 0) == (kernel % stride == 0)


def test_tap_counts_are_the_middle_of_the_overlap() -> None:
    window = Window(kernel=5, stride=3, dilation=2)
    inside = arithmetic.overlap(20, window)[30:33]
    assert arithmetic.tap_counts(5, 3, 2) == tuple(inside)


def test_dilation_can_leave_holes() -> None:
    assert arithmetic.tap_counts(kernel=4, stride=2, dilation=2) == (4, 0)
    assert arithmetic.unevenness((4,), (2,), (2,)) == 2


@pytest.mark.parametrize(("kernel", "stride", "even"), [(3, 2, 4), (4, 2, 4), (5, 3, 6), (1, 4, 4)])
def test_even_kernel(kernel: int, stride: int, even: int) -> None:
    assert arithmetic.even_kernel(kernel, stride) == even
