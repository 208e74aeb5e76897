"""The smallest problem on which something still goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from numconv.core.problems import ConvolutionProblem, Epilogue, InvolutionProblem
from numconv.testing.shrinking import shrink

LARGE = ConvolutionProblem(
    batch=3,
    in_channels=12,
    out_channels=18,
    groups=6,
    input_shape=(31, 17, 9),
    kernel_shape=(5, 3, 2),
    stride=(2, 1, 3),
    padding=((2, 1), (0, 3), (1, 1)),
    dilation=(1, 2, 1),
    padding_mode="reflect",
    dtype="float64",
    epilogue=Epilogue(True, True, "relu", 2),
)
INVOLUTION = InvolutionProblem(
    batch=2,
    channels=12,
    groups=3,
    input_shape=(9, 8),
    kernel_shape=(3, 5),
    stride=(1, 2),
    padding=((1, 1), (2, 2)),
    dilation=(1, 1),
)


@pytest.mark.parametrize("problem", [LARGE, INVOLUTION], ids=["convolution", "involution"])
def test_what_always_fails_shrinks_to_a_single_product(problem: Any) -> None:
    smallest = shrink(problem, lambda smaller: True)
    assert smallest.macs == 1
    assert smallest.axes == 1
    assert smallest.batch == 1
    assert smallest.epilogue == Epilogue()
    assert (smallest.padding_mode, smallest.dtype) == ("zeros", "float32")


def test_what_matters_stays() -> None:
    smallest = shrink(LARGE, lambda p: p.groups > 1 and p.stride[-1] > 1 and p.epilogue.bias)
    assert (smallest.groups, smallest.in_channels, smallest.out_channels) == (2, 2, 2)
    assert smallest.stride == (2,)
    assert smallest.epilogue == Epilogue(bias=True)


def test_what_never_fails_again_is_kept() -> None:
    assert shrink(LARGE, lambda smaller: False) == LARGE


def test_it_stops_in_time() -> None:
    assert shrink(LARGE, lambda smaller: True, seconds=0.0) == LARGE


def test_one_side_of_the_padding_is_enough() -> None:
    smallest = shrink(replace(LARGE, padding_mode="zeros"), lambda p: p.padding[0][1] == 1)
    assert smallest.padding == ((0, 1),)
