"""Flattened convolution: across the channels, then down, then across."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.layouts import at_hand, handed_back, shape_of
from ..core.operators import examples
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import LUMINANCE, gaussian
from ..core.operators.examples import Examples
from ..core.protocol import Array, Case, Demonstration, Operand
from ..core.signatures import Accuracy, Activation, Ints, Kind, Padding, PaddingMode, Plain, Tensor
from .common import Called, CompositeOperator, channels_of, shaped
from .separable import separable_conv2d


def flattened_conv2d(
    x: Plain | Kind,
    lateral: Tensor,
    vertical: Tensor,
    horizontal: Tensor,
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
    """Convolve with filters of rank one, as three one-dimensional passes.

    Equal to `conv2d` with ``weight[f, c, ky, kx] = lateral[f, c] * vertical[f, ky] *
    horizontal[f, kx]`` (J. Jin, A. Dundar and E. Culurciello, "Flattened Convolutional Neural
    Networks for Feedforward Acceleration", arXiv:1412.5474, equation 2).

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
    lateral : array, shape (F, C)
        Mixes the channels into F maps.
    vertical : array, shape (F, kh), or (kh,) for all maps
    horizontal : array, shape (F, kw), or (kw,) for all maps
    bias : array, shape (F,), optional
    stride, padding, dilation, padding_mode, activation, residual, out, backend, accuracy, tune
        As in `conv2d`.

    Returns
    -------
    array, shape (N, F, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.ones((2, 3, 3))
    >>> numconv.flattened_conv2d(x, np.ones((1, 2)), np.ones((1, 3)), np.ones((1, 3)))
    array([[[18.]]])
    """
    given, mix = at_hand("x", x), at_hand("lateral", lateral)
    channels, shape = channels_of(given, 2), shape_of("lateral", mix)
    if len(shape) != 2 or shape[1] != channels:
        raise ArgumentError("lateral", shape, f"shape (F, {channels}), as x has channels")
    weight = shaped("lateral", mix, (*shape, 1, 1))
    options: dict[str, Any] = {"backend": backend, "accuracy": accuracy, "tune": tune}
    with Called(weight=("lateral", lateral)):
        mixed = convolve(2, given, weight, **options)
    with Called(column=("vertical", vertical), row=("horizontal", horizontal)):
        made = separable_conv2d(
            mixed,
            vertical,
            horizontal,
            bias,
            stride,
            padding,
            dilation,
            padding_mode=padding_mode,
            activation=activation,
            residual=residual,
            out=out,
            **options,
        )
    result: Kind = handed_back(made, x, out)
    return result


def _definition(
    x: Array, lateral: Array, vertical: Array, horizontal: Array, **parameters: Any
) -> Array:
    """Convolve with the outer product of the three."""
    maps = lateral.shape[0]
    down = np.broadcast_to(vertical, (maps, vertical.shape[-1]))
    across = np.broadcast_to(horizontal, (maps, horizontal.shape[-1]))
    weight = np.einsum("fc,fy,fx->fcyx", lateral, down, across).astype(x.dtype)
    result: Array = convolve(2, x, weight, **{**parameters, "backend": "reference"})
    return result


def _demonstration(picture: Array) -> Demonstration:
    lateral = np.stack([LUMINANCE, LUMINANCE, LUMINANCE])
    spread, sharp = gaussian(41), np.zeros(41, np.float32)
    sharp[20] = 1
    vertical, horizontal = np.stack([spread, sharp, sharp]), np.stack([sharp, spread, sharp])
    parameters = {"padding": "same", "padding_mode": "reflect"}
    caption = "grey, smeared down in red and across in green: three 1-D passes for each map"
    return Demonstration((picture, lateral, vertical, horizontal), parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, "float32") for shape in shapes), parameters)


FLATTENED = CompositeOperator(
    name="flattened",
    summary="filters of rank one: across channels, down, across",
    operands=("x", "lateral", "vertical", "horizontal"),
    function=flattened_conv2d,
    definition=_definition,
    named_cases=(
        _case("flattened_3x3", (2, 5, 9, 8), (4, 5), (4, 3), (4, 3), padding=1),
        _case("flattened_5x3_stride_2", (3, 9, 10), (2, 3), (5,), (2, 3), stride=2, padding=(2, 1)),
    ),
    show=_demonstration,
    examples=Examples(examples.flattened, chooses_channels=True),
)
