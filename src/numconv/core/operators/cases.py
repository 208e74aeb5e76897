"""Named cases of the built-in operators: small, odd, and each for a reason its name gives."""

from __future__ import annotations

from typing import Any

from ..geometry import output_sizes, padding_pairs, per_axis
from ..protocol import Case, Operand
from ..types import Shape


def case(name: str, x: Shape, weight: Shape, dtype: str = "float32", **parameters: Any) -> Case:
    """Return a case of operands with these shapes."""
    return Case(name, (Operand(x, dtype), Operand(weight, dtype)), parameters)


def involution_case(
    name: str, x: Shape, groups: int, kernel: Shape, dtype: str = "float32", **parameters: Any
) -> Case:
    """Return a case whose kernels fit the output that `x` and the parameters give."""
    axes = len(kernel)
    stride = per_axis("stride", parameters.get("stride", 1), axes, 1)
    dilation = per_axis("dilation", parameters.get("dilation", 1), axes, 1)
    pairs = padding_pairs(parameters.get("padding", 0), x[-axes:], kernel, stride, dilation)
    outputs = output_sizes(x[-axes:], kernel, stride, pairs, dilation)
    batch = x[: len(x) - axes - 1]
    return case(name, x, (*batch, groups, *kernel, *outputs), dtype, **parameters)


DIRECT = (
    case("one_tap", (1, 1, 1, 1), (1, 1, 1, 1)),
    case("smaller_than_tile", (1, 2, 5, 3), (3, 2, 3, 3), padding=1),
    case("odd_everything", (2, 5, 13, 11), (7, 5, 3, 5), padding=(1, 2)),
    case("many_terms", (1, 67, 9, 8), (9, 67, 3, 3), padding=1),
    case("channels_beyond_a_tile", (2, 17, 9, 11), (35, 17, 3, 3), padding=1),
    case("channels_beyond_a_tile_stride_2", (1, 9, 9, 11), (35, 9, 3, 3), padding=1, stride=2),
    case("seven_by_seven_stride_2", (1, 3, 31, 29), (8, 3, 7, 7), stride=2, padding=3),
    case("stride_beyond_kernel", (2, 3, 17, 16), (4, 3, 2, 2), stride=(3, 5)),
    case("padding_beyond_kernel", (1, 2, 6, 5), (3, 2, 2, 3), padding=4),
    case("asymmetric_padding", (1, 3, 8, 9), (4, 3, 3, 3), padding=((0, 2), (3, 1))),
    case("same_stride_2", (1, 3, 12, 15), (4, 3, 3, 4), stride=2, padding="same"),
    case("same_lower", (1, 3, 9, 10), (4, 3, 4, 2), padding="same_lower"),
    case("full", (1, 2, 6, 7), (3, 2, 4, 3), padding="full"),
    case("reflect", (1, 3, 9, 8), (4, 3, 5, 3), padding=(2, 1), padding_mode="reflect"),
    case("symmetric", (2, 3, 7, 8), (4, 3, 5, 7), padding=3, padding_mode="symmetric"),
    case("replicate_far", (1, 3, 4, 5), (4, 3, 3, 3), padding=7, padding_mode="replicate"),
    case(
        "circular_stride_2",
        (1, 3, 9, 8),
        (4, 3, 3, 3),
        stride=2,
        padding=2,
        padding_mode="circular",
    ),
    case("kernel_of_many_taps", (1, 2, 15, 13), (3, 2, 9, 8), padding=4),
    case("unbatched", (3, 10, 9), (5, 3, 3, 3), padding=1),
    case("empty_batch", (0, 3, 6, 6), (4, 3, 3, 3)),
    case("signal", (2, 3, 101), (5, 3, 7), padding=3, stride=2),
    case("signal_long_kernel", (1, 1, 307), (2, 1, 129), padding="full"),
    case("volume", (1, 3, 5, 7, 6), (4, 3, 3, 2, 3), padding=1, stride=(1, 2, 1)),
    case("float64", (1, 5, 9, 8), (6, 5, 3, 3), "float64", padding=1),
    case("float16", (1, 5, 9, 8), (6, 5, 3, 3), "float16", padding=1),
    case("fast", (1, 5, 9, 8), (6, 5, 3, 3), padding=1, accuracy="fast"),
    case("complex64", (1, 3, 9, 8), (4, 3, 3, 3), "complex64", padding=1),
    case("complex128", (1, 3, 9, 8), (4, 3, 3, 3), "complex128", padding=1, stride=2),
    case("int8", (1, 3, 9, 8), (4, 3, 3, 3), "int8", padding=1),
    case("uint16", (1, 2, 7, 8), (3, 2, 3, 3), "uint16", padding=1),
    case("int64", (1, 2, 7, 8), (3, 2, 3, 3), "int64", padding=1),
)

