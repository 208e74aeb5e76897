"""Means of windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from numpy.typing import DTypeLike

from ..core.protocol import Array
from ..core.signatures import Int, Ints, Kind, Number, Numbers, Plain, Tensor
from .arguments import Mode, along, axes_of, index, number, of_arrays, per_axis, without
from .errors import TooLargeError, UnsupportedError
from .output import Dtype, Step, output_of
from .parts import averaged


@of_arrays
def uniform_filter1d(
    input: Plain | Numbers | Kind,
    size: Int,
    axis: Int = -1,
    output: Tensor | DTypeLike | None = None,
    mode: Mode = "reflect",
    cval: Number = 0.0,
    origin: Int = 0,
) -> Kind:
    """Take the mean of `size` samples around each, along one axis.

    Parameters
    ----------
    input, axis, output, mode, cval
        As in `correlate1d`.
    size : int
        Samples of a window, at least 1.
    origin : int
        Sample ``size // 2 + origin`` of its window is the one that the mean replaces.

    Returns
    -------
    ndarray, of the shape of `input`

    Raises
    ------
    ArgumentError
        As in `correlate`.

    Notes
    -----
    Integers are equal to SciPy's. Floats may differ in their last bits: SciPy takes a running sum,
    from which every sample is subtracted again, so that errors pile up along the line and one NaN
    or infinity spoils the rest of it. Here every window is summed by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from numconv import ndimage
    >>> ndimage.uniform_filter1d(np.array([2, 8, 0, 4, 1, 9, 9, 0]), 3).tolist()
    [4, 3, 4, 1, 4, 6, 6, 3]
    """
    x: Any = input
    step = _step(size, x.ndim, axis, mode, cval, origin)
    return cast(Kind, output_of(output, x, x.dtype.kind == "c").after(x, step))


@of_arrays
def uniform_filter(
    input: Plain | Numbers | Kind,
    size: Ints = 3,
    output: Tensor | DTypeLike | None = None,
    mode: Mode | Sequence[Mode] = "reflect",
    cval: Number = 0.0,
    origin: Ints = 0,
    *,
    axes: Ints | None = None,
    channel_axis: Int | None = None,
) -> Kind:
    """Take the mean of a block of samples around each.

    One axis after the other is filtered by `uniform_filter1d`, and what comes of each is rounded
    to the dtype of the result.

    Parameters
    ----------
    input, output, cval, axes, channel_axis
        As in `correlate`.
    size, mode, origin
        As in `uniform_filter1d`; one for all filtered axes or one for each. An axis of size 1 or
        less is left alone.

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
    >>> ndimage.uniform_filter(np.eye(3) * 18, size=(1, 3)).tolist()
    [[12.0, 6.0, 0.0], [6.0, 6.0, 6.0], [0.0, 6.0, 12.0]]
    """
    x: Any = input
    axes = without(channel_axis, axes, x.ndim)
    target = output_of(output, x, x.dtype.kind == "c")
    chosen = axes_of(axes, x.ndim)
    each = (per_axis(*given, len(chosen)) for given in (("size", size), ("origin", origin)))
    modes = per_axis("mode", mode, len(chosen))
    steps = [
        _step(_whole(size), x.ndim, axis, mode, cval, origin)
        for axis, size, origin, mode in zip(chosen, *each, modes, strict=True)
        if number("size", size) > 1
    ]
    return cast(Kind, target.after(x, *steps))


def _whole(size: Any) -> int:
    if math.isinf(size):
        raise TooLargeError("size", size, "a finite number")
    return int(size)


def _step(size: Any, axes: int, axis: Any, mode: Any, cval: Any, origin: Any) -> Step:
    taps = index("size", size)
    if taps < 1:
        raise UnsupportedError("size", size, "at least 1")
    sizes, origins, padding = along(taps, axes, axis, mode, origin)

    def step(x: Array, dtype: Dtype, out: Array | None) -> Array:
        return averaged(x, sizes, padding, cval, origins, dtype, out)

    return step
