"""Named cases of the filters: small, odd, and each for a reason its name gives."""

from __future__ import annotations

from typing import Any

from ..protocol import Case, Operand
from ..types import Shape


def case(name: str, x: Shape, kernel: Shape, dtype: str = "float64", **parameters: Any) -> Case:
    """Return a case of an array and weights of these shapes."""
    return Case(f"filter_{name}", (Operand(x, dtype), Operand(kernel, "float64")), parameters)


def mean_case(name: str, x: Shape, dtype: str = "float64", **parameters: Any) -> Case:
    """Return a case of the mean of windows."""
    return Case(f"mean_{name}", (Operand(x, dtype),), parameters)


FILTER_CASES = {
    "filter": (
        case("one_sample", (1,), (1,)),
        case("image", (37, 41), (3, 5)),
        case("image_beyond_a_band", (211, 301), (5, 3), "float32", result_dtype="float32"),
        case("bytes", (53, 67), (3, 3), "uint8", padding_modes="replicate"),
        case("bytes_to_floats", (53, 67), (3, 3), "uint8", result_dtype="float32"),
        case("even_kernel_off_centre", (19, 23), (4, 2), origin=(1, -1)),
        case("kernel_beyond_image", (3, 5), (11, 13), padding_modes="reflect"),
        case("filled", (17, 13), (5, 5), padding_modes="zeros", fill=0.75),
        case("a_mode_for_each_axis", (9, 11), (3, 7), padding_modes=("circular", "zeros")),
        case("signal", (1009,), (31,), "float32", padding_modes="circular"),
        case("volume", (7, 11, 13), (3, 5, 3), "uint16"),
        case("volume_of_rods", (7, 11, 13), (5, 1, 3)),
        case("four_axes", (3, 4, 5, 7), (3, 2, 3, 3), "int16", result_dtype="int32"),
        case("colours_last", (29, 31, 3), (3, 3, 1), "uint8"),
        case("rows_apart", (31, 5, 29), (7, 1, 1), sums="pairs"),
        case("pairs_along_lines", (13, 101), (1, 9), "float32", sums="pairs"),
        case("pairs_even", (13, 101), (1, 4), sums="pairs"),
        case("int64", (9, 11), (3, 3), "int64", result_dtype="uint64"),
        case("uint32", (9, 11), (3, 3), "uint32", result_dtype="int8"),
        case("empty", (0, 11), (3, 3)),
    ),
    "window_mean": (
        mean_case("along_lines", (13, 101), size=(1, 7)),
        mean_case("of_long_lines", (23, 701), "float32", size=(1, 19)),
        mean_case("of_rows", (211, 301), "float32", size=(12, 1), padding_modes="zeros", fill=2.5),
        mean_case("bytes", (31, 29, 3), "uint8", size=(1, 5, 1), origin=(0, -2, 0)),
        mean_case("beyond_the_array", (2, 3), size=(1, 29), padding_modes="circular"),
        mean_case("integers", (41, 7), "int32", size=(3, 1), padding_modes="reflect"),
    ),
}
