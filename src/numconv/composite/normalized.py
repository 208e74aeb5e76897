"""Normalised convolution: samples that are missing (NaN) are left out of each weighted mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import arrays, dtypes
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import Pairs, output_sizes, padding_pairs, per_axis
from ..core.operators import examples
from ..core.operators.checks import check_dtype, check_shape
from ..core.operators.convolution import convolve
from ..core.operators.demonstrations import gaussian, per_channel
from ..core.operators.examples import Examples
from ..core.operators.naive import pad, widen
from ..core.protocol import Array, Case, Demonstration, Operand
from ..core.signatures import Int, Ints, Kind, Number, Padding, PaddingMode, Plain, Tensor
from .common import CompositeOperator, spatial_of
from .missing import normalized, totals


def normalized_conv2d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    fill_value: Number = np.nan,
    padding_mode: PaddingMode = "zeros",
    out: Tensor | None = None,
    backend: str = "auto",
    tune: bool = False,
) -> Kind:
    """Convolve images whose missing pixels are NaN, each result as if by what is there.

    ::

        out = sum(weight * x, where x is not NaN) / sum(weight, where x is not NaN) * sum(weight)

    over the receptive field of each output: `conv2d` where nothing is missing, and elsewhere
    what it gives when each missing pixel holds the weighted mean of the others (H. Knutsson and
    C.-F. Westin, "Normalized and differential convolution", CVPR 1993, with the certainty 0
    for NaN and 1 for all else). Infinities are samples. Zeros of the padding are, too.

    Parameters
    ----------
    x : array, shape (N, C_in, H, W) or (C_in, H, W)
        Of a float or complex dtype, in the processor's memory.
    weight : array, shape (C_out, C_in/groups, kh, kw)
        No filter may sum to 0. Where weights are of both signs, those of the pixels that are
        there may all but cancel, and the result is then far from any of these.
    bias : array, shape (C_out,), optional
    stride, padding, dilation, groups, padding_mode, out, backend, tune
        As in `conv2d`; algorithms are those of ``accuracy="strict"``.
    fill_value : float, default NaN
        The result where every pixel that has a weight is missing.

    Returns
    -------
    array, shape (N, C_out, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError
        If a filter sums to 0, to within rounding; else as `conv2d`.
    ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([[[1.0, np.nan, 3.0], [np.nan, np.nan, 5.0]]])
    >>> numconv.normalized_conv2d(x, np.full((1, 1, 2, 2), 0.25))
    array([[[1., 4.]]])
    """
    result: Kind = _normalized_conv(2, **locals())
    return result


def normalized_conv1d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    fill_value: Number = np.nan,
    padding_mode: PaddingMode = "zeros",
    out: Tensor | None = None,
    backend: str = "auto",
    tune: bool = False,
) -> Kind:
    """`normalized_conv2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C_in, L) or (C_in, L)
    weight : array, shape (C_out, C_in/groups, k)
    bias, stride, padding, dilation, groups, fill_value, padding_mode, out, backend, tune
        As in `normalized_conv2d`.

    Returns
    -------
    array, shape (N, C_out, OL), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `normalized_conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([[1.0, np.nan, 3.0, 5.0]])
    >>> numconv.normalized_conv1d(x, np.full((1, 1, 2), 0.5))
    array([[1., 3., 4.]])
    """
    result: Kind = _normalized_conv(1, **locals())
    return result


def normalized_conv3d(
    x: Plain | Kind,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    fill_value: Number = np.nan,
    padding_mode: PaddingMode = "zeros",
    out: Tensor | None = None,
    backend: str = "auto",
    tune: bool = False,
) -> Kind:
    """`normalized_conv2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C_in, D, H, W) or (C_in, D, H, W)
    weight : array, shape (C_out, C_in/groups, kd, kh, kw)
    bias, stride, padding, dilation, groups, fill_value, padding_mode, out, backend, tune
        As in `normalized_conv2d`.

    Returns
    -------
    array, shape (N, C_out, OD, OH, OW), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `normalized_conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([1.0, np.nan, 3.0, np.nan]).reshape(1, 1, 2, 2)
    >>> numconv.normalized_conv3d(x, np.full((1, 1, 1, 2, 2), 0.25))
    array([[[[2.]]]])
    """
    result: Kind = _normalized_conv(3, **locals())
    return result


def _normalized_conv(
    axes: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    fill_value: float,
    padding_mode: str,
    out: Any,
    **options: Any,
) -> Any:
    traced = isinstance(x, Operand)
    given = x if traced else arrays.native(arrays.adapt("x", x))
    taps = weight if traced else arrays.native(arrays.adapt("weight", weight))
    _, *spatial = spatial_of(given, axes)
    kernel_shape = taps.shape[2:]
    if len(kernel_shape) != axes:
        raise ArgumentError("weight", taps.shape, f"an array of {axes + 2} axes")
    if arrays.dtype_name(given) in dtypes.INTEGERS:
        expected = "a float or complex dtype: integers hold no NaN"
        raise ArgumentTypeError("x", arrays.dtype_name(given), expected)
    stride = per_axis("stride", stride, axes, 1)
    dilation = per_axis("dilation", dilation, axes, 1)
    pairs = padding_pairs(padding, spatial, kernel_shape, stride, dilation)

    def smooth(values: Any, padding: Pairs, mode: str) -> Any:
        return convolve(
            *(axes, values, taps, None, stride, padding, dilation, groups),
            padding_mode=mode,
            accuracy="strict",
            **options,
        )

    if traced:
        return normalized(x, np.ones(1), pairs, padding_mode, smooth, fill_value)
    shift = None if bias is None else arrays.adapt("bias", bias)
    operands = (given, taps, shift)
    if shift is not None:
        described = Operand(shift.shape, shift.dtype.name)
        check_dtype("bias", described, Operand(given.shape, given.dtype.name))
        check_shape("bias", described, (len(taps),), "one value per output channel")
    values = given
    if given.dtype == taps.dtype == "float16":
        # What is seen of the weights is a number to divide by: 11 bits would be too few.
        values, taps = given.astype("float32"), taps.astype("float32")
    result = normalized(values, totals(taps), pairs, padding_mode, smooth, fill_value)
    if shift is not None:
        result = result + shift.reshape(-1, *[1] * axes)
    result = result.astype(given.dtype, copy=False)
    if out is None:
        return arrays.restorer(x)(result)
    np.copyto(arrays.check_out(out, result.shape, result.dtype.name, operands), result)
    return out


def _definition(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    fill_value: float = np.nan,
) -> Array:
    """Take the field of each output, leave out what is missing, and divide the two sums."""
    axes, (filters, channels, *kernel_shape) = weight.ndim - 2, weight.shape
    batch = x if x.ndim == axes + 2 else x[None]
    stride, dilation = per_axis("stride", stride, axes, 1), per_axis("dilation", dilation, axes, 1)
    pairs = padding_pairs(padding, batch.shape[2:], kernel_shape, stride, dilation)
    outputs = output_sizes(batch.shape[2:], kernel_shape, stride, pairs, dilation)
    padded, taps = pad(widen(batch), pairs, padding_mode), widen(weight)
    result = np.zeros((len(batch), filters, *outputs), padded.dtype)
    for n, co, *at in np.ndindex(result.shape):
        first = co // (filters // groups) * channels
        reach = zip(at, stride, dilation, kernel_shape, strict=True)
        window = (slice(o * s, o * s + d * (k - 1) + 1, d) for o, s, d, k in reach)
        field = padded[(n, slice(first, first + channels), *window)]
        there = ~np.isnan(field)
        seen = taps[co][there].sum()
        mean = (taps[co][there] * field[there]).sum() / seen if seen else fill_value
        result[(n, co, *at)] = mean * taps[co].sum() if seen else fill_value
    shift = 0 if bias is None else bias.reshape(-1, *[1] * axes)
    return (result + shift).astype(x.dtype).reshape(*x.shape[: -axes - 1], filters, *outputs)


def _demonstration(picture: Array) -> Demonstration:
    holes = np.random.default_rng(0).random(picture.shape[1:]) < 0.7
    weight = per_channel(np.outer(gaussian(7), gaussian(7)))
    parameters = {"groups": 3, "padding": "same", "padding_mode": "symmetric"}
    caption = "seven of ten pixels missing (NaN, drawn black): each result the mean of the others"
    x = np.where(holes, np.float32(np.nan), picture)
    return Demonstration((x, weight), parameters, caption)


def _case(name: str, *shapes: tuple[int, ...], dtype: str = "float32", **parameters: Any) -> Case:
    return Case(name, tuple(Operand(shape, dtype) for shape in shapes), parameters)


def _by_rank(x: Any, weight: Any, bias: Any = None, **parameters: Any) -> Any:
    functions = {3: normalized_conv1d, 4: normalized_conv2d, 5: normalized_conv3d}
    if getattr(weight, "ndim", 0) not in functions:
        given = getattr(weight, "shape", weight)
        raise ArgumentError("weight", given, "shape (C_out, C_in/groups, *kernel_shape)")
    return functions[weight.ndim](x, weight, bias, **parameters)


NORMALIZED = CompositeOperator(
    name="normalized",
    summary="weighted means of what is not missing (NaN)",
    operands=("x", "weight", "bias"),
    function=_by_rank,
    definition=_definition,
    named_cases=(
        _case("normalized_3x3", (2, 3, 7, 9), (4, 3, 3, 3), padding=1),
        _case("normalized_grouped", (4, 9, 8), (6, 2, 3, 2), (6,), groups=2, stride=2),
        _case("normalized_signal", (2, 3, 17), (3, 1, 5), groups=3, dilation=2, padding="same"),
        _case(
            "normalized_volume",
            *((1, 2, 3, 4, 5), (2, 2, 3, 2, 3)),
            padding="same",
            padding_mode="symmetric",
        ),
    ),
    show=_demonstration,
    examples=Examples(examples.weight, chooses_channels=True),
    optional=("bias",),
)
