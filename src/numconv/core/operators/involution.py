"""Involution: a kernel for every position, shared by the channels of a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from .. import dispatch
from ..errors import ArgumentError
from ..geometry import padding_pairs, per_axis
from ..problems import Epilogue, GeneratedInvolutionProblem, InvolutionProblem
from ..protocol import Array, Case, Demonstration, Operand
from ..signatures import Kind, Plain
from . import demonstrations, examples, generated
from .checks import axes_of, batched, check_dtype, check_epilogue, check_rank
from .examples import ByExamples, Examples
from .naive import finish, involved, widen

OPERANDS = ("x", "kernels", "bias", "residual")


def problem(
    x: Operand,
    kernels: Operand,
    bias: Operand | None,
    residual: Operand | None,
    axes: int | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    padding_mode: str,
    activation: str | None,
    accuracy: str,
) -> InvolutionProblem:
    """Return the involution of such operands, or raise for what does not fit."""
    if axes is None:
        axes = axes_of("x", x, 2 if kernels.ndim % 2 == 0 else 1)
    unbatched = x.ndim == axes + 1
    form = "(N, groups, *kernel_shape, *out_shape)"
    check_rank("kernels", kernels, 2 * axes + 2 - unbatched, form[1:].replace("N, ", "", unbatched))
    check_dtype("kernels", kernels, x)
    given = batched(x, axes)
    shape = (1, *kernels.shape) if unbatched else kernels.shape
    kernel_shape = shape[2 : 2 + axes]
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    made = InvolutionProblem(
        batch=given.shape[0],
        channels=given.shape[1],
        groups=shape[1],
        input_shape=given.shape[2:],
        kernel_shape=kernel_shape,
        stride=stride,
        padding=padding_pairs(padding, given.shape[2:], kernel_shape, stride, dilation),
        dilation=dilation,
        padding_mode=padding_mode,
        dtype=x.dtype,
        accuracy=accuracy,
        epilogue=Epilogue(
            bias=bias is not None, residual=residual is not None, activation=activation
        ),
    )
    if shape != made.kernels_shape:
        expected = f"shape {made.kernels_shape[unbatched:]}, {form}"
        raise ArgumentError("kernels", kernels.shape, expected)
    check_epilogue(x, bias, residual, made.result_shape, axes)
    return made


def involve(
    axes: int | None,
    x: Plain | Kind | None,
    kernels: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    bias: Any = None,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
) -> Kind:
    """Compute an involution with `axes` spatial axes, or as many as `x` has."""
    solved: Kind = dispatch.solve(
        problem,
        (x, kernels, bias, residual),
        (axes, stride, padding, dilation, padding_mode, activation, accuracy),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def reference(problem: InvolutionProblem, x: Array, kernels: Array, *epilogue: Array) -> Array:
    """Compute an involution by definition, one tap at a time.

    Tap ``k`` adds ``kernels[:, g, k, o]`` times the padded input at ``o * stride + k *
    dilation`` to output ``o`` of every channel of group ``g``.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        return finish(problem, involved(problem, widen(x), widen(kernels)), *epilogue)


class InvolutionOperator(ByExamples):
    """A kernel for every position instead of one for every channel."""

    name = "involution"
    summary = "a kernel for each position, shared by channels"
    operands = OPERANDS[:2]
    examples = Examples(examples.kernels, kernel=7)
    naive: Mapping[type, Callable[..., Array]] = MappingProxyType(
        {InvolutionProblem: reference, GeneratedInvolutionProblem: generated.reference}
    )

    def apply(self, x: Any, kernels: Any, **parameters: Any) -> Any:
        return involve(None, x, kernels, **parameters)

    def reference(self, x: Any, kernels: Any, **parameters: Any) -> Any:
        return self.apply(x, kernels, **{**parameters, "backend": "reference"})

    def cases(self) -> Sequence[Case]:
        from .cases import INVOLUTION_CASES

        return INVOLUTION_CASES

    def demonstration(self, picture: Array) -> Demonstration:
        return demonstrations.involution(picture)


INVOLUTION = InvolutionOperator()
