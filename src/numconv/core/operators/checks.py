"""Checks of operands that every operator makes: rank, dtype, bias, residual."""

from __future__ import annotations

from .. import dtypes
from ..errors import ArgumentError, ArgumentTypeError
from ..protocol import Operand

MOST_AXES = 3


def axes_of(name: str, operand: Operand, others: int) -> int:
    """Return the spatial axes of `operand`, which has `others` axes besides."""
    axes = operand.ndim - others
    if not 1 <= axes <= MOST_AXES:
        expected = f"{others + 1} to {others + MOST_AXES} axes, 1 to {MOST_AXES} of them spatial"
        raise ArgumentError(name, operand.shape, expected)
    return axes


def check_rank(name: str, operand: Operand, rank: int, form: str) -> None:
    """Raise unless `operand` has `rank` axes; `form` spells them."""
    if operand.ndim != rank:
        raise ArgumentError(name, operand.shape, f"{rank} axes, {form}")


def batched(x: Operand, axes: int) -> Operand:
    """Return `x` with its batch axis, which may be missing."""
    form = {1: "L", 2: "H, W", 3: "D, H, W"}[axes]
    if x.ndim not in (axes + 1, axes + 2):
        raise ArgumentError("x", x.shape, f"(N, C, {form}) or (C, {form})")
    return x if x.ndim == axes + 2 else Operand((1, *x.shape), x.dtype)


def check_dtype(name: str, operand: Operand | None, x: Operand) -> None:
    """Raise unless `operand` has the dtype of `x`, or of its integer sums."""
    allowed = {x.dtype, dtypes.result(x.dtype)} if name in ("bias", "residual") else {x.dtype}
    if operand is not None and operand.dtype not in allowed:
        expected = " or ".join(sorted(allowed))
        raise ArgumentTypeError(name, operand.dtype, f"dtype {expected}, as x has")


def check_shape(name: str, operand: Operand | None, shape: tuple[int, ...], form: str) -> None:
    """Raise unless `operand`, if there is one, has this shape."""
    if operand is not None and operand.shape != shape:
        raise ArgumentError(name, operand.shape, f"shape {shape}, {form}")


def check_epilogue(
    x: Operand,
    bias: Operand | None,
    residual: Operand | None,
    result_shape: tuple[int, ...],
    axes: int,
) -> None:
    """Raise unless bias and residual fit a result of this (batched) shape."""
    check_dtype("bias", bias, x)
    check_shape("bias", bias, result_shape[1:2], "one value per output channel")
    check_dtype("residual", residual, x)
    expected = result_shape if x.ndim == axes + 2 else result_shape[1:]
    check_shape("residual", residual, expected, "as the result has")
