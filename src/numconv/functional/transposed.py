"""Transposed convolution of signals, images and volumes."""

from __future__ import annotations

from ..core.dispatch import solve
from ..core.operators.convolution import OPERANDS
from ..core.operators.transposed import problem
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


def conv_transpose1d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    groups: Int = 1,
    dilation: Ints = 1,
    *,
    output_size: Ints | None = None,
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
    """Transposed convolution of signals: `conv_transpose2d` with one axis.

    Parameters
    ----------
    x : array, shape (N, C_in, L) or (C_in, L)
    weight : array, shape (C_in, C_out/groups, k)
    bias, stride, padding, output_padding, groups, dilation, output_size, padding_mode, \
activation, residual, out, backend, algorithm, accuracy, tune, input
        As in `conv_transpose2d`, per axis where it has axes.

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
    >>> x = np.array([[1.0, 2.0]])
    >>> numconv.conv_transpose1d(x, np.array([[[1.0, 10.0, 100.0]]]), stride=2)
    array([[  1.,  10., 102.,  20., 200.]])
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (
            *(1, stride, padding, output_padding, groups, dilation),
            *(output_size, padding_mode, activation, accuracy),
        ),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def conv_transpose2d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    groups: Int = 1,
    dilation: Ints = 1,
    *,
    output_size: Ints | None = None,
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
    """Transposed convolution of images: the adjoint of `conv2d` with respect to its input.

    Each pixel of `x` is spread over the result, weighted by the kernel::

        out[n, co, iy*sy + ky*dy - top, ix*sx + kx*dx - left] += weight[ci, co, ky, kx]
                                                                 * x[n, ci, iy, ix]

    (arXiv:1603.07285, chapter 4). With a `padding_mode` other than zeros it is the adjoint of
    the convolution padded so: what falls outside is folded back to where the padding came from.

    Parameters
    ----------
    x : array, shape (N, C_in, H, W) or (C_in, H, W)
    weight : array, shape (C_in, C_out/groups, kh, kw)
    bias : array, shape (C_out,), optional
    stride : int or tuple of 2 int, default 1
        The factor by which the result is larger.
    padding : int, tuple, or str, default 0
        Pixels *taken off* each side of the result, in the forms of `conv2d`. ``"same"`` gives
        ``size * stride`` outputs.
    output_padding : int or tuple of 2 int, default 0
        Pixels added at the end of each axis; less than stride or dilation.
    groups : int, default 1
    dilation : int or tuple of 2 int, default 1
    output_size : int or tuple of 2 int, optional
        The result's spatial size, in place of `output_padding`.
    padding_mode, activation, residual, out, backend, algorithm, accuracy, tune, input
        As in `conv2d`.

    Returns
    -------
    array, shape (N, C_out, OH, OW), or without N as `x`
        ``OH = (H - 1) * stride - top - bottom + dilation * (kh - 1) + 1 + output_padding``.

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([[[[1.0, 2.0]]]])
    >>> numconv.conv_transpose2d(x, np.ones((1, 1, 1, 3)), stride=(1, 2))[0, 0]
    array([[1., 1., 3., 2., 2.]])
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (
            *(2, stride, padding, output_padding, groups, dilation),
            *(output_size, padding_mode, activation, accuracy),
        ),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def conv_transpose3d(
    x: Plain | Kind | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    stride: Ints = 1,
    padding: Padding = 0,
    output_padding: Ints = 0,
    groups: Int = 1,
    dilation: Ints = 1,
    *,
    output_size: Ints | None = None,
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
    """Transposed convolution of volumes: `conv_transpose2d` with three axes.

    Parameters
    ----------
    x : array, shape (N, C_in, D, H, W) or (C_in, D, H, W)
    weight : array, shape (C_in, C_out/groups, kd, kh, kw)
    bias, stride, padding, output_padding, groups, dilation, output_size, padding_mode, \
activation, residual, out, backend, algorithm, accuracy, tune, input
        As in `conv_transpose2d`, per axis where it has axes.

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
    >>> x, weight = np.ones((2, 3, 4, 5)), np.ones((2, 1, 2, 2, 2))
    >>> numconv.conv_transpose3d(x, weight, stride=2).shape
    (1, 6, 8, 10)
    """
    solved: Kind = solve(
        problem,
        (x if input is None else named_input(x, input), weight, bias, residual),
        (
            *(3, stride, padding, output_padding, groups, dilation),
            *(output_size, padding_mode, activation, accuracy),
        ),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved
