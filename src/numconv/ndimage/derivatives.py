"""Derivatives by small differences, and what is made of derivatives along all axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from ..core.protocol import Array
from ..core.signatures import Int, Ints, Kind, Number, Numbers, Plain, Tensor
from .arguments import Mode, axes_of, axis_of, of_arrays, per_axis, remembered, without
from .output import Output, Step, output_of
from .weighted import Line, line_of

WEIGHTS = {
    "slope": (-1.0, 0.0, 1.0),
    "curvature": (1.0, -2.0, 1.0),
    "sobel": (1.0, 2.0, 1.0),
    "prewitt": (1.0, 1.0, 1.0),
}


@remembered
def _line(name: str, axes: int, axis: Any, mode: Any) -> Line:
    return line_of(np.array(WEIGHTS[name]), axes, axis, mode)


@of_arrays
def prewitt(
    input: Plain | Numbers | Kind,
    axis: Int = -1,
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
) -> Kind:
    """Take the slope along one axis, (-1, 0, 1), and sum it by (1, 1, 1) along all others.

    Parameters
    ----------
    input, output, cval
        As in `correlate`. What comes of each axis is rounded to the dtype of the result.
    axis : int
        Along which the slope is taken.
    mode : str or sequence of str
        As in `correlate`; one for all axes or one for each.

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
    >>> ndimage.prewitt(np.tile([0, 0, 1, 1], (3, 1))).tolist()
    [[0, 3, 3, 0], [0, 3, 3, 0], [0, 3, 3, 0]]
    """
    x: Any = input
    return cast(Kind, _slope(x, axis, output, mode, cval, "prewitt"))


@of_arrays
def sobel(
    input: Plain | Numbers | Kind,
    axis: Int = -1,
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
) -> Kind:
    """Take the slope along one axis, (-1, 0, 1), and sum it by (1, 2, 1) along all others.

    Parameters
    ----------
    input, axis, output, mode, cval
        As in `prewitt`.

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
    >>> ndimage.sobel(np.tile([0, 0, 1, 1], (3, 1))).tolist()
    [[0, 4, 4, 0], [0, 4, 4, 0], [0, 4, 4, 0]]
    """
    x: Any = input
    return cast(Kind, _slope(x, axis, output, mode, cval, "sobel"))


def _slope(input: Any, axis: Any, output: Any, mode: Any, cval: Any, across: str) -> Array:
    x = input
    place = axis_of(axis, x.ndim)
    target = output_of(output, x)
    modes = per_axis("mode", mode, x.ndim)
    order = [place, *(each for each in range(x.ndim) if each != place)]
    steps = [
        _line("slope" if each == place else across, x.ndim, each, modes[each]).step(cval)
        for each in order
    ]
    return target.after(x, *steps)


@of_arrays
def laplace(
    input: Plain | Numbers | Kind,
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Add the second differences, (1, -2, 1), along all axes.

    Parameters
    ----------
    input, output, cval, axes, channel_axis
        As in `correlate`. What comes of each axis is rounded to the dtype of the result.
    mode : str or sequence of str
        As in `correlate`; one for all filtered axes or one for each.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Notes
    -----
    With ``output=input``, every difference is that of `input` as it was; SciPy takes the second
    one of what the first has left there.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.laplace(np.array([0, 1, 4, 9, 16])).tolist()
    [1, 2, 2, 2, -7]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    chosen = axes_of(axes, x.ndim)
    modes = per_axis("mode", mode, len(chosen))
    parts = [
        [_line("curvature", x.ndim, axis, mode).step(cval)]
        for axis, mode in zip(chosen, modes, strict=True)
    ]
    return cast(Kind, sum_of(x, output, parts))


def sum_of(x: Array, output: Any, parts: Sequence[Sequence[Step]]) -> Array:
    """Return the sum of what several rows of steps make of `x`; of none, `x` itself."""
    return _together(x, output, parts, lambda part: None, lambda total: None)


def magnitude_of(x: Array, output: Any, parts: Sequence[Sequence[Step]]) -> Array:
    """Return the root of the sum of the squares of what several rows of steps make of `x`."""
    return _together(x, output, parts, _square, _root)


def _square(values: Array) -> None:
    np.multiply(values, values, out=values)


def _root(values: Array) -> None:
    # NumPy takes the roots of bytes in float16: 14 ms for 1080 x 1920, which are looked up in 1.5.
    if values.dtype == np.uint8:
        roots = np.arange(256, dtype=np.uint8)
        np.sqrt(roots, out=roots, casting="unsafe")
        np.take(roots, values, out=values, mode="clip")
    else:
        np.sqrt(values, out=values, casting="unsafe")


def _together(
    x: Array,
    output: Any,
    parts: Sequence[Sequence[Step]],
    each: Callable[[Array], None],
    all_of_them: Callable[[Array], None],
) -> Array:
    target = output_of(output, x)
    if not parts:
        return target.after(x)
    fresh = Output(target.dtype, None)
    total = fresh.after(x, *parts[0])
    each(total)
    for steps in parts[1:]:
        part = fresh.after(x, *steps)
        each(part)
        total += part
    all_of_them(total)
    return target.delivered(total)


@of_arrays
def generic_laplace(
    input: Plain | Numbers | Kind,
    derivative2: Callable[..., Any],
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    extra_arguments: Sequence[Any] = (),
    extra_keywords: dict[str, Any] | None = None,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Add the second derivatives along all axes, as a function of the caller's takes them.

    Parameters
    ----------
    input, output, mode, cval, axes, channel_axis
        As in `laplace`.
    derivative2 : callable
        Called as ``derivative2(input, axis, output, mode, cval, *extra_arguments,
        **extra_keywords)``; for the first axis `output` is the array that it writes to, then the
        dtype of what it returns.
    extra_arguments : sequence
    extra_keywords : dict, optional

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
    >>> def curvature(input, axis, output, mode, cval, factor):
    ...     weights = [factor, -2 * factor, factor]
    ...     return ndimage.correlate1d(input, weights, axis, output, mode, cval)
    ...
    >>> x = np.array([0, 1, 4, 9, 16])
    >>> ndimage.generic_laplace(x, curvature, extra_arguments=(3,)).tolist()
    [3, 6, 6, 6, -21]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    more = (extra_arguments, extra_keywords or {})
    return cast(Kind, _generic(x, derivative2, output, mode, cval, axes, more, None, None))


@of_arrays
def generic_gradient_magnitude(
    input: Plain | Numbers | Kind,
    derivative: Callable[..., Any],
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    extra_arguments: Sequence[Any] = (),
    extra_keywords: dict[str, Any] | None = None,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Take the length of the gradient, as a function of the caller's takes the derivatives.

    Parameters
    ----------
    input, output, mode, cval, axes, channel_axis
        As in `laplace`.
    derivative : callable
        Called as `derivative2` of `generic_laplace` is.
    extra_arguments : sequence
    extra_keywords : dict, optional

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
    >>> picture = np.add.outer([0.0, 3.0, 6.0], [0.0, 4.0, 8.0])
    >>> float(ndimage.generic_gradient_magnitude(picture, ndimage.sobel)[1, 1])
    40.0
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    more = (extra_arguments, extra_keywords or {})
    return cast(Kind, _generic(x, derivative, output, mode, cval, axes, more, _square, _root))


def _generic(
    input: Any,
    derivative: Callable[..., Any],
    output: Any,
    mode: Any,
    cval: Any,
    axes: Any,
    more: tuple[Sequence[Any], dict[str, Any]],
    each: Callable[[Array], None] | None,
    all_of_them: Callable[[Array], None] | None,
) -> Array:
    x = input
    target = output_of(output, x)
    chosen = axes_of(axes, x.ndim)
    if not chosen:
        return target.after(x)
    modes = per_axis("mode", mode, len(chosen))
    arguments, keywords = more
    total = np.zeros(x.shape, target.dtype) if target.array is None else target.array
    derivative(x, chosen[0], total, modes[0], cval, *arguments, **keywords)
    if each is not None:
        each(total)
    for axis, mode_of_axis in zip(chosen[1:], modes[1:], strict=True):
        part = derivative(x, axis, total.dtype, mode_of_axis, cval, *arguments, **keywords)
        if each is not None:
            each(part)
        total += part
    if all_of_them is not None:
        all_of_them(total)
    return total
