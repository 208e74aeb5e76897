"""Involution with kernels made from features of each position, as one problem.

No operator of its own: `numconv.composite.involution_block` solves it where a backend can.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import dispatch
from ..errors import ArgumentError
from ..geometry import padding_pairs, per_axis
from ..problems import Epilogue, GeneratedInvolutionProblem
from ..protocol import Array, Operand
from .checks import batched, check_dtype, check_epilogue, check_shape
from .naive import finish, involved, widen

OPERANDS = ("x", "hidden", "span_weight", "span_bias", "residual")


def problem(
    x: Operand,
    hidden: Operand,
    span_weight: Operand,
    span_bias: Operand | None,
    residual: Operand | None,
    axes: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    padding_mode: str,
    activation: str | None,
    accuracy: str,
) -> GeneratedInvolutionProblem:
    """Return the involution of such operands, or raise for what does not fit.

    The span weight has the shape of the problem's, or axes of 1 besides.
    """
    given, features = batched(x, axes), batched(hidden, axes)
    rows, hidden_channels = span_weight.shape[:2]
    for name, operand in zip(OPERANDS[1:4], (hidden, span_weight, span_bias), strict=True):
        check_dtype(name, operand, x)
    kernel_shape = per_axis("kernel_size", kernel_size, axes, 1)
    taps = prod(kernel_shape)
    if rows % taps:
        expected = f"a multiple of {taps} rows, for kernel_size={kernel_shape}"
        raise ArgumentError("span_weight", span_weight.shape, expected)
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    made = GeneratedInvolutionProblem(
        batch=given.shape[0],
        channels=given.shape[1],
        hidden_channels=hidden_channels,
        groups=rows // taps,
        input_shape=given.shape[2:],
        kernel_shape=kernel_shape,
        stride=stride,
        padding=padding_pairs(padding, given.shape[2:], kernel_shape, stride, dilation),
        dilation=dilation,
        span_bias=span_bias is not None,
        padding_mode=padding_mode,
        dtype=x.dtype,
        accuracy=accuracy,
        epilogue=Epilogue(residual=residual is not None, activation=activation),
    )
    check_shape("hidden", features, made.hidden_shape, "(N, H, *out_shape)")
    check_shape("span_bias", span_bias, (rows,), "one value per row of span_weight")
    check_epilogue(x, None, residual, made.result_shape, axes)
    return made


def offered(operands: tuple[Any, ...], parameters: tuple[Any, ...], backend: str) -> bool:
    """Return whether a backend computes the involution that `problem` makes of these."""
    return dispatch.offered(problem, operands, parameters, OPERANDS, backend)


def involve(
    operands: tuple[Any, ...], parameters: tuple[Any, ...], out: Any, backend: str, tune: bool
) -> Any:
    """Compute the involution that `problem` makes of these operands and parameters."""
    return dispatch.solve(
        problem,
        operands,
        parameters,
        OPERANDS,
        optional=OPERANDS[3:],
        out=out,
        backend=backend,
        tune=tune,
    )


def reference(
    problem: GeneratedInvolutionProblem,
    x: Array,
    hidden: Array,
    span_weight: Array,
    *rest: Array,
) -> Array:
    """Compute it by definition: the kernels of every position first, then the involution."""
    with np.errstate(invalid="ignore", over="ignore"):
        kernels = np.einsum("kh,nh...->nk...", widen(span_weight), widen(hidden))
        if problem.span_bias:
            kernels = kernels + widen(rest[0]).reshape(-1, *[1] * problem.axes)
        y = involved(problem, widen(x), kernels.reshape(problem.kernels_shape))
        return finish(problem, y, *rest[problem.span_bias :])
