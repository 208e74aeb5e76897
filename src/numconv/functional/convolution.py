"""Convolution of signals, images and volumes."""

from __future__ import annotations

from ..core.dispatch import solve
from ..core.operators.convolution import OPERANDS, problem
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
from .names import named_input


def conv1d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
    input: Plain | Kind | None = None,
) -> Kind:
    """Convolve signals: `conv2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C_in, L) or (C_in, L)
    weight : array, shape (C_out, C_in/groups, k)
    bias, stride, padding, dilation, groups, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune, input
        As in `conv2d`, per axis where it has axes.

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
    >>> x = np.array([[1.0, 2.0, 4.0, 8.0]])
    >>> numconv.conv1d(x, np.array([[[-1.0, 1.0]]]))
    array([[1., 2., 4.]])
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (1, stride, padding, dilation, groups, padding_mode, activation, accuracy, False),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def conv2d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
    input: Plain | Kind | None = None,
) -> Kind:
    """Convolve images: cross-correlation of `x` with `weight`.

    ::

        out[n, co, oy, ox] = bias[co] + sum over ci, ky, kx of
            weight[co, ci, ky, kx] * x[n, g*C_in/groups + ci, oy*sy + ky*dy - top,
                                       ox*sx + kx*dx - left]

    with ``g = co // (C_out / groups)`` (arXiv:1603.07285, relation 6, with groups and dilation).

    Parameters
    ----------
    x : array, shape (N, C_in, H, W) or (C_in, H, W)
    weight : array, shape (C_out, C_in/groups, kh, kw)
        Of the dtype of `x`.
    bias : array, shape (C_out,), optional
    stride : int or tuple of 2 int, default 1
        Pixels from one output to the next.
    padding : int, tuple, or str, default 0
        Pixels added on each side: one number, one per axis, or ``((top, bottom), (left,
        right))``. ``"valid"`` is 0; ``"same"`` (= ``"same_upper"``) gives ``ceil(size /
        stride)`` outputs at any stride with the odd pixel at the end, ``"same_lower"`` at the
        beginning; ``"full"`` lets the kernel hang over by all but one tap.
    dilation : int or tuple of 2 int, default 1
        Pixels from one tap to the next.
    groups : int, default 1
        Channels are split into as many groups that don't meet.
    padding_mode : {"zeros", "reflect", "symmetric", "replicate", "circular"}
        What stands outside the image. ``reflect`` does not repeat the edge pixel (SciPy's
        ``mirror``), ``symmetric`` does (SciPy's ``reflect``).
    activation : str, optional
        Applied to each output: ``relu``, ``relu6``, ``leaky_relu`` (slope 0.01), ``silu``,
        ``sigmoid``, ``tanh``, ``gelu`` or ``hardswish``.
    residual : array of the result's shape, optional
        Added before the activation.
    out : array of the result's shape and dtype, optional
        Written and returned. It must not overlap an operand, nor its elements each other.
    backend : str, default "auto"
        Where to compute; a name never falls back to another.
    algorithm : str, default "auto"
        How to compute; a name never falls back to another. It is that of an algorithm of the
        backend which would be chosen: another backend's needs the backend's name as well.
    accuracy : {"standard", "strict", "fast"}
        ``strict`` forbids algorithms that mix receptive fields or cut values in parts. ``fast``
        allows to round operands of float32 to 11 significant bits (TF32), of which the backend
        `cuda` makes use: a product may then be wrong by 1e-3 of its size.
    tune : bool, default False
        Measure the algorithms of the backend, or of all that are ready, once instead of
        estimating them, and remember the fastest.
    input : array, optional
        PyTorch's name of `x`: calls that name their arguments move over by the import alone.

    Returns
    -------
    array, shape (N, C_out, OH, OW), or (C_out, OH, OW) for an `x` without batch axis
        Of the dtype of `x` and of its library, whose own class comes back for a subclass; float16
        is summed in float32. Integers give int64.

    Raises
    ------
    ArgumentError
        (a `ValueError`) Names the argument that does not fit, its value, and what would.
    ArgumentTypeError
        (also a `TypeError`) For an argument of the wrong type or dtype.
    BackendError, RefusedError
        If the backend or algorithm asked for by name cannot be used or refuses, or if sums of
        integers might not fit an int64.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> numconv.conv2d(x, np.ones((1, 1, 3, 3)))[0, 0]
    array([[45., 54.],
           [81., 90.]])
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (2, stride, padding, dilation, groups, padding_mode, activation, accuracy, False),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def conv3d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    groups: Int = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
    input: Plain | Kind | None = None,
) -> Kind:
    """Convolve volumes: `conv2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C_in, D, H, W) or (C_in, D, H, W)
    weight : array, shape (C_out, C_in/groups, kd, kh, kw)
    bias, stride, padding, dilation, groups, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune, input
        As in `conv2d`, per axis where it has axes.

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
    >>> x = np.ones((1, 3, 3, 3))
    >>> numconv.conv3d(x, np.ones((1, 1, 3, 3, 3)), padding=1)[0, 1]
    array([[12., 18., 12.],
           [18., 27., 18.],
           [12., 18., 12.]])
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (3, stride, padding, dilation, groups, padding_mode, activation, accuracy, False),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved
