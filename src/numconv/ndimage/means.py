"""Means of windows."""

from __future__ import annotations

import math
from typing import Any

from ..core.protocol import Array
from .arguments import along, axes_of, index, number, of_arrays, per_axis, without
from .errors import TooLargeError, UnsupportedError
from .output import Dtype, Step, output_of
from .parts import averaged


@of_arrays
def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Array:
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
    >>> uniform_filter1d(np.array([2, 8, 0, 4, 1, 9, 9, 0]), 3).tolist()
    [4, 3, 4, 1, 4, 6, 6, 3]
    """
    x = input
    step = _step(size, x.ndim, axis, mode, cval, origin)
    return output_of(output, x, x.dtype.kind == "c").after(x, step)


@of_arrays
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    channel_axis: int | None = None,
) -> Array:
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
    >>> uniform_filter(np.eye(3) * 18, size=(1, 3)).tolist()
    [[12.0, 6.0, 0.0], [6.0, 6.0, 6.0], [0.0, 6.0, 12.0]]
    """
    axes = without(channel_axis, axes, input.ndim)
    x = input
    target = output_of(output, x, x.dtype.kind == "c")
    chosen = axes_of(axes, x.ndim)
    each = (per_axis(*given, len(chosen)) for given in (("size", size), ("origin", origin)))
    modes = per_axis("mode", mode, len(chosen))
    steps = [
        _step(_whole(size), x.ndim, axis, mode, cval, origin)
        for axis, size, origin, mode in zip(chosen, *each, modes, strict=True)
        if number("size", size) > 1
    ]
    return target.after(x, *steps)


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