DILATED = (
    case("dilated_3x3_odd", (2, 3, 15, 13), (4, 3, 3, 3), dilation=2, padding=2),
    case("dilated_apart", (1, 5, 17, 19), (3, 5, 3, 2), dilation=(3, 5), padding=(3, 2)),
    case("dilated_stride_2", (1, 3, 16, 15), (4, 3, 3, 3), dilation=3, stride=2, padding=3),
    case("dilated_signal", (1, 4, 67), (3, 4, 5), dilation=7, padding="same"),
    case("dilated_volume", (1, 2, 7, 8, 9), (3, 2, 3, 3, 3), dilation=2, padding=2),
    case(
        "dilated_reflect", (1, 3, 9, 9), (2, 3, 3, 3), dilation=3, padding=3, padding_mode="reflect"
    ),
)

GROUPED = (
    case("grouped_beyond_a_tile", (2, 36, 7, 7), (40, 18, 3, 3), groups=2, padding=1),
    case("two_groups", (2, 6, 9, 8), (8, 3, 3, 3), groups=2, padding=1),
    case("groups_of_one_output", (1, 6, 9, 8), (3, 2, 3, 3), groups=3, padding=1),
    case("many_small_groups", (1, 24, 7, 7), (24, 2, 3, 3), groups=12, padding=1),
    case("grouped_stride_2", (1, 10, 11, 13), (15, 2, 3, 3), groups=5, stride=2, padding=1),
    case("grouped_signal", (2, 6, 41), (9, 2, 5), groups=3, padding=2),
    case("grouped_volume", (1, 4, 5, 6, 5), (6, 2, 2, 3, 3), groups=2),
    case("grouped_complex", (1, 4, 7, 6), (6, 2, 3, 3), "complex64", groups=2),
)

DEPTHWISE = (
    case("depthwise_3x3", (2, 7, 15, 13), (7, 1, 3, 3), groups=7, padding=1),
    case("multiplier_3", (1, 5, 9, 11), (15, 1, 3, 3), groups=5, padding=1),
    case("depthwise_5x5_stride_2", (1, 6, 15, 14), (6, 1, 5, 5), groups=6, stride=2, padding=2),
    case("depthwise_dilated", (1, 4, 17, 16), (4, 1, 3, 3), groups=4, dilation=3, padding=3),
    case("one_channel_image", (1, 1, 61, 83), (1, 1, 7, 7), padding=3, padding_mode="symmetric"),
    case("depthwise_signal", (2, 5, 77), (5, 1, 9), groups=5, padding="same"),
    case("depthwise_volume", (1, 3, 6, 7, 9), (6, 1, 3, 3, 3), groups=3, padding=1),
    case("depthwise_float64", (1, 3, 9, 8), (3, 1, 3, 3), "float64", groups=3, padding=1),
)

POINTWISE = (
    case("pointwise_odd", (2, 7, 9, 5), (11, 7, 1, 1)),
    case("pointwise_many", (1, 260, 7, 7), (19, 260, 1, 1)),
    case("pointwise_stride_2", (1, 8, 9, 10), (6, 8, 1, 1), stride=2),
    case("pointwise_tiny", (3, 5, 1, 2), (4, 5, 1, 1)),
    case("pointwise_grouped", (1, 12, 6, 7), (8, 3, 1, 1), groups=4),
    case("pointwise_signal", (1, 6, 53), (5, 6, 1)),
    case("pointwise_volume", (1, 6, 3, 4, 5), (5, 6, 1, 1, 1)),
    case("pointwise_float64", (1, 9, 6, 7), (5, 9, 1, 1), "float64"),
)

SHUFFLED = (
    case("shuffled_3_groups", (2, 6, 9, 8), (12, 2, 3, 3), groups=3, padding=1),
    case("shuffled_pointwise", (1, 12, 7, 5), (8, 3, 1, 1), groups=4, activation="relu"),
    case("shuffled_depthwise", (1, 6, 7, 8), (6, 1, 3, 3), groups=6, padding=1),
    case("shuffled_signal", (1, 4, 31), (6, 2, 3), groups=2),
    case("shuffled_volume", (1, 4, 4, 5, 6), (6, 2, 2, 2, 2), groups=2),
)

CONVOLUTION_CASES = {
    "direct": DIRECT,
    "dilated": DILATED,
    "grouped": GROUPED,
    "depthwise": DEPTHWISE,
    "pointwise": POINTWISE,
    "shuffled": SHUFFLED,
}

