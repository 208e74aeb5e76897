"""Problems for the laws that no operator has as cases; see `optional.Varied`."""

from __future__ import annotations

from typing import Any

from numconv.plugin import ConvolutionProblem, Epilogue

from ..fft import cases


def convolution(
    size: tuple[int, ...], kernel: tuple[int, ...], c_in: int = 1, c_out: int = 1, **options: Any
) -> ConvolutionProblem:
    full = tuple((k - 1, k - 1) for k in kernel)
    return cases.convolution(size, kernel, c_in, c_out, **{"padding": full, **options})


def same(kernel: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((k // 2, (k - 1) // 2) for k in kernel)


PROBLEMS = {
    "signal": convolution((97,), (89,)),
    "signal_valid": convolution((211,), (101,), padding=((0, 0),)),
    "signal_same": convolution((150,), (64,), 2, 3, batch=2, padding=same((64,))),
    "signal_far": convolution((67,), (71,), padding=((191, 90),)),
    "signal_replicate": convolution((90,), (70,), padding=((80, 33),), padding_mode="replicate"),
    "picture": convolution((19, 23), (17, 21)),
    "picture_kernel_larger": convolution((7, 9), (13, 11)),
    "picture_channels": convolution((13, 14), (10, 7), 4, 6, batch=2, groups=2),
    "depthwise": convolution((17, 12), (9, 11), 3, 3, groups=3, padding=same((9, 11))),
    "cropped": convolution((20, 17), (8, 9), padding=((1, -1), (0, -2))),
    "reflect": convolution((16, 15), (9, 8), 2, 2, padding=same((9, 8)), padding_mode="reflect"),
    "circular": convolution((12, 14), (8, 9), padding=((5, 3), (7, 4)), padding_mode="circular"),
    "one_column": convolution((90, 1), (67, 1)),
    "volume": convolution((7, 9, 11), (5, 6, 7)),
    "volume_channels": convolution((8, 5, 6), (4, 5, 4), 2, 3, batch=2),
    "epilogue": convolution(
        (16, 11), (8, 8), 4, 4, groups=2, epilogue=Epilogue(True, True, "relu", 2)
    ),
    "gradient": convolution((9, 15), (9, 10), 3, 2, batch=2, direction="input_gradient"),
    "gradient_signal": convolution(
        (180,), (66,), 2, 3, padding=((70, 3),), direction="input_gradient"
    ),
    "complex": convolution(
        (11, 13), (9, 8), 2, 2, epilogue=Epilogue(True, True), dtype="complex64"
    ),
    "complex_signal": convolution((83,), (67,), dtype="complex64"),
    "half": convolution((16, 15), (8, 9), dtype="float16"),
    "double": convolution((5, 19, 8), (4, 9, 3), dtype="float64"),
}
