"""The Gaussian and its derivatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from ..core.errors import ArgumentError
from ..core.protocol import Array
from ..core.signatures import Int, Ints, Kind, Number, Numbers, Plain, Real, Tensor
from .arguments import Mode, among, axes_of, index, number, of_arrays, per_axis, remembered, without
from .derivatives import magnitude_of, sum_of
from .errors import NoWidthError, TooLargeError
from .output import Step, output_of
from .weighted import Line, line_of

NARROWEST = 1e-15
"""A standard deviation up to this leaves an axis as it is."""


def bell(sigma: float, order: int, radius: int) -> Array:
    """Return a Gaussian, or its derivative of some order, at `radius` down to ``-radius``.

    It is turned around because it is correlated with. The Gaussian has the sum 1. A derivation
    turns ``q(x) exp(-x**2 / (2 sigma**2))`` into ``(q'(x) - x q(x) / sigma**2) exp(...)``, which is
    linear in the coefficients of q.
    """
    if sigma == 0:
        raise NoWidthError("sigma", sigma, "a standard deviation above 0")
    variance = sigma * sigma
    x = np.arange(-radius, radius + 1)
    values = np.exp(-0.5 / variance * x**2)
    values = values / values.sum()
    if order > 0:
        powers = np.arange(order + 1)
        derive = np.diag(powers[1:], 1) + np.diag(np.ones(order) / -variance, -1)
        q = (powers == 0).astype(float)
        for _ in range(order):
            q = derive.dot(q)
        values = (x[:, None] ** powers).dot(q) * values
    return np.ascontiguousarray(values[::-1])


@remembered
def _line(
    sigma: Any, order: Any, truncate: Any, radius: Any, axes: int, axis: Any, mode: Any
) -> Line:
    width = number("sigma", sigma)
    reach = _reach(width, number("truncate", truncate)) if radius is None else radius
    if not isinstance(reach, Integral) or reach < 0:
        raise ArgumentError("radius", reach, "an integer of at least 0")
    derivations = index("order", order)
    if derivations < 0:
        raise ArgumentError("order", order, "at least 0")
    return line_of(bell(width, derivations, int(reach)), axes, axis, mode)


def _reach(sigma: float, truncate: float) -> int:
    reach = truncate * sigma + 0.5
    if math.isnan(reach):
        raise ArgumentError("sigma", sigma, "a number, as truncate")
    if math.isinf(reach):
        raise TooLargeError("sigma", sigma, "a finite number, as truncate")
    return int(reach)


@of_arrays
def gaussian_filter1d(
    input: Plain | Numbers | Kind,
    sigma: Real,
    axis: Int = -1,
    order: Int = 0,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    truncate: Real = 4.0,
    *,
    radius: Int | None = None,
) -> Kind:
    """Smooth an array along one axis by a Gaussian, or take a derivative of what is smoothed.

    Parameters
    ----------
    input, axis, output, mode, cval
        As in `correlate1d`.
    sigma : float
        Standard deviation, in samples.
    order : int
        Of the derivative; 0 smooths.
    truncate : float
        The Gaussian is cut at so many standard deviations.
    radius : int, optional
        Samples to each side at which it is cut, in place of `truncate`.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`; a width of zero is a ZeroDivisionError as well.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.gaussian_filter1d(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 1).round(4).tolist()
    [1.427, 2.0678, 3.0, 3.9322, 4.573]
    """
    x: Any = input
    target = output_of(output, x, x.dtype.kind == "c")
    line = _line(sigma, order, truncate, radius, x.ndim, axis, mode)
    return cast(Kind, target.after(x, line.step(cval)))


@of_arrays
def gaussian_filter(
    input: Plain | Numbers | Kind,
    sigma: Real | Sequence[Real],
    order: Ints = 0,
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    truncate: Real = 4.0,
    *,
    radius: Ints | None = None,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Smooth an array by a Gaussian, or take a derivative of what is smoothed.

    One axis after the other is filtered by `gaussian_filter1d`, and what comes of each is rounded
    to the dtype of the result.

    Parameters
    ----------
    input, output, cval, axes, channel_axis
        As in `correlate`.
    sigma, order, mode, radius
        As in `gaussian_filter1d`; one for all filtered axes or one for each. An axis of sigma
        1e-15 or less is left alone.
    truncate : float
        As in `gaussian_filter1d`.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.gaussian_filter(np.eye(3), 0.5).round(3).tolist()
    [[0.809, 0.179, 0.012], [0.179, 0.641, 0.179], [0.012, 0.179, 0.809]]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    target = output_of(output, x)
    return cast(Kind, target.after(x, *_steps(x, sigma, order, mode, cval, truncate, radius, axes)))


@of_arrays
def gaussian_laplace(
    input: Plain | Numbers | Kind,
    sigma: Real | Sequence[Real],
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
    **kwargs: Any,
) -> Kind:
    """Smooth an array by a Gaussian and add the second derivatives along all axes.

    Parameters
    ----------
    input, sigma, output, mode, cval, axes, channel_axis
        As in `gaussian_filter`.
    **kwargs
        What else `gaussian_filter` takes: `truncate`, `radius`.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.gaussian_laplace(np.array([0.0, 0, 0, 1, 0, 0, 0]), 1).round(2).tolist()
    [0.04, 0.16, 0.0, -0.4, 0.0, 0.16, 0.04]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    return cast(Kind, sum_of(x, output, _derivatives(x, sigma, 2, mode, cval, axes, kwargs)))


@of_arrays
def gaussian_gradient_magnitude(
    input: Plain | Numbers | Kind,
    sigma: Real | Sequence[Real],
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
    **kwargs: Any,
) -> Kind:
    """Smooth an array by a Gaussian and take the length of its gradient.

    Parameters
    ----------
    input, sigma, output, mode, cval, axes, channel_axis
        As in `gaussian_filter`.
    **kwargs
        What else `gaussian_filter` takes: `truncate`, `radius`.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> slope = 3.0 * np.add.outer(range(9), range(9))
    >>> float(ndimage.gaussian_gradient_magnitude(slope, 1)[4, 4].round(2))
    4.24
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    # Without an axis no sigma is looked at, as in SciPy.
    some = axes_of(axes, x.ndim)
    parts = _derivatives(x, sigma, 1, mode, cval, axes, kwargs) if some else []
    return cast(Kind, magnitude_of(x, output, parts))


def _derivatives(
    x: Array, sigma: Any, order: int, mode: Any, cval: Any, axes: Any, more: dict[str, Any]
) -> list[list[Step]]:
    """Return, for each filtered axis, the steps to the derivative along it of what is smoothed."""
    chosen = axes_of(axes, x.ndim)
    sigmas = per_axis("sigma", sigma, len(chosen))
    if len(chosen) < x.ndim:
        sigmas = list(among(chosen, sigmas, x.ndim, 0))
    modes = per_axis("mode", mode, len(chosen))
    orders = (among((axis,), (order,), x.ndim, 0) for axis in chosen)
    return [
        _steps(x, sigmas, orders_of_axis, mode_of_axis, cval, **more)
        for orders_of_axis, mode_of_axis in zip(orders, modes, strict=True)
    ]


def _steps(
    x: Array,
    sigma: Any,
    order: Any,
    mode: Any,
    cval: Any,
    truncate: Any = 4.0,
    radius: Any = None,
    axes: Any = None,
) -> list[Step]:
    """Return a step for each axis that is wide enough."""
    chosen = axes_of(axes, x.ndim)
    given = (("order", order), ("sigma", sigma), ("mode", mode), ("radius", radius))
    each = zip(chosen, *(per_axis(*named, len(chosen)) for named in given), strict=True)
    return [
        _line(sigma, order, truncate, radius, x.ndim, axis, mode).step(cval)
        for axis, order, sigma, mode, radius in each
        if number("sigma", sigma) > NARROWEST
    ]
