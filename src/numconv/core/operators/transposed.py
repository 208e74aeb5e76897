"""Transposed convolution: the input gradient of a convolution, asked for as an operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .. import dispatch
from ..errors import ArgumentError
from ..geometry import integer, padding_pairs, per_axis
from ..problems import ConvolutionProblem, Epilogue
from ..protocol import Array, Case, Demonstration, Operand
from ..signatures import Int, Kind, Plain
from . import demonstrations, examples
from .checks import axes_of, batched, check_dtype, check_epilogue, check_rank
from .convolution import OPERANDS, reference
from .examples import ByExamples, Examples


def problem(
    x: Operand,
    weight: Operand,
    bias: Operand | None,
    residual: Operand | None,
    axes: int | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
    output_size: Any,
    padding_mode: str,
    activation: str | None,
    accuracy: str,
) -> ConvolutionProblem:
    """Return the input gradient whose `y` is this `x`, or raise for what does not fit."""
    if axes is None:
        axes = axes_of("weight", weight, 2)
    check_rank("weight", weight, axes + 2, "(C_in, C_out/groups, *kernel_shape)")
    check_dtype("weight", weight, x)
    given = batched(x, axes)
    groups = integer("groups", groups, 1)
    if weight.shape[0] != given.shape[1]:
        expected = f"({given.shape[1]}, C_out/groups, ...): one row for each channel of x"
        raise ArgumentError("weight", weight.shape, expected)
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    kernel_shape, small = weight.shape[2:], given.shape[2:]
    extra = per_axis("output_padding", output_padding, axes, 0)
    for more, s, d in zip(extra, stride, dilation, strict=True):
        if more >= max(s, d):
            raise ArgumentError("output_padding", output_padding, "less than stride or dilation")
    if isinstance(padding, str) and padding.startswith("same"):
        large = tuple(i * s for i, s in zip(small, stride, strict=True))
        pairs = padding_pairs(padding, large, kernel_shape, stride, dilation)
    else:
        pairs = padding_pairs(padding, small, kernel_shape, stride, dilation)
        large = tuple(
            (i - 1) * s - lo - hi + d * (k - 1) + 1
            for i, s, (lo, hi), d, k in zip(
                small, stride, pairs, dilation, kernel_shape, strict=True
            )
        )
    if output_size is not None:
        large = _check_output_size(output_size, large, stride, dilation, axes)
    else:
        large = tuple(size + more for size, more in zip(large, extra, strict=True))
    if min(large) < 1:
        raise ArgumentError("padding", padding, f"a result without empty axes, not {large}")
    made = ConvolutionProblem(
        batch=given.shape[0],
        in_channels=weight.shape[1] * groups,
        out_channels=given.shape[1],
        groups=groups,
        input_shape=large,
        kernel_shape=kernel_shape,
        stride=stride,
        padding=_exact_padding(small, large, pairs, kernel_shape, stride, dilation),
        dilation=dilation,
        padding_mode=padding_mode,
        dtype=x.dtype,
        direction="input_gradient",
        accuracy=accuracy,
        epilogue=Epilogue(
            bias=bias is not None, residual=residual is not None, activation=activation
        ),
    )
    check_epilogue(x, bias, residual, made.result_shape, axes)
    return made


def _check_output_size(
    output_size: Any,
    least: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    axes: int,
) -> tuple[int, ...]:
    wanted = per_axis("output_size", output_size, axes, 1)
    most = tuple(size + max(s, d) - 1 for size, s, d in zip(least, stride, dilation, strict=True))
    if any(not a <= w <= b for a, w, b in zip(least, wanted, most, strict=True)):
        raise ArgumentError("output_size", output_size, f"sizes from {least} to {most}")
    return wanted


def _exact_padding(
    small: tuple[int, ...],
    large: tuple[int, ...],
    pairs: tuple[tuple[int, int], ...],
    kernel_shape: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """Return the padding with which `large` convolves to exactly `small`, cropping at the end."""
    return tuple(
        (lo, (i - 1) * s + d * (k - 1) + 1 - lo - o)
        for i, o, (lo, _), k, s, d in zip(
            small, large, pairs, kernel_shape, stride, dilation, strict=True
        )
    )


def transpose(
    axes: int | None,
    x: Plain | Kind | None,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Int = 1,
    dilation: Any = 1,
    *,
    output_size: Any = None,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
) -> Kind:
    """Compute a transposed convolution with `axes` spatial axes, or as many as `weight` has."""
    solved: Kind = dispatch.solve(
        problem,
        (x, weight, bias, residual),
        (
            *(axes, stride, padding, output_padding, groups, dilation),
            *(output_size, padding_mode, activation, accuracy),
        ),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


class TransposedOperator(ByExamples):
    """The adjoint of a convolution: spreads each sample over a kernel's width."""

    name = "transposed"
    summary = "the adjoint of a convolution: enlarges by its stride"
    operands = OPERANDS[:3]
    optional = OPERANDS[2:3]
    usual: Mapping[str, Any] = MappingProxyType({"stride": 2, "padding": 1})
    examples = Examples(examples.transposed, kernel=4, chooses_channels=True)
    naive: Mapping[type, Callable[..., Array]] = MappingProxyType({ConvolutionProblem: reference})

    def apply(self, x: Any, weight: Any, bias: Any = None, **parameters: Any) -> Any:
        return transpose(None, x, weight, bias, **parameters)

    def reference(self, x: Any, weight: Any, bias: Any = None, **parameters: Any) -> Any:
        return self.apply(x, weight, bias, **{**parameters, "backend": "reference"})

    def cases(self) -> Sequence[Case]:
        from .cases import TRANSPOSED_CASES

        return TRANSPOSED_CASES

    def demonstration(self, picture: Array) -> Demonstration:
        return demonstrations.transposed(picture)


TRANSPOSED = TransposedOperator()
