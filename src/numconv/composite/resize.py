"""Resize-convolution: enlarge by interpolation, then convolve; no checkerboards."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import Any, Literal, get_args

import numpy as np

from ..core import arrays
from ..core.errors import ArgumentError
from ..core.geometry import LARGEST, per_axis
from ..core.layouts import at_hand, handed_back, laid_out
from ..core.operators import examples
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import gaussian, per_channel, shrink
from ..core.operators.examples import Examples
from ..core.places import HOST, memory_of
from ..core.protocol import Array, Case, Demonstration, Operand, Shape
from ..core.signatures import (
    Accuracy,
    Activation,
    Int,
    Ints,
    Kind,
    Padding,
    PaddingMode,
    Plain,
    Tensor,
)
from .common import CompositeOperator, spatial_of

Interpolation = Literal["nearest", "linear"]
INTERPOLATIONS: tuple[str, ...] = get_args(Interpolation)


def resize_conv2d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    scale: Ints = 2,
    padding: Padding = "same",
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    interpolation: Interpolation = "nearest",
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Enlarge images by interpolation, then convolve with stride 1.

    What to use in place of a transposed convolution whose kernel does not divide by its stride
    (A. Odena, V. Dumoulin and C. Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016).

    Parameters
    ----------
    x : array, shape (N, C_in, H, W) or (C_in, H, W)
        Of a float or complex dtype for ``linear``.
    weight : array, shape (C_out, C_in/groups, kh, kw)
    bias : array, shape (C_out,), optional
    scale : int or tuple of 2 int, default 2
        How many times larger, per axis.
    padding : default "same"
        Of the convolution, in the forms of `conv2d`.
    dilation, groups
        As in `conv2d`.
    interpolation : {"nearest", "linear"}
        ``nearest`` repeats each pixel; ``linear`` (bilinear in two axes) interpolates between
        pixel centres, as PyTorch does with ``align_corners=False``, of arrays in the processor's
        memory.
    padding_mode, activation, residual, out, backend, accuracy, tune
        As in `conv2d`.

    Returns
    -------
    array, shape (N, C_out, OH, OW), or without N as `x`
        ``OH = scale * H`` with the default padding.

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> numconv.resize_conv2d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 1, 1)))
    array([[[1., 1., 2., 2.],
            [1., 1., 2., 2.]]])
    """
    result: Kind = _resize_conv(2, **locals())
    return result


def resize_conv1d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    scale: Ints = 2,
    padding: Padding = "same",
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    interpolation: Interpolation = "nearest",
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`resize_conv2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C_in, L) or (C_in, L)
    weight : array, shape (C_out, C_in/groups, k)
    bias, scale, padding, dilation, groups, interpolation, padding_mode, activation, residual, \
out, backend, accuracy, tune
        As in `resize_conv2d`.

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
    >>> x, weight = np.array([[1.0, 2.0]]), np.ones((1, 1, 1))
    >>> numconv.resize_conv1d(x, weight, interpolation="linear")
    array([[1.  , 1.25, 1.75, 2.  ]])
    """
    result: Kind = _resize_conv(1, **locals())
    return result


def resize_conv3d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    scale: Ints = 2,
    padding: Padding = "same",
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    interpolation: Interpolation = "nearest",
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`resize_conv2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C_in, D, H, W) or (C_in, D, H, W)
    weight : array, shape (C_out, C_in/groups, kd, kh, kw)
    bias, scale, padding, dilation, groups, interpolation, padding_mode, activation, residual, \
