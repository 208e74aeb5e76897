"""Problems of many tiles, blocks and odd tails, for the laws that size could break."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..core.problems import ConvolutionProblem, Epilogue, InvolutionProblem

LAWS_THAT_SIZE_COULD_BREAK = (
    *("within_bound", "written", "threads", "address", "views", "at_once", "choice"),
    *("non_finite", "workspace"),
)
_FEW = 60_000_000
_VERY_FEW = 10_000_000


def convolution(
    channels: tuple[int, int],
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    pad: int = 0,
    stride: int = 1,
    dilation: int = 1,
    **rest: Any,
) -> ConvolutionProblem:
    """Return a convolution with the same padding, stride and dilation along each axis."""
    axes = len(size)
    return ConvolutionProblem(
        batch=rest.pop("batch", 1),
        in_channels=channels[0],
        out_channels=channels[1],
        input_shape=size,
        kernel_shape=kernel,
        stride=(stride,) * axes,
        padding=((pad, pad),) * axes,
        dilation=(dilation,) * axes,
        **rest,
    )


def involution(channels: int, groups: int, size: tuple[int, int], k: int) -> InvolutionProblem:
    """Return an involution with a square kernel and as many outputs as inputs."""
    return InvolutionProblem(
        batch=1,
        channels=channels,
        groups=groups,
        input_shape=size,
        kernel_shape=(k, k),
        stride=(1, 1),
        padding=((k // 2, k // 2),) * 2,
        dilation=(1, 1),
    )


_WHOLE = Epilogue(bias=True, residual=True, activation="relu")
_FORWARD = {
    "many_of_everything": convolution((130, 67), (37, 41), (3, 3), 1),
    "sums_of_4608": convolution((512, 33), (9, 7), (3, 3), 1, batch=2),
    "three_groups": convolution((129, 66), (23, 29), (3, 3), 1, groups=3, epilogue=_WHOLE),
    "one_channel_9x9": convolution((1, 1), (259, 517), (9, 9), 4),
    "signal_of_20011": convolution((2, 3), (20011,), (31,), 15),
    "wide_stride_2": convolution((17, 40), (61, 131), (5, 5), 2, stride=2),
    "dilated_far": convolution((31, 33), (53, 47), (3, 3), 6, dilation=6),
    "pointwise_607": convolution((607, 131), (13, 17), (1, 1), epilogue=_WHOLE),
    "depthwise_batch": convolution((67, 67), (45, 51), (3, 3), 1, groups=67, batch=3),
    "depthwise_7x7_stride_2": convolution((35, 35), (63, 61), (7, 7), 3, stride=2, groups=35),
    "multiplier_2": convolution((19, 38), (57, 40), (5, 5), 2, groups=19),
    "volume": convolution((9, 14), (11, 23, 19), (3, 3, 3), 1),
    "signal_of_doubles": convolution((5, 13), (3001,), (9,), 4, dtype="float64"),
    "batch_of_small": convolution((40, 24), (7, 5), (3, 3), 1, batch=19),
}
LARGE: dict[str, Any] = {
    **_FORWARD,
    **{
        f"{name}_gradient": replace(problem, direction="input_gradient")
        for name, problem in _FORWARD.items()
        if problem.macs < _FEW
    },
    "transposed_4x4_stride_2": convolution(
        (33, 66), (58, 42), (4, 4), 1, stride=2, direction="input_gradient"
    ),
    "transposed_7x7_stride_3": convolution(
        (10, 21), (67, 71), (7, 7), 3, stride=3, direction="input_gradient"
    ),
    "involution_7x7": involution(64, 4, (45, 51), 7),
    "involution_3x3_wide": involution(12, 3, (29, 301), 3),
    "involution_own_kernels": involution(13, 13, (33, 35), 5),
}


def takes_seconds(law: str, problem: Any, last_resort: bool) -> bool:
    """Return whether a check is too slow: plain loops, and laws that need many references."""
    if law in ("within_bound", "choice"):
        return False
    return bool(problem.macs >= (_VERY_FEW if last_resort or law == "non_finite" else _FEW))
