"""Named cases: small, odd, and each for a reason that its name gives."""

from __future__ import annotations

from typing import Any

from numconv.plugin import Case, Operand, Shape


def case(name: str, x: Shape, dtype: str = "float32", **parameters: Any) -> Case:
    """Return a case of an image of this shape, with values about 1 apart."""
    return Case(name, (Operand(x, dtype),), {"sigma_range": 1.0, **parameters})


CASES = (
    case("bilateral_one_pixel", (1, 1, 1, 1)),
    case("bilateral_colour", (2, 3, 13, 11), kernel_size=5),
    case("bilateral_grey", (1, 1, 17, 9), kernel_size=3, sigma_space=0.7),
    case("bilateral_kernel_beyond_image", (1, 2, 4, 3), kernel_size=11, sigma_space=5.0),
    case("bilateral_rows_only", (1, 3, 5, 40), kernel_size=(1, 9)),
    case("bilateral_nearly_a_mean", (1, 3, 9, 8), sigma_space=1e6, sigma_range=1e6),
    case("bilateral_nearly_the_identity", (1, 3, 9, 8), sigma_range=1e-3),
    case("bilateral_many_channels", (1, 19, 7, 8), kernel_size=5, sigma_range=6.0),
    case("bilateral_for_several_threads", (3, 4, 31, 29), kernel_size=7),
    case("bilateral_unbatched", (3, 10, 9)),
    case("bilateral_empty_batch", (0, 3, 6, 6)),
    case("bilateral_float64", (2, 3, 9, 8), "float64"),
    case("bilateral_float16", (1, 3, 9, 8), "float16"),
)
