"""Involution of signals, images and volumes."""

from __future__ import annotations

from typing import Any

from ..core.operators.involution import involve


def involution1d(
    x: Any,
    kernels: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    bias: Any = None,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
) -> Any:
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
    """
    return involve(
        1,
        x,
        kernels,
        stride,
        padding,
        dilation,
        bias=bias,
        padding_mode=padding_mode,
        activation=activation,
        residual=residual,
        out=out,
        backend=backend,
        algorithm=algorithm,
        accuracy=accuracy,
        tune=tune,
    )


def involution2d(
    x: Any,
    kernels: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    bias: Any = None,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
) -> Any:
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
    return involve(
        2,
        x,
        kernels,
        stride,
        padding,
        dilation,
        bias=bias,
        padding_mode=padding_mode,
        activation=activation,
        residual=residual,
        out=out,
        backend=backend,
        algorithm=algorithm,
        accuracy=accuracy,
        tune=tune,
    )


def involution3d(
    x: Any,
    kernels: Any,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    *,
    bias: Any = None,
    padding_mode: str = "zeros",
    activation: str | None = None,
    residual: Any = None,
    out: Any = None,
    backend: str = "auto",
    algorithm: str = "auto",
    accuracy: str = "standard",
    tune: bool = False,
) -> Any:
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
    """
    return involve(
        3,
        x,
        kernels,
        stride,
        padding,
        dilation,
        bias=bias,
        padding_mode=padding_mode,
        activation=activation,
        residual=residual,
        out=out,
        backend=backend,
        algorithm=algorithm,
        accuracy=accuracy,
        tune=tune,
    )
