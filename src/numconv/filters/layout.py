"""What a kernel is laid over, and the dtype in which that is computed."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import arrays, dtypes
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import integer
from .catalogue import formula, kernel, names, window, window_names

Array = NDArray[Any]

_COMPLEX = {"float16": "complex64", "float32": "complex64", "float64": "complex128"}


@dataclass(frozen=True)
class Layout:
    """How an array is seen as one of `shape`, (N, C, *spatial), and a result in its own axes.

    `leading` are the axes of a result before the spatial ones.
    """

    axes: int
    weight: Array
    groups: int
    shape: tuple[int, ...]
    leading: tuple[int, ...]

    def restored(self, spatial: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a result with these spatial axes."""
        return (*self.leading, *spatial)


def weights(given: Any, rank: int) -> Array:
    """Return a kernel, by name or as an array, in float64, complex128 or int64.

    A signal (`rank` 1) takes the window of a name, anything else the image kernel if there is
    one.
    """
    if isinstance(given, str):
        return _named(given, rank)
    if isinstance(given, (list, tuple)):
        given = _rows(given)
    array = arrays.adapt("kernel", given)
    if not 1 <= array.ndim <= 5 or array.size == 0:
        expected = "a name, a kernel of 1 to 3 axes, or a weight (C_out, C/groups, *kernel_shape)"
        raise ArgumentError("kernel", array.shape, f"{expected}, with weights in it")
    return array.astype(dtypes.widest(array.dtype.name))


def _named(name: str, rank: int) -> Array:
    try:
        formula(name)
    except ArgumentError as error:
        raise ArgumentError("kernel", name, error.expected) from None
    known = name in names() and (rank > 1 or name not in window_names())
    return (kernel if known else window)(name, dtype="float64")


def _rows(given: Any) -> Array:
    try:
        return np.asarray(given)
    except ValueError:
        raise ArgumentError("kernel", given, "rows of the same length") from None


def axes_of(weight: Array, groups: Any) -> int:
    """Return how many axes a kernel, or a weight, slides along."""
    return weight.ndim if groups is None and weight.ndim <= 3 else weight.ndim - 2


def lay_out(shape: tuple[int, ...], weight: Array, groups: Any) -> Layout:
    """Return how a kernel, or with more than three axes or `groups` a weight, lies on `shape`."""
    axes = axes_of(weight, groups)
    if groups is None and weight.ndim <= 3:
        if len(shape) < axes:
            raise ArgumentError("x", shape, f"at least {axes} axes, as the kernel has")
        leading = shape[: len(shape) - axes]
        batch = (prod(leading), 1, *shape[len(shape) - axes :])
        return Layout(axes, weight[None, None], 1, batch, leading)
    if axes < 1:
        expected = "None: a kernel that is no weight is applied to each channel alone"
        raise ArgumentError("groups", groups, expected)
    if len(shape) not in (axes + 1, axes + 2):
        raise ArgumentError(
            "x", shape, f"(C, *spatial) or (N, C, *spatial), {axes} of them spatial"
        )
    channels, per_group = shape[-axes - 1], weight.shape[1]
    count = max(channels // per_group, 1) if groups is None else integer("groups", groups, 1)
    if channels != per_group * count or len(weight) % count:
        expected = f"(C_out, C/groups, *kernel_shape) for the {channels} channels of x"
        raise ArgumentError("kernel", weight.shape, f"{expected}, with groups={groups}")
    batch = shape if len(shape) == axes + 2 else (1, *shape)
    return Layout(axes, weight, count, batch, (*shape[: -axes - 1], len(weight)))


def working_dtype(x: Array, weight: Array, asked: Any) -> tuple[str, str]:
    """Return the dtype to compute in, and that of the result."""
    if asked is not None:
        name = _name(asked)
        if weight.dtype.kind == "c" or x.dtype.kind == "c":
            name = _COMPLEX.get(name, name)
        return name, name
    name = x.dtype.name
    if dtypes.kind(name) != "integer":
        name = _COMPLEX.get(name, name) if weight.dtype.kind == "c" else name
        return name, name
    largest = _largest(x) * float(np.abs(weight).sum(axis=tuple(range(1, weight.ndim))).max())
    if largest >= 2**53:
        expected = "integers whose weighted sums a float64 holds exactly, or dtype='float64'"
        raise ArgumentError("x", f"{name} up to {_largest(x)}", expected)
    # Only of exact sums the nearest integer is that of what float32 makes of them.
    narrow = x.dtype.itemsize <= 2 and largest * _denominator(weight) < 2**24
    wide = "float32" if narrow else "float64"
    return (_COMPLEX[wide], _COMPLEX[wide]) if weight.dtype.kind == "c" else (wide, name)


def _denominator(weight: Array) -> float:
    """Return the least power of 2 by which all weights are integers, or infinity."""
    for power in range(24):
        scaled = np.ldexp(weight.view(weight.real.dtype), power)
        if np.array_equal(scaled, np.rint(scaled)):
            return 2.0**power
    return np.inf


def _name(asked: Any) -> str:
    expected = "None, or one of " + ", ".join(dtypes.FLOATS + dtypes.COMPLEXES)
    try:
        name = str(np.dtype(asked).name)
    except TypeError:
        raise ArgumentTypeError("dtype", asked, expected) from None
    if name not in dtypes.FLOATS + dtypes.COMPLEXES:
        raise ArgumentError("dtype", asked, expected)
    return name


def _largest(x: Array) -> int:
    limits = np.iinfo(x.dtype)
    if x.dtype.itemsize < 8 or x.size == 0:
        return max(-int(limits.min), int(limits.max))
    return max(abs(int(x.min())), abs(int(x.max())))
