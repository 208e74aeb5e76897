"""Convolution: the problem from what a caller gives, the definition, and the named forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .. import dispatch
from ..errors import ArgumentError
from ..geometry import integer, padding_pairs, per_axis
from ..problems import ConvolutionProblem, Epilogue
from ..protocol import Array, Case, Demonstration, Operand
from ..signatures import Int, Kind, Plain
from . import demonstrations, examples
from .checks import axes_of, batched, check_dtype, check_epilogue, check_rank
from .examples import ByExamples, Examples
from .naive import finish, fold, pad, tap_window, widen

OPERANDS = ("x", "weight", "bias", "residual")


def problem(
    x: Operand,
    weight: Operand,
    bias: Operand | None,
    residual: Operand | None,
    axes: int | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
    padding_mode: str,
    activation: str | None,
    accuracy: str,
    shuffled: bool,
) -> ConvolutionProblem:
    """Return the forward convolution of such operands, or raise for what does not fit."""
    if axes is None:
        axes = axes_of("weight", weight, 2)
    check_rank("weight", weight, axes + 2, "(C_out, C_in/groups, *kernel_shape)")
    check_dtype("weight", weight, x)
    given = batched(x, axes)
    groups = integer("groups", groups, 1)
    channels, kernel_shape = given.shape[1], weight.shape[2:]
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    if channels % groups:
        raise ArgumentError("groups", groups, f"a divisor of the {channels} channels of x")
    if channels != weight.shape[1] * groups:
        expected = f"(C_out, {channels // groups}, ...) for {channels} channels in {groups} groups"
        raise ArgumentError("weight", weight.shape, expected)
    made = ConvolutionProblem(
        batch=given.shape[0],
        in_channels=channels,
        out_channels=weight.shape[0],
        groups=groups,
        input_shape=given.shape[2:],
        kernel_shape=kernel_shape,
        stride=stride,
        padding=padding_pairs(padding, given.shape[2:], kernel_shape, stride, dilation),
        dilation=dilation,
        padding_mode=padding_mode,
        dtype=x.dtype,
        accuracy=accuracy,
        epilogue=Epilogue(
            bias=bias is not None,
            residual=residual is not None,
            activation=activation,
            shuffle=groups if shuffled else 1,
        ),
    )
    check_epilogue(x, bias, residual, made.result_shape, axes)
    return made


def convolve(
    axes: int | None,
    x: Plain | Kind | None,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Int = 1,
    *,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
    shuffled: bool = False,
) -> Kind:
    """Compute a convolution with `axes` spatial axes, or as many as `weight` has."""
    solved: Kind = dispatch.solve(
        problem,
        (x, weight, bias, residual),
        (
            *(axes, stride, padding, dilation, groups),
            *(padding_mode, activation, accuracy, shuffled),
        ),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def reference(problem: ConvolutionProblem, given: Array, weight: Array, *epilogue: Array) -> Array:
    """Compute a convolution or its input gradient by definition, one tap at a time.

    Forward, tap ``k`` adds ``weight[..., k]`` times the padded input at ``o * stride + k *
    dilation`` to output ``o``. The input gradient adds ``weight[..., k]`` times `given` at ``o``
    to the padded result at ``o * stride + k * dilation``, and folds the padding back.
    """
    given, weight = widen(given), widen(weight)
    batch, groups, outputs = problem.batch, problem.groups, problem.output_shape
    by_group = weight.reshape(groups, -1, *weight.shape[1:])
    reaches = [
        (o - 1) * s + d * (k - 1) + 1
        for o, s, d, k in zip(
            outputs, problem.stride, problem.dilation, problem.kernel_shape, strict=True
        )
    ]
    padding = tuple(
        (lo, reach - lo - size)
        for (lo, _), reach, size in zip(problem.padding, reaches, problem.input_shape, strict=True)
    )
    dtype = np.result_type(given, weight)
    forward = problem.direction == "forward"
    if forward:
        x = pad(given, padding, problem.padding_mode).reshape(
            batch, groups, by_group.shape[2], *reaches
        )
        y = np.zeros((batch, groups, by_group.shape[1], *outputs), dtype)
    else:
        y = given.reshape(batch, groups, by_group.shape[1], *outputs)
        x = np.zeros((batch, groups, by_group.shape[2], *reaches), dtype)
    with np.errstate(invalid="ignore", over="ignore"):
        for tap in np.ndindex(*problem.kernel_shape):
            window = tap_window(tap, outputs, problem.stride, problem.dilation)
            factor = by_group[(..., *tap)]
            if forward:
                y += np.einsum("goc,ngc...->ngo...", factor, x[window])
            else:
                x[window] += np.einsum("goc,ngo...->ngc...", factor, y)
        if forward:
            return finish(problem, y.reshape(problem.y_shape), *epilogue)
        folded = x.reshape(batch, problem.in_channels, *reaches)
        folded = fold(folded, problem.input_shape, padding, problem.padding_mode)
        return finish(problem, folded, *epilogue)


CHOOSING = Examples(examples.weight, chooses_channels=True)


@dataclass(frozen=True)
class ConvolutionOperator(ByExamples):
    """A convolution under the name of what its parameters make of it."""

    name: str
    summary: str
    show: Callable[[Array], Demonstration]
    examples: Examples = CHOOSING
    usual: Mapping[str, Any] = field(default_factory=dict)
    shuffled: bool = False
    operands: tuple[str, ...] = OPERANDS[:3]
    optional: tuple[str, ...] = OPERANDS[2:3]
    naive: Mapping[type, Callable[..., Array]] = field(
        default_factory=lambda: {ConvolutionProblem: reference}
    )

    def apply(self, x: Any, weight: Any, bias: Any = None, **parameters: Any) -> Any:
        return convolve(None, x, weight, bias, shuffled=self.shuffled, **parameters)

    def reference(self, x: Any, weight: Any, bias: Any = None, **parameters: Any) -> Any:
        return self.apply(x, weight, bias, **{**parameters, "backend": "reference"})

    def cases(self) -> Sequence[Case]:
        from .cases import CONVOLUTION_CASES

        return CONVOLUTION_CASES[self.name]

    def demonstration(self, picture: Array) -> Demonstration:
        return self.show(picture)


CONVOLUTIONS = (
    ConvolutionOperator("direct", "every output sees every channel", demonstrations.edges),
    ConvolutionOperator(
        "dilated",
        "taps spread apart: a wide view for few weights",
        demonstrations.dilated,
        usual={"dilation": 2},
    ),
    ConvolutionOperator(
        "grouped",
        "channels in groups that don't meet",
        demonstrations.grouped,
        replace(CHOOSING, shapes=examples.grouped),
    ),
    ConvolutionOperator(
        "depthwise",
        "a kernel for each channel",
        demonstrations.depthwise,
        replace(CHOOSING, shapes=examples.depthwise),
    ),
    ConvolutionOperator(
        "pointwise",
        "1x1: mixes channels only",
        demonstrations.pointwise,
        replace(CHOOSING, kernel=1),
    ),
    ConvolutionOperator(
        "shuffled",
        "grouped, with the channels shuffled as they are stored",
        demonstrations.shuffled,
        replace(CHOOSING, shapes=examples.grouped),
        shuffled=True,
    ),
)
