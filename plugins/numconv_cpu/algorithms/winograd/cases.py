"""Problems for the laws that no operator has as cases; see `optional.Varied`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numconv.plugin import ConvolutionProblem, Epilogue


def convolution(
    c_in: int, c_out: int, *size: int, kernel: Any = 3, stride: Any = 1, **options: Any
) -> ConvolutionProblem:
    axes = len(size)
    kernel, stride = (
        (each,) * axes if isinstance(each, int) else each for each in (kernel, stride)
    )
    settings = {"batch": 1, "padding": tuple((k // 2, k // 2) for k in kernel)}
    return ConvolutionProblem(
        in_channels=c_in,
        out_channels=c_out,
        input_shape=size,
        kernel_shape=kernel,
        stride=stride,
        dilation=(1,) * axes,
        **{**settings, **options},
    )


def transposed(c_in: int, c_out: int, *size: int, **options: Any) -> ConvolutionProblem:
    """Return an input gradient with stride 2, whose result has the size given."""
    settings = {"stride": 2, "padding": ((1, 1),) * len(size), "direction": "input_gradient"}
    return convolution(c_out, c_in, *size, **{**settings, **options})


PROBLEMS = {
    "smaller_than_a_tile": convolution(16, 16, 1, 1),
    "odd_sides": convolution(17, 19, 9, 11),
    "batch": convolution(24, 33, 7, 5, batch=3),
    "uneven_padding": convolution(16, 16, 8, 6, padding=((0, 3), (2, 1))),
    "cropped": convolution(16, 18, 9, 9, padding=((1, -1), (0, -2))),
    "padded_far": convolution(16, 16, 5, 4, padding=((4, 5), (3, 6))),
    "reflect": convolution(16, 21, 7, 6, padding_mode="reflect"),
    "circular": convolution(16, 16, 6, 9, padding=((2, 2), (3, 1)), padding_mode="circular"),
    "groups": convolution(32, 48, 6, 7, batch=2, groups=2),
    "residual_relu": convolution(
        16, 20, 9, 6, epilogue=Epilogue(bias=True, residual=True, activation="relu")
    ),
    "relu": convolution(16, 20, 6, 5, epilogue=Epilogue(bias=True, activation="relu")),
    "shuffled_silu": convolution(
        32, 32, 5, 6, groups=2, epilogue=Epilogue(bias=True, activation="silu", shuffle=2)
    ),
    "gradient": convolution(18, 20, 9, 7, batch=2, direction="input_gradient"),
    "gradient_far": convolution(16, 17, 6, 5, padding=((4, 0), (3, 5)), direction="input_gradient"),
    "double": convolution(17, 16, 7, 7, dtype="float64"),
    "half": convolution(16, 16, 7, 6, dtype="float16"),
    "many_tiles": convolution(16, 16, 40, 43),
    "transposed": transposed(17, 20, 12, 10, kernel=4, batch=2),
    "transposed_one": transposed(16, 16, 2, 2, kernel=4),
    "transposed_odd": transposed(16, 21, 13, 9, kernel=4, padding=((0, 0), (0, 0))),
    "transposed_cropped": transposed(16, 33, 11, 12, kernel=4, padding=((2, -1), (3, 0))),
    "transposed_3": transposed(16, 17, 12, 9, kernel=3, padding=((1, 0), (1, 1))),
    "transposed_5_groups": transposed(32, 34, 10, 11, kernel=5, padding=((2, 1),) * 2, groups=2),
    "transposed_epilogue": transposed(
        16, 20, 9, 6, kernel=4, epilogue=Epilogue(bias=True, residual=True, activation="relu")
    ),
    "transposed_double": transposed(16, 18, 8, 9, kernel=4, dtype="float64"),
    "transposed_line": transposed(16, 18, 37, kernel=4),
    "transposed_one_axis": transposed(16, 16, 9, 10, kernel=(3, 4), stride=(1, 2)),
    "two_taps": convolution(17, 16, 9, 7, kernel=2, padding=((0, 1), (1, 0))),
    "four_taps": convolution(16, 19, 9, 8, kernel=4),
    "five_taps": convolution(18, 17, 9, 13, kernel=5, batch=2),
    "five_taps_gradient": convolution(16, 17, 8, 9, kernel=5, direction="input_gradient"),
    "five_by_two": convolution(16, 16, 9, 9, kernel=(5, 2)),
    "one_by_three": convolution(16, 20, 5, 13, kernel=(1, 3)),
    "three_by_one": convolution(20, 16, 13, 5, kernel=(3, 1), stride=(1, 2)),
    "strided": convolution(17, 18, 13, 12, stride=2, batch=2),
    "strided_reflect": convolution(16, 16, 9, 12, kernel=5, stride=2, padding_mode="reflect"),
    "strided_one_axis": convolution(16, 16, 8, 9, stride=(2, 1)),
    "line": convolution(17, 18, 41, kernel=3, batch=2),
    "line_strided": convolution(16, 16, 41, kernel=5, stride=2),
    "volume": convolution(16, 17, 3, 7, 6, batch=2, epilogue=Epilogue(bias=True)),
    "volume_strided_depth": convolution(16, 16, 5, 6, 7, stride=(2, 1, 1)),
    "volume_dilated_depth": replace(convolution(16, 16, 6, 6, 7), dilation=(2, 1, 1)),
    "volume_reflect": convolution(16, 16, 4, 6, 5, padding_mode="reflect"),
    "volume_gradient": convolution(16, 18, 4, 7, 6, direction="input_gradient"),
    "volume_transposed": transposed(16, 16, 4, 8, 6, kernel=(3, 4, 4), stride=(1, 2, 2)),
}
# Each kernel and size of tiles is compiled by itself, which takes seconds.
_SMALL_TILES_TOO = ("gradient", "groups", "transposed", "strided", "line", "volume", "two_taps")
OF_SMALL_TILES = {name: PROBLEMS[name] for name in _SMALL_TILES_TOO}
