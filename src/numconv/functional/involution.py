"""Involution of signals, images and volumes."""

from __future__ import annotations

from ..core.dispatch import solve
from ..core.operators.involution import OPERANDS, problem
from ..core.signatures import Accuracy, Activation, Ints, Kind, Padding, PaddingMode, Plain, Tensor


def involution1d(
    x: Plain | Kind,
    kernels: Tensor,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    bias: Tensor | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Involution of signals: `involution2d` with one spatial axis.

    Parameters
    ----------
    x : array, shape (N, C, L) or (C, L)
    kernels : array, shape (N, groups, k, OL), or without N as `x`
    stride, padding, dilation, bias, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune
        As in `involution2d`, per axis where it has axes.

    Returns
    -------
    array, shape (N, C, OL), or without N as `x`

    Raises
    ------
    ArgumentError, ArgumentTypeError, BackendError, RefusedError
        As `conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> x = np.array([[1.0, 2.0, 3.0]])
    >>> kernels = np.array([[[1.0, 10.0], [0.0, 1.0]]])
    >>> numconv.involution1d(x, kernels)
    array([[ 1., 23.]])
    """
    solved: Kind = solve(
        problem,
        (x, kernels, bias, residual),
        (1, stride, padding, dilation, padding_mode, activation, accuracy),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def involution2d(
    x: Plain | Kind,
    kernels: Tensor,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    bias: Tensor | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Involution of images: every position has its own kernel, shared by a group's channels.

    ::

        out[n, c, oy, ox] = sum over ky, kx of kernels[n, c // (C/groups), ky, kx, oy, ox]
                                               * x[n, c, oy*sy + ky*dy - top, ox*sx + kx*dx - left]

    (D. Li et al., "Involution: Inverting the Inherence of Convolution for Visual Recognition",
    arXiv:2103.06255, equation 4.) Not flipped.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (C, H, W)
    kernels : array, shape (N, groups, kh, kw, OH, OW), or without N as `x`
        Of the dtype of `x`; `groups` divides C.
    stride, padding, dilation
        As in `conv2d`.
    bias : array, shape (C,), optional
    padding_mode, activation, residual, out, backend, algorithm, accuracy, tune
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
    >>> x = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> kernels = np.full((1, 1, 1, 1, 2, 2), 10.0)
    >>> numconv.involution2d(x, kernels)[0, 0]
    array([[ 0., 10.],
           [20., 30.]])
    """
    solved: Kind = solve(
        problem,
        (x, kernels, bias, residual),
        (2, stride, padding, dilation, padding_mode, activation, accuracy),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def involution3d(
    x: Plain | Kind,
    kernels: Tensor,
    stride: Ints = 1,
    padding: Padding = 0,
    dilation: Ints = 1,
    *,
    bias: Tensor | None = None,
    padding_mode: PaddingMode = "zeros",
    activation: Activation | None = None,
    residual: Tensor | None = None,
    out: Tensor | None = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: Accuracy = "standard",
    tune: bool = False,
) -> Kind:
    """Involution of volumes: `involution2d` with three spatial axes.

    Parameters
    ----------
    x : array, shape (N, C, D, H, W) or (C, D, H, W)
    kernels : array, shape (N, groups, kd, kh, kw, OD, OH, OW), or without N as `x`
    stride, padding, dilation, bias, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune
        As in `involution2d`, per axis where it has axes.

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
    >>> x = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> numconv.involution3d(x, 2 * x[:, None, None, None]).ravel()
    array([ 0.,  2.,  8., 18., 32., 50., 72., 98.])
    """
    solved: Kind = solve(
        problem,
        (x, kernels, bias, residual),
        (3, stride, padding, dilation, padding_mode, activation, accuracy),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved
