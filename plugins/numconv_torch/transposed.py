"""How a transposed convolution's padding is said to PyTorch, axis by axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fit:
    """What PyTorch is asked for along one axis, and where in what it gives the result begins."""

    padding: int
    output_padding: int
    first: int
    whole: int


def fits(problem: Any) -> tuple[Fit, ...]:
    """Return one `Fit` per axis.

    PyTorch crops `padding` at both ends and adds up to a stride at the end. What that cannot
    say is cut out of the whole, uncropped result.
    """
    axes = zip(
        *(problem.input_shape, problem.output_shape, problem.kernel_shape, problem.stride),
        *(problem.padding, problem.dilation),
        strict=True,
    )
    return tuple(_fit(size, o, k, s, lo, d) for size, o, k, s, (lo, _), d in axes)


def _fit(size: int, outputs: int, kernel: int, stride: int, lo: int, dilation: int) -> Fit:
    whole = (outputs - 1) * stride + dilation * (kernel - 1) + 1
    hi = whole - lo - size
    if 0 <= lo - hi < max(stride, dilation):
        return Fit(lo, lo - hi, 0, size)
    beyond = max(-hi, 0)
    return Fit(0, beyond, lo, whole + beyond)