TRANSPOSED_CASES = (
    case("transposed_4x4_stride_2", (2, 3, 7, 5), (3, 4, 4, 4), stride=2, padding=1),
    case("uneven_3x3_stride_2", (1, 5, 6, 7), (5, 3, 3, 3), stride=2, padding=1),
    case("output_padding", (1, 3, 5, 6), (3, 2, 3, 3), stride=3, padding=1, output_padding=(2, 1)),
    case("output_size", (1, 3, 5, 6), (3, 2, 3, 3), stride=2, padding=1, output_size=(10, 11)),
    case("kernel_below_stride", (1, 3, 4, 5), (3, 2, 2, 1), stride=3),
    case("transposed_one_column", (1, 3, 4, 1), (3, 9, 2, 1), stride=(1, 2)),
    case("transposed_dilated", (1, 3, 6, 7), (3, 4, 3, 3), stride=2, dilation=3, padding=2),
    case("output_padding_beyond_stride", (1, 2, 4, 5), (2, 3, 2, 2), dilation=3, output_padding=2),
    case("transposed_grouped", (2, 6, 5, 7), (6, 2, 3, 3), groups=3, stride=2),
    case("transposed_depthwise", (1, 4, 6, 5), (4, 1, 4, 4), groups=4, stride=2, padding=1),
    case("transposed_reflect", (1, 3, 6, 7), (3, 2, 3, 5), padding=(1, 2), padding_mode="reflect"),
    case("transposed_circular", (1, 3, 5, 6), (3, 2, 3, 3), padding=1, padding_mode="circular"),
    case(
        "transposed_symmetric",
        (1, 3, 6, 5),
        (3, 2, 4, 4),
        stride=2,
        padding=1,
        padding_mode="symmetric",
    ),
    case("transposed_same", (1, 3, 5, 7), (3, 2, 4, 3), stride=2, padding="same"),
    case("transposed_signal", (2, 4, 23), (4, 3, 8), stride=4, padding=2),
    case("transposed_volume", (1, 3, 3, 4, 5), (3, 2, 2, 3, 4), stride=2, padding=1),
    case("transposed_unbatched", (3, 6, 5), (3, 4, 3, 3), stride=2),
    case("transposed_many_terms", (1, 70, 5, 6), (70, 9, 3, 3), padding=1),
    case("transposed_many_channels", (1, 19, 7, 5), (19, 34, 3, 3), padding=1),
    case("transposed_float64", (1, 3, 5, 6), (3, 4, 4, 4), "float64", stride=2),
    case("transposed_complex64", (1, 3, 5, 6), (3, 4, 3, 3), "complex64", stride=2),
    case("transposed_int16", (1, 3, 5, 6), (3, 4, 3, 3), "int16", stride=2),
    case("transposed_float16", (1, 3, 5, 6), (3, 4, 3, 3), "float16", stride=2),
)

INVOLUTION_CASES = (
    involution_case("involution_3x3", (2, 6, 9, 11), 2, (3, 3), padding=1),
    involution_case("involution_7x7_groups_of_16", (1, 32, 15, 13), 2, (7, 7), padding=3),
    involution_case("involution_odd_stride_2", (1, 8, 13, 15), 4, (5, 5), stride=2, padding=2),
    involution_case("involution_dilated", (1, 4, 15, 14), 2, (3, 3), dilation=3, padding=3),
    involution_case("involution_own_kernels", (1, 5, 8, 7), 5, (3, 2), padding=1),
    involution_case("involution_narrow", (2, 3, 40, 2), 1, (3, 3), padding=1),
    involution_case(
        "involution_reflect", (1, 4, 9, 8), 1, (5, 3), padding=(2, 1), padding_mode="reflect"
    ),
    involution_case(
        "involution_circular_stride_2",
        (1, 4, 9, 8),
        2,
        (3, 3),
        stride=2,
        padding=1,
        padding_mode="circular",
    ),
    involution_case("involution_unbatched", (4, 9, 8), 2, (3, 3), padding=1),
    involution_case("involution_empty_batch", (0, 4, 9, 8), 2, (3, 3), padding=1),
    involution_case("involution_signal", (2, 6, 61), 3, (7,), padding=3, stride=2),
    involution_case(
        "involution_volume", (1, 4, 5, 6, 7), 2, (3, 2, 3), padding=1, stride=(1, 2, 1)
    ),
    involution_case("involution_float64", (1, 4, 9, 8), 2, (3, 3), "float64", padding=1),
    involution_case("involution_float16", (1, 4, 9, 8), 2, (3, 3), "float16", padding=1),
    involution_case("involution_complex64", (1, 4, 9, 8), 2, (3, 3), "complex64", padding=1),
    involution_case("involution_int8", (1, 4, 9, 8), 2, (3, 3), "int8", padding=1),
)
