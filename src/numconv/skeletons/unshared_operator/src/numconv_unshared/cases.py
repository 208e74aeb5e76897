"""Named cases: small, odd, and each for a reason that its name gives."""

from __future__ import annotations

from typing import Any

from numconv.plugin import Case, Operand, Shape


def case(
    name: str,
    x: Shape,
    weight: Shape,
    dtype: str = "float32",
    *,
    offset: bool = False,
    **parameters: Any,
) -> Case:
    """Return a case of such an x and weight, and of the offset that fits them."""
    shapes = (x, weight, *([(weight[0], *weight[4:])] if offset else []))
    operands = tuple(Operand(shape, dtype) for shape in shapes)
    return Case(f"unshared_{name}", operands, parameters)


CASES = (
    case("one_pixel", (1, 1, 1, 1), (1, 1, 1, 1, 1, 1)),
    case("3x3", (2, 3, 9, 8), (4, 3, 3, 3, 7, 6)),
    case("offset", (2, 3, 9, 8), (4, 3, 3, 3, 7, 6), offset=True),
    case("pointwise", (2, 5, 6, 7), (3, 5, 1, 1, 6, 7)),
    case("padded", (1, 2, 7, 10), (3, 2, 5, 3, 7, 10), padding=(2, 1)),
    case(
        "uneven",
        (2, 2, 9, 11),
        (3, 2, 3, 4, 5, 10),
        padding=((0, 2), (2, 0)),
        stride=(2, 1),
    ),
    case("stride_beyond_kernel", (1, 3, 11, 10), (2, 3, 2, 2, 3, 3), stride=4),
    case("kernel_as_image", (3, 2, 6, 5), (4, 2, 6, 5, 1, 1), offset=True),
    case("kernel_beyond_image", (1, 2, 3, 2), (3, 2, 7, 5, 3, 2), padding="same"),
    case("rows_only", (1, 3, 5, 33), (2, 3, 1, 9, 5, 25)),
    case("many_channels", (1, 37, 5, 4), (19, 37, 3, 3, 5, 4), padding=1),
    case("for_several_threads", (3, 4, 31, 29), (5, 4, 3, 3, 31, 29), padding=1, offset=True),
    case("unbatched", (3, 10, 9), (4, 3, 3, 3, 8, 7), offset=True),
    case("empty_batch", (0, 3, 6, 6), (4, 3, 3, 3, 4, 4)),
    case("float64", (2, 3, 9, 8), (4, 3, 3, 3, 7, 6), "float64", offset=True),
    case("float64_strided", (2, 3, 9, 8), (4, 3, 3, 3, 5, 4), "float64", padding=1, stride=2),
    case("float16", (1, 3, 9, 8), (4, 3, 3, 3, 7, 6), "float16", offset=True),
)
