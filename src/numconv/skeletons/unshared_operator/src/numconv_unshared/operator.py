"""The operator: the function that a user calls, and what the command line knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numconv.plugin import (
    ArgumentError,
    ArgumentTypeError,
    Array,
    Case,
    Demonstration,
    Operand,
    batched,
    padding_pairs,
    per_axis,
    solve,
    tap_source,
)

from .cases import CASES
from .problem import UnsharedProblem
from .reference import naive

FORM = "(C_out, C, KH, KW, OH, OW)"


def problem(
    x: Operand, weight: Operand, offset: Operand | None, stride: Any, padding: Any
) -> UnsharedProblem:
    """Return the problem of such a call, or raise for what does not fit."""
    if weight.ndim != 6:
        raise ArgumentError("weight", weight.shape, f"6 axes, {FORM}")
    made = described(x, weight.shape[0], weight.shape[2:4], offset is not None, stride, padding)
    _check("weight", weight, x.dtype, made.weight_shape, FORM)
    if offset is not None:
        _check("offset", offset, x.dtype, made.y_shape[1:], "one value for each output position")
    return made


def described(
    x: Operand, out_channels: int, kernel_shape: Any, offset: bool, stride: Any, padding: Any
) -> UnsharedProblem:
    """Return the problem, which says what shape the weight must have."""
    given = batched(x, 2)
    stride = per_axis("stride", stride, 2, 1)
    return UnsharedProblem(
        batch=given.shape[0],
        in_channels=given.shape[1],
        out_channels=out_channels,
        input_shape=given.shape[2:],
        kernel_shape=kernel_shape,
        stride=stride,
        padding=padding_pairs(padding, given.shape[2:], kernel_shape, stride, (1, 1)),
        offset=offset,
        dtype=x.dtype,
    )


def _check(name: str, operand: Operand, dtype: str, shape: tuple[int, ...], form: str) -> None:
    if operand.dtype != dtype:
        raise ArgumentTypeError(name, operand.dtype, f"dtype {dtype}, as x has")
    if operand.shape != shape:
        raise ArgumentError(name, operand.shape, f"shape {shape}, {form}")


def unshared(
    x: Any,
    weight: Any,
    stride: Any = 1,
    padding: Any = 0,
    *,
    offset: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    tune: bool = False,
) -> Any:
    """Compute a locally connected layer: a convolution with other weights at each position.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
        Real.
    weight : array, shape (C_out, C, KH, KW, OH, OW)
        The kernel of each output position, of the dtype of `x`.
    stride : int or tuple of int
        Per axis, in samples.
    padding : int, tuple of int or of (low, high), or str
        Per axis, in samples, or a word, as in `numconv.conv2d`. What is padded are zeros.
    offset : array, shape (C_out, OH, OW), optional
        Is added to each image of the result.
    out, backend, algorithm, tune
        As in `numconv.conv2d`.

    Returns
    -------
    array, shape (N, C_out, OH, OW) or (C_out, OH, OW)

    Raises
    ------
    ArgumentError
        If an argument cannot be used; it says which, and what was expected.

    Notes
    -----
    The formula, and where it comes from, is in `UnsharedProblem`.

    Examples
    --------
    Three positions, each with a weight of its own:

    >>> import numpy as np
    >>> x, weight = np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 100.0])
    >>> unshared(x.reshape(1, 1, 3), weight.reshape(1, 1, 1, 1, 1, 3))
    array([[[  1.,  20., 300.]]])
    """
    # Everything but the arrays is kept with the plan: the same call again is a look-up.
    return solve(
        problem,
        (x, weight, offset),
        (stride, padding),
        ("x", "weight", "offset"),
        optional=("offset",),
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )


class UnsharedOperator:
    """What `numconv ops`, `run`, `explain` and `verify` ask: the members of `Operator`.

    It has the optional ones of `Omitting` and `Exemplary` as well.
    """

    name = "unshared"
    summary = "a convolution with other weights at each position"
    operands = ("x", "weight", "offset")
    optional = ("offset",)
    naive: Mapping[type, Callable[..., Array]] = MappingProxyType({UnsharedProblem: naive})

    def apply(self, x: Any, weight: Any, offset: Any = None, **parameters: Any) -> Any:
        return unshared(x, weight, offset=offset, **parameters)

    def reference(self, x: Any, weight: Any, offset: Any = None, **parameters: Any) -> Any:
        by_definition = {**parameters, "backend": "reference", "algorithm": "auto"}
        return unshared(x, weight, offset=offset, **by_definition)

    def cases(self) -> Sequence[Case]:
        return CASES

    def example(
        self,
        x: Operand,
        axes: int,
        *,
        kernel: Any = None,
        out_channels: int | None = None,
        **parameters: Any,
    ) -> Case:
        """Return a call on `x` with a weight that fits: 3x3, and as many channels as go in."""
        if axes != 2:
            raise ArgumentError("x", x.shape, f"2 spatial axes, not {axes}")
        made = described(
            x,
            batched(x, 2).shape[1] if out_channels is None else out_channels,
            per_axis("kernel", 3 if kernel is None else kernel, 2, 1),
            offset=False,
            stride=parameters.get("stride", 1),
            padding=parameters.get("padding", 0),
        )
        return Case("example", (x, Operand(made.weight_shape, x.dtype)), parameters)

    def demonstration(self, picture: Array) -> Demonstration:
        """Blur the picture the more the further right, and evenly up to its edges.

        Weights of every position are many: those of 144x144 pixels take 90 MB.
        """
        small = _shrunk(picture, longest=144)
        caption = "blurred from the left to the right by ever wider kernels"
        return Demonstration((small, _widening(small.shape)), {"padding": "same"}, caption)


def _shrunk(picture: Array, longest: int) -> Array:
    """Return the picture averaged over squares, its sides not above `longest` pixels."""
    channels, height, width = picture.shape
    side = -(-max(height, width) // longest)
    rows, columns = height // side, width // side
    squares = picture[:, : rows * side, : columns * side].reshape(channels, rows, side, -1, side)
    return np.ascontiguousarray(squares.mean((2, 4)), np.float32)


def _widening(shape: tuple[int, ...], size: int = 11, widest: float = 3.0) -> Array:
    """Return Gaussians whose sigma grows from column to column; no weight lies outside."""
    channels, *sides = shape
    sigma = np.linspace(0.1, widest, sides[1], dtype=np.float32)
    taps = np.arange(size, dtype=np.float32)[:, None] - size // 2
    bells = np.exp(-0.5 * (taps / sigma) ** 2)
    inside_y, inside_x = (tap_source(s, s, size, 1, size // 2, 1, "zeros").T >= 0 for s in sides)
    # One axis each for ky, kx, oy and ox.
    along_y = bells[:, None, None, :] * inside_y[:, None, :, None]
    along_x = bells[None, :, None, :] * inside_x[None, :, None, :]
    kernels = along_y * along_x
    kernels /= kernels.sum((0, 1))
    weight = np.zeros((channels, channels, *kernels.shape), np.float32)
    weight[range(channels), range(channels)] = kernels
    return weight


UNSHARED = UnsharedOperator()
