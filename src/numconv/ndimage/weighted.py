"""Filters whose weights the caller gives."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..core import arrays
from ..core.errors import ArgumentTypeError
from ..core.protocol import Array
from ..core.signatures import Exported, Int, Ints, Kind, Number, Numbers, Plain, Tensor
from .arguments import (
    Mode,
    along,
    among,
    axes_of,
    checked_origin,
    index,
    of_arrays,
    origins_of,
    padding_mode,
    per_axis,
    turned,
    without,
)
from .errors import NoLineError, UnsupportedError
from .output import Dtype, Step, output_of
from .parts import Origins, filtered


@of_arrays
def correlate(
    input: Plain | Numbers | Kind,
    weights: ArrayLike | Exported,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    origin: Ints = 0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Correlate an array of any rank with weights that are not flipped.

    ::

        y[o] = sum over k of  weights[k] * input[o + k - weights.shape // 2 - origin]

    Parameters
    ----------
    input : array_like
        bool, integers, float32, float64, complex64 or complex128, of any rank.
    weights : array_like
        As many axes as are filtered. Complex weights are conjugated.
    output : array or dtype, optional
        Where the result goes, or its dtype; by default that of `input`, or a complex one where
        anything is complex. The array may be `input` itself.
    mode : str
        What stands beyond the borders, however far: ``"reflect"`` or ``"grid-mirror"`` (d c b a |
        a b c d | d c b a), ``"mirror"`` (d c b | a b c d | c b a), ``"nearest"``, ``"wrap"`` or
        ``"grid-wrap"``, ``"constant"`` or ``"grid-constant"`` (`cval`).
    cval : scalar
        What stands beyond the borders in mode ``"constant"``, not rounded to the dtype of `input`.
    origin : int or sequence of int
        Tap ``taps // 2 + origin`` of an axis lies on the sample: a positive one moves the picture
        towards the end. One for all filtered axes, or one for each.
    axes : int or tuple of int, optional
        The axes that are filtered; all by default.
    channel_axis : int, optional
        In place of `axes`: the one axis that is not filtered, such as -1 for the colours of (H, W,
        3). SciPy has no such argument; it is scikit-image's.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        If an argument cannot be used. Where SciPy raises a RuntimeError or TypeError, it is one
        as well.

    Notes
    -----
    Products are summed in float64 in the order of the taps, without weights of at most 2**-52, and
    stored as C converts them: towards zero, modulo the range of an integer. That is what
    `scipy.ndimage.correlate` does on x86, so that the results are equal to the last bit. Only a
    bool result, True where the sum's whole part is not a multiple of 256, differs in its bytes:
    SciPy leaves bytes other than 0 and 1 there.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.correlate(np.array([0, 0, 10, 0, 0]), [1, 2, 3]).tolist()
    [0, 30, 20, 10, 0]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    return cast(Kind, _filtered(x, weights, output, mode, cval, origin, axes, convolution=False))


@of_arrays
def convolve(
    input: Plain | Numbers | Kind,
    weights: ArrayLike | Exported,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    origin: Ints = 0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Convolve an array of any rank with weights, which are flipped along every axis.

    ::

        y[o] = sum over k of  weights[k] * input[o - k + weights.shape // 2 + origin]

    Parameters
    ----------
    input, weights, output, mode, cval, origin, axes, channel_axis
        As in `correlate`, but complex weights are not conjugated, and a positive origin moves the
        picture towards the beginning.

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
    >>> ndimage.convolve(np.array([0, 0, 10, 0, 0]), [1, 2, 3]).tolist()
    [0, 10, 20, 30, 0]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    return cast(Kind, _filtered(x, weights, output, mode, cval, origin, axes, convolution=True))


def _filtered(
    input: Any,
    weights: Any,
    output: Any,
    mode: Any,
    cval: Any,
    origin: Any,
    axes: Any,
    convolution: bool,
) -> Array:
    x, kernel = input, _wide(arrays.taken("weights", weights))
    complex_output = x.dtype.kind == "c" or kernel.dtype.kind == "c"
    chosen = axes_of(axes, x.ndim)
    if kernel.ndim != len(chosen) or 0 in kernel.shape:
        expected = f"an array of {len(chosen)} axes without zeros, as many as are filtered"
        raise UnsupportedError("weights", kernel.shape, expected)
    if len(chosen) < x.ndim:
        if np.isscalar(axes) and index("axes", axes) < 0:
            raise UnsupportedError("axes", axes, "a tuple, or an axis counted from the first")
        others = tuple(axis for axis in range(x.ndim) if axis not in chosen)
        kernel = np.expand_dims(kernel, others)
        origin = list(among(chosen, per_axis("origin", origin, len(chosen)), x.ndim, 0))
    elif isinstance(origin, tuple):
        origin = list(origin)
    origins = origins_of(convolution, origin, *kernel.shape)
    if convolution:
        kernel = kernel[(slice(None, None, -1),) * kernel.ndim].copy()
    elif kernel.dtype.kind == "c":
        kernel = kernel.conj()
    target = output_of(output, x, complex_output)
    settings = (padding_mode(mode), cval, origins, "products")

    def step(x: Array, dtype: Dtype, out: Array | None) -> Array:
        return filtered(x, kernel, *settings, dtype, out)

    return target.after(x, step) if x.size else target.after(x)


@of_arrays
def correlate1d(
    input: Plain | Numbers | Kind,
    weights: ArrayLike | Exported,
    axis: Int = -1,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    origin: Int = 0,
) -> Kind:
    """Correlate an array along one axis with weights that are not flipped.

    Parameters
    ----------
    input, output, mode, cval
        As in `correlate`.
    weights : array_like, one axis
        Complex ones are conjugated.
    axis : int
        The axis that is filtered.
    origin : int
        Tap ``len(weights) // 2 + origin`` lies on the sample.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Notes
    -----
    Sums begin with the tap in the middle and go on from the outermost pair of samples to the
    innermost where the weights are symmetric or antisymmetric, and no weight is left out; as in
    SciPy, to the last bit.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.correlate1d(np.array([2, 8, 0, 4, 1, 9, 9, 0]), [1, 3]).tolist()
    [8, 26, 8, 12, 7, 28, 36, 9]
    """
    x: Any = input
    line = arrays.taken("weights", weights)
    complex_output = x.dtype.kind == "c" or line.dtype.kind == "c"
    target = output_of(output, x, complex_output)
    return cast(Kind, target.after(x, line_of(line, x.ndim, axis, mode, origin).step(cval)))


@of_arrays
def convolve1d(
    input: Plain | Numbers | Kind,
    weights: ArrayLike | Exported,
    axis: Int = -1,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    origin: Int = 0,
) -> Kind:
    """Convolve an array along one axis with weights, which are flipped.

    Parameters
    ----------
    input, weights, axis, output, mode, cval, origin
        As in `correlate1d`, but complex weights are not conjugated, and a positive origin moves
        the picture towards the beginning.

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
    >>> ndimage.convolve1d(np.array([2, 8, 0, 4, 1, 9, 9, 0]), [1, 3]).tolist()
    [14, 24, 4, 13, 12, 36, 27, 0]
    """
    weights = arrays.taken("weights", weights)
    if weights.ndim == 0:
        raise NoLineError("weights", weights, "one axis, with at least one weight")
    # A copy: the dispatcher has a short path for arrays without gaps only.
    line = weights[::-1].copy()
    # Conjugated once more in `correlate1d`.
    line = line.conj() if line.dtype.kind == "c" else line
    place = turned(checked_origin(origin, line.size), line.size) if line.size else 0
    return correlate1d(input, line, axis, output, mode, cval, place)


class Line(NamedTuple):
    """Weights along one axis of an array: what is known before its samples are."""

    weights: Array
    padding: str
    origins: Origins

    def step(self, cval: Any) -> Step:
        """Return the step that correlates with the weights."""

        def step(x: Array, dtype: Dtype, out: Array | None) -> Array:
            return filtered(x, self.weights, self.padding, cval, self.origins, "pairs", dtype, out)

        return step


def line_of(weights: Array, axes: int, axis: Any, mode: Any, origin: Any = 0) -> Line:
    """Return the weights of a correlation along one of `axes` axes."""
    if weights.ndim != 1 or not weights.size:
        raise UnsupportedError("weights", weights.shape, "one axis, with at least one weight")
    shape, origins, padding = along(weights.size, axes, axis, mode, origin)
    conjugated = weights.conj() if weights.dtype.kind == "c" else weights
    return Line(_wide(conjugated).reshape(shape), padding, origins)


def _wide(weights: Array) -> Array:
    """Return weights in float64, or complex128."""
    try:
        return weights.astype(
            np.complex128 if weights.dtype.kind == "c" else np.float64, copy=False
        )
    except (TypeError, ValueError):
        raise ArgumentTypeError("weights", weights, "numbers") from None
