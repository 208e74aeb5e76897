"""Grouped convolution with its channels shuffled, and the shuffle alone."""

from __future__ import annotations

from ..core.dispatch import solve
from ..core.errors import ArgumentError
from ..core.geometry import integer
from ..core.layouts import laid_out
from ..core.operators.convolution import OPERANDS, problem
from ..core.protocol import Shape
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


def shuffled_conv1d(
    x: Plain | Kind,
    weight: Tensor,
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
) -> Kind:
    """Shuffled grouped convolution of signals: `shuffled_conv2d` with one axis.

    Parameters
    ----------
    x : array, shape (N, C_in, L) or (C_in, L)
    weight : array, shape (C_out, C_in/groups, k)
    bias, stride, padding, dilation, groups, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune
        As in `shuffled_conv2d`, per axis where it has axes.

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
    >>> x = np.array([[1.0, 2.0], [30.0, 40.0]])
    >>> numconv.shuffled_conv1d(x, np.ones((4, 1, 1)), groups=2)
    array([[ 1.,  2.],
           [30., 40.],
           [ 1.,  2.],
           [30., 40.]])
    """
    solved: Kind = solve(
        problem,
        (x, weight, bias, residual),
        (1, stride, padding, dilation, groups, padding_mode, activation, accuracy, True),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def shuffled_conv2d(
    x: Plain | Kind,
    weight: Tensor,
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
) -> Kind:
    """Grouped convolution of images, its channels shuffled as they are stored.

    Equal to ``channel_shuffle(conv2d(...), groups)`` in one pass: channel ``c`` of ``C_out``
    is stored as ``(c % (C_out/groups)) * groups + c // (C_out/groups)`` (X. Zhang et al.,
    "ShuffleNet", arXiv:1707.01083, section 3.1).

    Parameters
    ----------
    x, weight, bias, stride, padding, dilation, groups, padding_mode, activation, out, backend, \
algorithm, accuracy, tune
        As in `conv2d`.
    residual : array of the result's shape, optional
        Added after the shuffle, before the activation.

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
    >>> x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)
    >>> weight = np.ones((4, 1, 1, 1))
    >>> numconv.shuffled_conv2d(x[:, :2], weight, groups=2).ravel()
    array([1., 2., 1., 2.])
    """
    solved: Kind = solve(
        problem,
        (x, weight, bias, residual),
        (2, stride, padding, dilation, groups, padding_mode, activation, accuracy, True),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def shuffled_conv3d(
    x: Plain | Kind,
    weight: Tensor,
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
) -> Kind:
    """Shuffled grouped convolution of volumes: `shuffled_conv2d` with three axes.

    Parameters
    ----------
    x : array, shape (N, C_in, D, H, W) or (C_in, D, H, W)
    weight : array, shape (C_out, C_in/groups, kd, kh, kw)
    bias, stride, padding, dilation, groups, padding_mode, activation, residual, out, backend, \
algorithm, accuracy, tune
        As in `shuffled_conv2d`, per axis where it has axes.

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
    >>> x = np.array([1.0, 2.0]).reshape(2, 1, 1, 1)
    >>> numconv.shuffled_conv3d(x, np.ones((4, 1, 1, 1, 1)), groups=2).ravel()
    array([1., 2., 1., 2.])
    """
    solved: Kind = solve(
        problem,
        (x, weight, bias, residual),
        (3, stride, padding, dilation, groups, padding_mode, activation, accuracy, True),
        OPERANDS,
        out=out,
        backend=backend,
        algorithm=algorithm,
        tune=tune,
    )
    return solved


def channel_shuffle(x: Plain | Kind, groups: Int) -> Kind:
    """Interleave the channels of `groups` groups, so that later groups see all of them.

    Channel ``c`` of C goes to ``(c % (C/groups)) * groups + c // (C/groups)`` (X. Zhang et al.,
    "ShuffleNet", arXiv:1707.01083, section 3.1).

    Parameters
    ----------
    x : array, shape (N, C, *spatial)
        One to three spatial axes.
    groups : int
        A divisor of C.

    Returns
    -------
    array of the shape, dtype and kind of `x`, a copy

    Raises
    ------
    ArgumentError
        If `groups` does not divide the channels, or `x` has no channels.

    Examples
    --------
    >>> import numpy as np
    >>> import numconv
    >>> numconv.channel_shuffle(np.arange(6).reshape(1, 6, 1), 2).ravel()
    array([0, 3, 1, 4, 2, 5])
    """
    count = integer("groups", groups, 1)

    def arrange(shape: Shape, strides: Shape) -> tuple[Shape, Shape, Shape]:
        if not 3 <= len(shape) <= 5:
            raise ArgumentError("x", shape, "an array of shape (N, C, *spatial)")
        n, channels, *spatial = shape
        if channels % count:
            raise ArgumentError("groups", groups, f"a divisor of C={channels}")
        batch, channel, *rest = strides
        per_group = channels // count
        return (
            (n, per_group, count, *spatial),
            (batch, channel, per_group * channel, *rest),
            shape,
        )

    shuffled: Kind = laid_out("x", x, arrange)
    return shuffled