out, backend, accuracy, tune
        As in `resize_conv2d`.

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
    >>> x = np.arange(2.0).reshape(1, 1, 1, 2)
    >>> numconv.resize_conv3d(x, np.ones((1, 1, 1, 1, 1)), scale=(1, 2, 3))
    array([[[[0., 0., 0., 1., 1., 1.],
             [0., 0., 0., 1., 1., 1.]]]])
    """
    result: Kind = _resize_conv(3, **locals())
    return result


def _resize_conv(
    axes: int,
    x: Any,
    weight: Any,
    bias: Any,
    scale: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    interpolation: str,
    out: Any,
    **options: Any,
) -> Any:
    given = at_hand("x", x)
    sizes = spatial_of(given, axes)
    factors = per_axis("scale", scale, axes, 1)
    if prod(sizes) * prod(factors) > LARGEST:
        raise ArgumentError("scale", scale, f"at most {LARGEST} values, of the {sizes} there are")
    if interpolation not in INTERPOLATIONS:
        expected = " or ".join(map(repr, INTERPOLATIONS))
        raise ArgumentError("interpolation", interpolation, expected)
    larger = enlarge(given, factors, interpolation)
    result = convolve(axes, larger, weight, bias, 1, padding, dilation, groups, out=out, **options)
    return handed_back(result, x, out)


def enlarge(x: Any, factors: tuple[int, ...], interpolation: str) -> Any:
    """Return `x` with its last axes enlarged by `factors`; an `Operand` stays one."""
    if interpolation == "nearest" or isinstance(x, Operand):
        return _repeat(x, factors)
    memory = memory_of([("x", x)])
    if memory is not HOST:
        expected = f"'nearest' for arrays in the memory of {memory.device!r}"
        raise ArgumentError("interpolation", interpolation, expected)
    array = arrays.adapt("x", x)
    if array.dtype.kind not in "fc":
        raise ArgumentError("interpolation", interpolation, f"'nearest' for {array.dtype}")
    for axis, factor in enumerate(factors, array.ndim - len(factors)):
        if factor > 1:
            array = _interpolate(array, axis, factor)
    return arrays.restorer(x)(array)


def _repeat(x: Any, factors: tuple[int, ...]) -> Any:
    """Return `x` with every sample of its last axes repeated."""

    def arrange(shape: Shape, strides: Shape) -> tuple[Shape, Shape, Shape]:
        first = len(shape) - len(factors)
        each = list(zip(shape[first:], factors, strict=True))
        steps = [(stride, 0) for stride in strides[first:]]
        return (
            (*shape[:first], *chain(*each)),
            (*strides[:first], *chain(*steps)),
            (*shape[:first], *(size * factor for size, factor in each)),
        )

    return laid_out("x", x, arrange)


def _interpolate(array: Array, axis: int, factor: int) -> Array:
    size = array.shape[axis]
    position = ((np.arange(size * factor) + 0.5) / factor - 0.5).clip(0, size - 1)
    before = np.floor(position).astype(np.int64)
    shape = [1] * array.ndim
    shape[axis] = -1
    part = (position - before).astype(array.real.dtype).reshape(shape)
    after = np.minimum(before + 1, size - 1)
    mixed: Array = array.take(before, axis) * (1 - part) + array.take(after, axis) * part
    return mixed


def _definition(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    scale: Any = 2,
    padding: Any = "same",
    interpolation: str = "nearest",
    **parameters: Any,
) -> Array:
    """Interpolate pixel by pixel from the formula, then convolve by definition."""
    axes = weight.ndim - 2
    first = x.ndim - axes
    factors = per_axis("scale", scale, axes, 1)
    sizes = tuple(size * f for size, f in zip(x.shape[first:], factors, strict=True))
    larger = np.zeros((*x.shape[:first], *sizes), x.dtype)
    for place in np.ndindex(*sizes):
        for corner in np.ndindex(*[2] * axes):
            share, source = 1.0, []
            for i, f, size, side in zip(place, factors, x.shape[first:], corner, strict=True):
                exact = min(max((i + 0.5) / f - 0.5, 0.0), size - 1.0)
                if interpolation == "nearest":
                    share *= 1.0 - side
                    source.append(i // f)
                else:
                    part = exact - int(exact)
                    share *= part if side else 1 - part
                    source.append(min(int(exact) + side, size - 1))
            larger[(..., *place)] += (share * x[(..., *source)]).astype(x.dtype)
    result: Array = convolve(
        axes, larger, weight, bias, padding=padding, **{**parameters, "backend": "reference"}
    )
    return result


def _demonstration(picture: Array) -> Demonstration:
    small = shrink(picture, 4)
    weight = per_channel(np.outer(gaussian(5), gaussian(5)))
    parameters = {
        "scale": 4,
        "groups": 3,
        "padding_mode": "replicate",
        "interpolation": "linear",
    }
    caption = "four times larger by interpolation, then a 5x5 Gaussian: no checkerboard"
    return Demonstration((small, weight), parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, "float32") for shape in shapes), parameters)


RESIZE = CompositeOperator(
    name="resize",
    summary="enlarge by interpolation, then convolve",
    operands=("x", "weight", "bias"),
    function=lambda x, weight, bias=None, **parameters: _by_rank(x, weight, bias, parameters),
    definition=_definition,
    named_cases=(
        _case("resize_nearest", (1, 3, 5, 6), (4, 3, 3, 3)),
        _case("resize_linear", (2, 3, 5, 4), (4, 3, 3, 3), scale=(2, 3), interpolation="linear"),
        _case("resize_signal", (2, 3, 11), (2, 3, 5), scale=3, interpolation="linear"),
        _case("resize_volume", (1, 2, 3, 2, 4), (2, 2, 3, 3, 3)),
    ),
    show=_demonstration,
    examples=Examples(examples.weight, chooses_channels=True),
    optional=("bias",),
)


def _by_rank(x: Any, weight: Any, bias: Any, parameters: dict[str, Any]) -> Any:
    functions = {3: resize_conv1d, 4: resize_conv2d, 5: resize_conv3d}
    if getattr(weight, "ndim", 0) not in functions:
        given = getattr(weight, "shape", weight)
        raise ArgumentError("weight", given, "shape (C_out, C_in/groups, *kernel_shape)")
    return functions[weight.ndim](x, weight, bias, **parameters)
