"""The involution block: kernels generated from the pixels, then the involution."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..core import activations, arrays
from ..core.dtypes import FLOATS
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import per_axis
from ..core.layouts import at_hand, handed_back
from ..core.operators import examples, generated
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import LUMINANCE, gaussian
from ..core.operators.examples import Examples
from ..core.operators.involution import involve
from ..core.operators.naive import pad
from ..core.protocol import Array, Case, Demonstration, Operand
from ..core.signatures import Accuracy, Activation, Ints, Kind, Padding, PaddingMode, Plain, Tensor
from .common import Called, CompositeOperator, channels_of
from .kernel_generator import as_kernels, fold_norm, one_by_one, pool, reshaped


def involution_block2d(
    x: Plain | Kind,
    reduce_weight: Tensor,
    span_weight: Tensor,
    kernel_size: Ints = 7,
    stride: Ints = 1,
    padding: Padding | None = None,
    dilation: Ints = 1,
    *,
    reduce_bias: Tensor | None = None,
    span_bias: Tensor | None = None,
    norm: Sequence[Tensor] | None = None,
    eps: float = 1e-5,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Involution of images with kernels generated from the pixels.

    ``kernels = span(relu(norm(reduce(pool(x)))))``, then ``involution2d(x, kernels)``: `reduce`
    and `span` are 1x1 convolutions, `pool` averages squares of `stride` pixels where stride > 1
    (D. Li et al., "Involution", arXiv:2103.06255, section 3.2 and algorithm 1). Squares cut off
    by the edge average the pixels they have. A backend that can makes the kernels where it uses
    them, and keeps none.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
    reduce_weight : array, shape (C/r, C) or (C/r, C, 1, 1)
        Its rows decide the reduction r.
    span_weight : array, shape (groups * kh * kw, C/r) or (groups * kh * kw, C/r, 1, 1)
        Row ``(g * kh + ky) * kw + kx`` makes tap (ky, kx) of group g's kernel.
    kernel_size : int or tuple of 2 int, default 7
    stride, dilation
        As in `conv2d`.
    padding : default ``dilation * (kernel_size - 1) // 2`` on each side
        In the forms of `conv2d`.
    reduce_bias : array, shape (C/r,), optional
    span_bias : array, shape (groups * kh * kw,), optional
    norm : sequence of 4 arrays of shape (C/r,), optional
        Mean, variance, scale and shift of a batch normalisation between `reduce` and ReLU.
    eps : float, default 1e-5
        Added to the variance.
    padding_mode, activation, residual, out, backend, accuracy, tune
        As in `conv2d`, of the involution.

    Returns
    -------
    array, shape (N, C, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `involution2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.ones((4, 5, 5))
    >>> reduce, span = np.ones((2, 4)), np.ones((9, 2)) / 72
    >>> numconv.involution_block2d(x, reduce, span, kernel_size=3)[0, 2]
    array([0.66666667, 1.        , 1.        , 1.        , 0.66666667])
    """
    result: Kind = _block(2, **locals())
    return result


