"""Depthwise separable convolution: a kernel for each channel, then a mix of the channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ArgumentError
from ..core.layouts import at_hand, handed_back, laid_out
from ..core.operators import examples
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import LAPLACIAN, SEPIA, per_channel
from ..core.operators.examples import Examples
from ..core.protocol import Array, Case, Demonstration, Operand, Shape
from ..core.signatures import Accuracy, Activation, Ints, Kind, Padding, PaddingMode, Plain, Tensor
from .common import Called, CompositeOperator, alike, channels_of


def depthwise_separable_conv2d(
    x: Plain | Kind,
    depthwise_weight: Tensor,
    pointwise_weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    depthwise_bias: Tensor | None = None,
    depthwise_activation: Activation | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Convolve each channel on its own, then mix the channels of each pixel.

    ``conv2d(conv2d(x, depthwise_weight, groups=C), pointwise_weight)`` (A. Howard et al.,
    "MobileNets", arXiv:1704.04861, section 3.1).

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
    depthwise_weight : array, shape (C * multiplier, 1, kh, kw)
    pointwise_weight : array, shape (C_out, C * multiplier) or (C_out, C * multiplier, 1, 1)
    bias : array, shape (C_out,), optional
        Of the pointwise convolution.
    depthwise_bias : array, shape (C * multiplier,), optional
    depthwise_activation : str, optional
        Applied between the two, as `activation` is at the end.
    stride, padding, dilation, padding_mode
        As in `conv2d`; of the depthwise convolution.
    activation, residual, out, backend, accuracy, tune
        As in `conv2d`.

    Returns
    -------
    array, shape (N, C_out, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.ones((2, 3, 3))
    >>> numconv.depthwise_separable_conv2d(x, np.ones((2, 1, 3, 3)), np.array([[1.0, 10]]))
    array([[[99.]]])
    """
    result: Kind = _separate(2, **locals())
    return result


def depthwise_separable_conv1d(
    x: Plain | Kind,
    depthwise_weight: Tensor,
    pointwise_weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    depthwise_bias: Tensor | None = None,
    depthwise_activation: Activation | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`depthwise_separable_conv2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C, L) or (C, L)
    depthwise_weight : array, shape (C * multiplier, 1, k)
    pointwise_weight : array, shape (C_out, C * multiplier) or (C_out, C * multiplier, 1)
    bias, stride, padding, dilation, depthwise_bias, depthwise_activation, padding_mode, \
activation, residual, out, backend, accuracy, tune
        As in `depthwise_separable_conv2d`.

    Returns
    -------
    array, shape (N, C_out, OL), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    >>> numconv.depthwise_separable_conv1d(x, np.ones((2, 1, 2)), np.array([[1.0, 100.0]]))
    array([[ 903., 1105.]])
    """
    result: Kind = _separate(1, **locals())
    return result


def depthwise_separable_conv3d(
    x: Plain | Kind,
    depthwise_weight: Tensor,
    pointwise_weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    depthwise_bias: Tensor | None = None,
    depthwise_activation: Activation | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`depthwise_separable_conv2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W) or (C, D, H, W)
    depthwise_weight : array, shape (C * multiplier, 1, kd, kh, kw)
    pointwise_weight : array, shape (C_out, C * multiplier) or (C_out, C * multiplier, 1, 1, 1)
    bias, stride, padding, dilation, depthwise_bias, depthwise_activation, padding_mode, \
activation, residual, out, backend, accuracy, tune
        As in `depthwise_separable_conv2d`.

    Returns
    -------
    array, shape (N, C_out, OD, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x, mix = np.ones((2, 2, 2, 2)), np.array([[1.0, 10.0]])
    >>> numconv.depthwise_separable_conv3d(x, np.ones((2, 1, 2, 2, 2)), mix)
    array([[[[88.]]]])
    """
    result: Kind = _separate(3, **locals())
    return result


def _separate(
    axes: int,
    x: Any,
    depthwise_weight: Any,
    pointwise_weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    depthwise_bias: Any,
    depthwise_activation: str | None,
    padding_mode: str,
    activation: str | None,
    residual: Any,
    out: Any,
    **options: Any,
) -> Any:
    given = at_hand("x", x)
    with Called(
        weight=("depthwise_weight", depthwise_weight),
        bias=("depthwise_bias", depthwise_bias),
        activation=("depthwise_activation", depthwise_activation),
    ):
        filtered = convolve(
            axes,
            given,
            depthwise_weight,
            depthwise_bias,
            stride,
            padding,
            dilation,
            channels_of(given, axes),
            padding_mode=padding_mode,
            activation=depthwise_activation,
            **options,
        )
    mix = alike(_pointwise(at_hand("pointwise_weight", pointwise_weight), axes), filtered)
    with Called(weight=("pointwise_weight", pointwise_weight)):
        result = convolve(
            axes, filtered, mix, bias, activation=activation, residual=residual, out=out, **options
        )
    return handed_back(result, x, out)


def _pointwise(weight: Any, axes: int) -> Any:
    def arrange(shape: Shape, strides: Shape) -> tuple[Shape, Shape, Shape]:
        if len(shape) not in (2, axes + 2) or any(size != 1 for size in shape[2:]):
            raise ArgumentError("pointwise_weight", shape, "shape (C_out, C * multiplier)")
        return shape[:2], strides[:2], (*shape[:2], *[1] * axes)

    return laid_out("pointwise_weight", weight, arrange)


def _definition(x: Array, depthwise: Array, pointwise: Array, **parameters: Any) -> Array:
    """Convolve with the product of the two weights, summed over the multiplier's channels."""
    axes, channels = depthwise.ndim - 2, channels_of(x, depthwise.ndim - 2)
    mix = pointwise.reshape(pointwise.shape[0], channels, -1)
    kernels = depthwise.reshape(channels, -1, *depthwise.shape[2:])
    wide = np.result_type(x.dtype, "float64") if x.dtype.kind in "fc" else x.dtype
    weight = np.einsum("ocm,cm...->oc...", mix.astype(wide), kernels.astype(wide))
    result: Array = convolve(axes, x.astype(wide), weight, **{**parameters, "backend": "reference"})
    return result if result.dtype == "int64" else result.astype(x.dtype)


def _demonstration(picture: Array) -> Demonstration:
    sharpen = LAPLACIAN / 4
    sharpen[1, 1] += 1
    parameters = {"padding": "same", "padding_mode": "replicate"}
    caption = "each channel sharpened on its own, then all toned by a 3x3 matrix"
    return Demonstration((picture, per_channel(sharpen), SEPIA), parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, "float32") for shape in shapes), parameters)


DEPTHWISE_SEPARABLE = CompositeOperator(
    name="depthwise_separable",
    summary="a kernel for each channel, then 1x1",
    operands=("x", "depthwise_weight", "pointwise_weight"),
    function=depthwise_separable_conv2d,
    definition=_definition,
    named_cases=(
        _case("mobile_3x3", (2, 5, 9, 8), (5, 1, 3, 3), (7, 5), padding=1),
        _case("mobile_stride_2", (1, 4, 9, 11), (4, 1, 3, 3), (6, 4, 1, 1), stride=2, padding=1),
        _case("mobile_multiplier", (3, 8, 8), (6, 1, 3, 3), (4, 6), padding="same"),
    ),
    show=_demonstration,
    examples=Examples(examples.depthwise_separable, chooses_channels=True),
)
