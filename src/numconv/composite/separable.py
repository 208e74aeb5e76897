"""Spatially separable convolution: one axis at a time."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from ..core.geometry import padding_pairs, per_axis
from ..core.layouts import at_hand, handed_back
from ..core.operators import examples
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import gaussian
from ..core.operators.examples import Examples
from ..core.protocol import Array, Case, Demonstration, Operand
from ..core.signatures import Accuracy, Activation, Ints, Kind, Padding, PaddingMode, Plain, Tensor
from .common import Called, CompositeOperator, alike, channels_of, shaped, spatial_of, taps_of


def separable_conv2d(
    x: Plain | Kind,
    column: Tensor,
    row: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Convolve each channel with the outer product of a column and a row, in two passes.

    Equal to a depthwise `conv2d` with ``weight[c, 0, ky, kx] = column[c, ky] * row[c, kx]``,
    for ``kh + kw`` multiply-adds an output instead of ``kh * kw``.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
    column : array, shape (kh,) for all channels, or (C, kh)
    row : array, shape (kw,) for all channels, or (C, kw)
    bias : array, shape (C,), optional
    stride, padding, dilation, padding_mode, activation, residual, out, backend, accuracy, tune
        As in `conv2d`.

    Returns
    -------
    array, shape (N, C, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> numconv.separable_conv2d(np.ones((1, 3, 3)), np.ones(2), np.array([1.0, 10]))
    array([[[22., 22.],
            [22., 22.]]])
    """
    last = {"activation": activation, "residual": residual, "out": out}
    options = {
        "padding_mode": padding_mode,
        "backend": backend,
        "accuracy": accuracy,
        "tune": tune,
    }
    vectors = {"column": column, "row": row}
    result: Kind = _pass_by_pass(x, vectors, bias, stride, padding, dilation, options, last)
    return result


def separable_conv3d(
    x: Plain | Kind,
    depth: Tensor,
    column: Tensor,
    row: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Convolve each channel with the outer product of three vectors, in three passes.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W) or (C, D, H, W)
    depth, column, row : array, shape (k,) for all channels, or (C, k)
    bias, stride, padding, dilation, padding_mode, activation, residual, out, backend, accuracy, \
tune
        As in `separable_conv2d`, per axis where it has axes.

    Returns
    -------
    array, shape (N, C, OD, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x, pair = np.ones((1, 2, 2, 3)), np.array([1.0, 1.0])
    >>> numconv.separable_conv3d(x, pair, pair, np.array([1.0, 10.0]))
    array([[[[44., 44.]]]])
    """
    last = {"activation": activation, "residual": residual, "out": out}
    options = {
        "padding_mode": padding_mode,
        "backend": backend,
        "accuracy": accuracy,
        "tune": tune,
    }
    vectors = {"depth": depth, "column": column, "row": row}
    result: Kind = _pass_by_pass(x, vectors, bias, stride, padding, dilation, options, last)
    return result


def _pass_by_pass(
    x: Any,
    vectors: dict[str, Any],
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    options: dict[str, Any],
    last: dict[str, Any],
) -> Any:
    axes = len(vectors)
    result = at_hand("x", x)
    vectors = {name: at_hand(name, vector) for name, vector in vectors.items()}
    channels, *spatial = spatial_of(result, axes)
    kernel_shape = tuple(taps_of(name, vector) for name, vector in vectors.items())
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    pairs = padding_pairs(padding, spatial, kernel_shape, stride, dilation)
    for axis, (name, vector) in enumerate(vectors.items()):
        only = [1] * axes
        only[axis] = kernel_shape[axis]
        steps = [1] * axes
        steps[axis] = stride[axis]
        final = axis == axes - 1
        with Called(weight=(name, vector)):
            result = convolve(
                axes,
                result,
                alike(shaped(name, vector, (channels, 1, *only)), result),
                bias if final else None,
                stride=tuple(steps),
                padding=tuple(pair if i == axis else (0, 0) for i, pair in enumerate(pairs)),
                dilation=dilation,
                groups=channels,
                **options,
                **(last if final else {}),
            )
    return handed_back(result, x, last["out"])


def _definition(x: Array, *vectors: Array, **parameters: Any) -> Array:
    """Convolve with the outer product of the vectors."""
    axes, channels = len(vectors), channels_of(x, len(vectors))
    rows = [np.broadcast_to(vector, (channels, vector.shape[-1])) for vector in vectors]
    outer = np.stack([reduce(np.multiply.outer, [row[c] for row in rows]) for c in range(channels)])
    parameters = {**parameters, "backend": "reference", "groups": channels}
    result: Array = convolve(axes, x, outer[:, None].astype(x.dtype), **parameters)
    return result


def _demonstration(picture: Array) -> Demonstration:
    bell = gaussian(31)
    parameters = {"padding": "same", "padding_mode": "reflect"}
    caption = "a 31x31 Gaussian as 31 + 31 weights: one pass down, one across"
    return Demonstration((picture, bell, bell), parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], dtype: str = "float32", **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, dtype) for shape in shapes), parameters)


SEPARABLE = CompositeOperator(
    name="separable",
    summary="a kernel that is an outer product, one axis at a time",
    operands=("x", "column", "row"),
    function=separable_conv2d,
    definition=_definition,
    named_cases=(
        _case("separable_3_5", (2, 3, 9, 11), (3,), (5,), padding="same"),
        _case("separable_own", (1, 3, 9, 8), (3, 4), (3, 3), stride=2, padding=1),
        _case("separable_reflect", (3, 9, 9), (5,), (3,), padding=2, padding_mode="reflect"),
        _case("separable_float64", (1, 2, 9, 8), (3,), (3,), dtype="float64", dilation=2),
    ),
    show=_demonstration,
    examples=Examples(examples.vectors),
)
