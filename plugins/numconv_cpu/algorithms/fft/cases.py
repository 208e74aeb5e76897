"""Problems for the laws that no operator has as cases; see `optional.Varied`."""

from __future__ import annotations

from typing import Any

from numconv.plugin import ConvolutionProblem, Epilogue


def convolution(
    size: tuple[int, ...], kernel: tuple[int, ...], c_in: int = 1, c_out: int = 1, **options: Any
) -> ConvolutionProblem:
    padding = tuple((k // 2, (k - 1) // 2) for k in kernel)
    parameters = {"batch": 1, "padding": padding, **options}
    return ConvolutionProblem(
        in_channels=c_in,
        out_channels=c_out,
        input_shape=size,
        kernel_shape=kernel,
        stride=(1,) * len(size),
        dilation=(1,) * len(size),
        **parameters,
    )


PROBLEMS = {
    "picture": convolution((21, 18), (9, 8)),
    "blocks": convolution((53, 61), (11, 13)),
    "batch_channels": convolution((15, 19), (8, 9), 3, 4, batch=2),
    "groups": convolution((13, 14), (10, 7), 4, 6, batch=2, groups=2),
    "depthwise": convolution((17, 12), (9, 9), 3, 3, groups=3),
    "full": convolution((12, 9), (8, 8), padding=((7, 7), (7, 7))),
    "padded_far": convolution((7, 5), (8, 8), 2, padding=((12, 9), (8, 14))),
    "cropped": convolution((20, 17), (8, 9), padding=((1, -1), (0, -2))),
    "reflect": convolution((16, 15), (9, 8), 2, 2, padding_mode="reflect"),
    "circular": convolution((12, 14), (8, 9), padding=((5, 3), (7, 4)), padding_mode="circular"),
    "one_row": convolution((9, 90), (1, 70)),
    "one_column": convolution((90, 7), (67, 1)),
    "signal": convolution((143,), (64,)),
    "signal_channels": convolution((97,), (65,), 3, 2, batch=2),
    "signal_blocks": convolution((2100,), (71,)),
    "signal_replicate": convolution((90,), (70,), padding=((80, 33),), padding_mode="replicate"),
    "residual_relu": convolution(
        (16, 11), (8, 8), 2, 3, epilogue=Epilogue(bias=True, residual=True, activation="relu")
    ),
    "shuffled_silu": convolution(
        (10, 12), (8, 8), 4, 4, groups=2, epilogue=Epilogue(True, False, "silu", 2)
    ),
    "gradient": convolution((17, 15), (9, 10), 3, 2, batch=2, direction="input_gradient"),
    "gradient_groups": convolution(
        (14, 9), (8, 9), 4, 6, groups=2, padding=((9, 3), (0, 11)), direction="input_gradient"
    ),
    "gradient_signal": convolution((180,), (66,), 2, 3, direction="input_gradient"),
    "double": convolution((19, 23), (9, 9), 2, dtype="float64"),
    "half": convolution((16, 15), (8, 9), dtype="float16"),
}