def involution_block1d(
    x: Plain | Kind,
    reduce_weight: Tensor,
    span_weight: Tensor,
    kernel_size: Ints = 7,
    stride: Ints = 1,
    padding: Padding | None = None,
    dilation: Ints = 1,
    *,
    reduce_bias: Tensor | None = None,
    span_bias: Tensor | None = None,
    norm: Sequence[Tensor] | None = None,
    eps: float = 1e-5,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`involution_block2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C, L) or (C, L)
    reduce_weight : array, shape (C/r, C) or (C/r, C, 1)
    span_weight : array, shape (groups * k, C/r) or (groups * k, C/r, 1)
    kernel_size, stride, padding, dilation, reduce_bias, span_bias, norm, eps, padding_mode, \
activation, residual, out, backend, accuracy, tune
        As in `involution_block2d`.

    Returns
    -------
    array, shape (N, C, OL), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `involution2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x, reduce, span = np.ones((2, 5)), np.ones((1, 2)), np.ones((3, 1)) / 6
    >>> numconv.involution_block1d(x, reduce, span, kernel_size=3)[0].round(2)
    array([0.67, 1.  , 1.  , 1.  , 0.67])
    """
    result: Kind = _block(1, **locals())
    return result


def involution_block3d(
    x: Plain | Kind,
    reduce_weight: Tensor,
    span_weight: Tensor,
    kernel_size: Ints = 7,
    stride: Ints = 1,
    padding: Padding | None = None,
    dilation: Ints = 1,
    *,
    reduce_bias: Tensor | None = None,
    span_bias: Tensor | None = None,
    norm: Sequence[Tensor] | None = None,
    eps: float = 1e-5,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """`involution_block2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W) or (C, D, H, W)
    reduce_weight : array, shape (C/r, C) or (C/r, C, 1, 1, 1)
    span_weight : array, shape (groups * kd * kh * kw, C/r), or with three axes of 1
    kernel_size, stride, padding, dilation, reduce_bias, span_bias, norm, eps, padding_mode, \
activation, residual, out, backend, accuracy, tune
        As in `involution_block2d`.

    Returns
    -------
    array, shape (N, C, OD, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `involution2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x, reduce, span = np.ones((2, 3, 3, 3)), np.ones((1, 2)), np.ones((27, 1)) / 54
    >>> numconv.involution_block3d(x, reduce, span, kernel_size=3)[0, 1, 1].round(2)
    array([0.67, 1.  , 0.67])
    """
    result: Kind = _block(3, **locals())
    return result


def _block(
    axes: int,
    x: Any,
    reduce_weight: Any,
    span_weight: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    reduce_bias: Any,
    span_bias: Any,
    norm: Sequence[Any] | None,
    eps: float,
    padding_mode: str,
    activation: str | None,
    residual: Any,
    out: Any,
    **options: Any,
) -> Any:
    given, x = x, at_hand("x", x)
    if arrays.dtype_name(x) not in FLOATS:
        expected = "dtype " + ", ".join(FLOATS) + ": the generator averages and normalises"
        raise ArgumentTypeError("x", arrays.dtype_name(x), expected)
    kernel_shape = per_axis("kernel_size", kernel_size, axes, 1)
    strides = per_axis("stride", stride, axes, 1)
    dilations = per_axis("dilation", dilation, axes, 1)
    reduce_weight = one_by_one("reduce_weight", reduce_weight, axes, channels_of(x, axes))
    span_weight = one_by_one("span_weight", span_weight, axes, reduce_weight.shape[0])
    taps = prod(kernel_shape)
    if span_weight.shape[0] % taps:
        expected = f"a multiple of {taps} rows, for kernel_size={kernel_shape}"
        raise ArgumentError("span_weight", span_weight.shape, expected)
    if norm is not None:
        reduce_weight, reduce_bias = fold_norm(reduce_weight, reduce_bias, norm, eps)
    if padding is None:
        padding = tuple(d * (k - 1) // 2 for d, k in zip(dilations, kernel_shape, strict=True))
    backend, tune = options["backend"], options["tune"]
    pooled = pool(x, strides, backend)
    with Called(weight=("reduce_weight", reduce_weight), bias=("reduce_bias", reduce_bias)):
        hidden = convolve(axes, pooled, reduce_weight, reduce_bias, activation="relu", **options)
    settings = (kernel_shape, strides, padding, dilations, padding_mode, activation)
    parameters = (axes, *settings, options["accuracy"])
    if generated.offered((x, hidden, span_weight, span_bias, residual), parameters, backend):
        rows = reshaped("span_weight", span_weight, span_weight.shape[:2])
        operands = (x, hidden, rows, span_bias, residual)
        return handed_back(generated.involve(operands, parameters, out, backend, tune), given, out)
    with Called(weight=("span_weight", span_weight), bias=("span_bias", span_bias)):
        spanned = convolve(axes, hidden, span_weight, span_bias, **options)
    result = involve(
        axes,
        x,
        as_kernels(spanned, axes, kernel_shape),
        strides,
        padding,
        dilations,
        padding_mode=padding_mode,
        activation=activation,
        residual=residual,
        out=out,
        **options,
    )
    return handed_back(result, given, out)


def _definition(
    x: Array,
    reduce_weight: Array,
    span_weight: Array,
    *,
    kernel_size: Any = 7,
    stride: Any = 1,
    padding: Any = None,
    dilation: Any = 1,
    padding_mode: str = "zeros",
    reduce_bias: Array | None = None,
    span_bias: Array | None = None,
    norm: Sequence[Array] | None = None,
    eps: float = 1e-5,
    activation: str | None = None,
) -> Array:
    """Generate the kernel of each position and apply it there, position by position."""
    axes = _axes(x, reduce_weight)
    batch = x.reshape(-1, *x.shape[-axes - 1 :]).astype("float64")
    kernel = per_axis("kernel_size", kernel_size, axes, 1)
    strides = per_axis("stride", stride, axes, 1)
    dilations = per_axis("dilation", dilation, axes, 1)
    half = tuple(d * (k - 1) // 2 for d, k in zip(dilations, kernel, strict=True))
    margins = half if padding is None else per_axis("padding", padding, axes, 0)
    padded = pad(batch, tuple((m, m) for m in margins), padding_mode)
    outputs = tuple(
        (size - d * (k - 1) - 1) // s + 1
        for size, d, k, s in zip(padded.shape[2:], dilations, kernel, strides, strict=True)
    )
    reduce_rows: Array = reduce_weight.reshape(reduce_weight.shape[:2]).astype("float64")
    span_rows: Array = span_weight.reshape(span_weight.shape[:2]).astype("float64")
    groups = span_rows.shape[0] // prod(kernel)
    y = np.zeros((*batch.shape[:2], *outputs))
    for n, place in product(range(batch.shape[0]), np.ndindex(*outputs)):
        block = tuple(slice(o * s, o * s + s) for o, s in zip(place, strides, strict=True))
        pixel = batch[n][(..., *block)].reshape(batch.shape[1], -1).mean(1)
        hidden = reduce_rows @ pixel + (0 if reduce_bias is None else reduce_bias)
        if norm is not None:
            mean, variance, scale, shift = norm
            hidden = (hidden - mean) / np.sqrt(variance + eps) * scale + shift
        taps = span_rows @ np.maximum(hidden, 0) + (0 if span_bias is None else span_bias)
        window = tuple(
            slice(o * s, o * s + d * (k - 1) + 1, d)
            for o, s, d, k in zip(place, strides, dilations, kernel, strict=True)
        )
        seen = padded[n][(..., *window)].reshape(groups, -1, *kernel)
        weighted = taps.reshape(groups, 1, *kernel) * seen
        y[n][(..., *place)] = weighted.sum(tuple(range(2, weighted.ndim))).ravel()
    result: Array = np.asarray(activations.apply(activation, y)).astype(x.dtype)
    return result.reshape(*x.shape[: -axes - 1], *result.shape[1:])


def _demonstration(picture: Array) -> Demonstration:
    """Blur by how dark a pixel is: two hidden units split dark from bright."""
    size, sharpness = 9, 4.0
    bell = np.outer(gaussian(size), gaussian(size)).ravel()
    keep = np.zeros(size * size, np.float32)
    keep[size * size // 2] = 1
    reduce_weight = np.stack([sharpness * LUMINANCE, sharpness * LUMINANCE])
    parameters = {
        "kernel_size": size,
        "reduce_bias": np.array([-1.2, -2.2], np.float32),
        "span_bias": bell,
        "padding": size // 2,
        "padding_mode": "replicate",
    }
    span_weight = np.stack([keep - bell, bell - keep], axis=1)
    caption = "each pixel makes its own kernel: the dark ones blur, the bright ones stay sharp"
    arrays_shown = (picture, reduce_weight.astype(np.float32), span_weight.astype(np.float32))
    return Demonstration(arrays_shown, parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, "float32") for shape in shapes), parameters)


def _by_rank(x: Any, reduce_weight: Any, span_weight: Any, **parameters: Any) -> Any:
    functions = {1: involution_block1d, 2: involution_block2d, 3: involution_block3d}
    axes = _axes(x, reduce_weight)
    if axes not in functions:
        raise ArgumentError("x", getattr(x, "shape", x), "an array of shape (N, C, *spatial)")
    return functions[axes](x, reduce_weight, span_weight, **parameters)


def _axes(x: Any, reduce_weight: Any) -> int:
    """Return the spatial axes of `x`; with a flat weight, three axes are an image's."""
    spatial = int(getattr(reduce_weight, "ndim", 0)) - 2
    rank = int(getattr(x, "ndim", 0))
    return spatial or (2 if rank == 3 else rank - 2)


INVOLUTION_BLOCK = CompositeOperator(
    name="involution_block",
    summary="involution with kernels generated from the pixels",
    operands=("x", "reduce_weight", "span_weight"),
    function=_by_rank,
    definition=_definition,
    named_cases=(
        _case("block_3x3", (2, 8, 7, 6), (2, 8), (18, 2), kernel_size=3),
        _case("block_odd_stride_2", (1, 8, 7, 9), (4, 8), (50, 4), kernel_size=5, stride=2),
        _case("block_7x7", (1, 6, 8, 9), (3, 6), (49, 3), padding_mode="replicate"),
        _case("block_signal", (2, 4, 15), (2, 4, 1), (6, 2, 1), kernel_size=3, stride=2),
        _case("block_volume", (1, 4, 3, 4, 5), (2, 4, 1, 1, 1), (54, 2, 1, 1, 1), kernel_size=3),
        _case("block_dilated", (1, 4, 9, 9), (2, 4), (9, 2), kernel_size=3, dilation=2),
    ),
    show=_demonstration,
    examples=Examples(examples.generator, kernel=7),
)
