"""Which operands an operator runs on when the command line leaves some of them open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.optional import example, needed_operands, usual
from ..core.protocol import Operand, Operator, Shape
from . import memory, ranks
from .axes import Axes


def complete(
    operator: Operator,
    x: Operand,
    weight_shapes: Sequence[Shape],
    kernel: Any,
    out_channels: int | None,
    parameters: Mapping[str, Any],
    axes: int | None = None,
) -> tuple[Operator, tuple[Operand, ...], dict[str, Any]]:
    """Return `operator` as it is for `x`, every operand of a call on it, and its parameters.

    Parameters
    ----------
    weight_shapes : sequence of tuple
        One for each needed operand, or none to choose them.
    kernel, out_channels
        What the chosen shapes are made with; None leaves them to the operator.
    axes : int, optional
        How many axes of `x` are spatial, where that is not left to the weights and the kernel.

    Raises
    ------
    ArgumentError
        If shapes are missing that only the caller can know, or the operator has no meaning for
        so many axes.
    """
    if axes is None:
        told = ranks.told(operator, x.shape, weight_shapes)
        axes = told or ranks.spatial_axes(x.shape, kernel)
    operator = ranks.fitted(operator, x.shape, axes)
    chosen = {**usual(operator), **parameters}
    if weight_shapes:
        if kernel is not None or out_channels is not None:
            raise click.UsageError("--weight-shape already says --kernel and --out-channels")
        if len(weight_shapes) != len(needed_operands(operator)):
            raise _missing(operator, weight_shapes)
        others = [Operand(shape, x.dtype) for shape in weight_shapes]
        return operator, (x, *others), chosen
    made = example(operator, x, axes, kernel=kernel, out_channels=out_channels, **chosen)
    if made is None:
        raise _missing(operator, weight_shapes)
    return operator, made.operands, dict(made.parameters)


def described(shape: Shape, dtype: str, axes: Axes | None) -> tuple[Operand, int | None]:
    """Return x as an operator has it, and the number of its spatial axes if they were named."""
    if axes is None:
        return Operand(shape, dtype), None
    return Operand(axes.taken_shape(shape), dtype), axes.spatial


def _missing(operator: Operator, given: Sequence[Shape]) -> ArgumentError:
    names = needed_operands(operator)
    example = ""
    for case in operator.cases():
        shapes = [operand.shape for operand in case.operands[1 : len(names) + 1]]
        example = f"; with x {case.operands[0].shape}, for example, {', '.join(map(str, shapes))}"
        break
    return ArgumentError(
        "weight_shape", tuple(given), f"one for each of {', '.join(names) or 'no operand'}{example}"
    )


def random(operand: Operand, generator: np.random.Generator) -> NDArray[Any]:
    """Return standard normal values, or integers from -8 (0 if unsigned) to 8."""
    if operand.dtype not in dtypes.DTYPES:
        raise ArgumentError("dtype", operand.dtype, "one of " + ", ".join(dtypes.DTYPES))
    kind = dtypes.kind(operand.dtype)
    room = memory.physical()
    if prod(operand.shape) * np.dtype(operand.dtype).itemsize > room:
        expected = f"random tensors that fit the {room >> 30} GiB of this machine"
        raise ArgumentError("shape", operand.shape, expected)
    if kind == "integer":
        low = 0 if operand.dtype.startswith("u") else -8
        return generator.integers(low, 9, operand.shape).astype(operand.dtype)
    values: NDArray[Any] = generator.standard_normal(operand.shape, np.float32)
    if kind == "complex":
        values = values + 1j * generator.standard_normal(operand.shape, np.float32)
    return values.astype(operand.dtype)
