"""What `--weight` names: a kernel for each channel by itself, or an operator's own weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import filters
from ..core import dtypes
from ..core.errors import ArgumentError
from ..core.optional import needed_operands, usual
from ..core.protocol import Operator
from . import images
from .pictures import Picture
from .printing import shape as shape_text
from .sounds import Sound

Array = NDArray[Any]

_NOTHING = 1e-3  # of the absolute sum: a sum that rounding leaves of weights that cancel
_GREATEST_WHITE = 255


@dataclass(frozen=True)
class Kernel:
    """A kernel that is applied to each channel by itself, of as many axes as a channel."""

    taps: Array
    caption: str

    def x(self, x: Array, origin: object) -> Array:
        """Return the channels to filter.

        Of a picture with transparency these are the colours times their opacity, so that what
        cannot be seen does not bleed into what can, and the opacity besides; but not where the
        weights cancel, as an opacity filtered so would be none.
        """
        if not isinstance(origin, Picture) or origin.alpha is None:
            return x
        seen = origin.seen()
        return seen if cancels(self.taps[None]) else np.concatenate([seen, origin.alpha[None]])

    def weight(self, x: Array) -> Array:
        """Return the depthwise weight for `x`."""
        shape = (self._channels(x), 1, *self.taps.shape)
        return np.ascontiguousarray(np.broadcast_to(self.taps, shape))

    def parameters(self, operator: Operator, x: Array, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what keeps the size and continues the edges, where nothing else is `given`."""
        chosen: dict[str, Any] = {}
        if operator.name != "transposed":
            chosen = {"padding": "same", "padding_mode": "symmetric", **usual(operator)}
        made = {**chosen, **given, "groups": self._channels(x)}
        self._check_room(x, made)
        return made

    def _check_room(self, x: Array, parameters: Mapping[str, Any]) -> None:
        """Raise, in words of the command, where a mirror image ends before the kernel does."""
        mode, sizes = parameters.get("padding_mode", "zeros"), x.shape[-self.taps.ndim :]
        beyond = mode == "reflect"  # the edge is not repeated
        far = any(k // 2 > n - beyond for k, n in zip(self.taps.shape, sizes, strict=True))
        if far and mode in ("symmetric", "reflect") and parameters.get("padding") == "same":
            expected = (
                f"a kernel of less than twice the {shape_text(sizes)} samples there are: a smaller "
                "--size, another --weight, or --padding-mode replicate"
            )
            raise ArgumentError("size", shape_text(self.taps.shape), expected)

    def _channels(self, x: Array) -> int:
        return int(x.shape[-self.taps.ndim - 1])


def is_name(text: str) -> bool:
    """Whether `text` names a kernel, and not a file."""
    return not Path(text).suffix


def cancels(weight: Array) -> bool:
    """Whether the weights of each output sum to nothing, as of edges and slopes."""
    rows = weight.reshape(len(weight), -1)
    return bool((np.abs(rows.sum(axis=1)) <= _NOTHING * np.abs(rows).sum(axis=1)).all())


def ranks(x: Array, origin: object) -> tuple[int, ...]:
    """Return how many axes a channel of `x` may have; two are a picture, or channels in rows."""
    if isinstance(origin, Picture):
        return (2,)
    if isinstance(origin, Sound) or x.ndim < 2:
        return (1,)
    return (2, 1) if x.ndim == 2 else (x.ndim - 1, x.ndim - 2)


def read(
    operator: Operator, texts: Sequence[str], size: int | None, ranks: Sequence[int]
) -> Kernel | list[Array]:
    """Return the kernel that is named or in a file, or the operands in files.

    A kernel has as many axes as one of `ranks`; other arrays are the operator's own weights.
    """
    names = needed_operands(operator)
    if len(texts) != len(names):
        expected = f"one --weight for each of {', '.join(names) or 'no operand'}"
        raise ArgumentError("weight", tuple(texts), expected)
    if any(map(is_name, texts)):
        if names != ("weight",):
            expected = f"a .npy file for each of {', '.join(names)}: {operator.name} has no "
            raise ArgumentError("weight", texts[0], expected + "named kernels")
        if not {1, 2} & set(ranks):
            most = max((each for each in ranks if each <= 3), default=3)
            expected = f"a .npy file with a kernel of {most} axes: those with a name have 1 or 2"
            raise ArgumentError("weight", texts[0], expected)
        return _named(texts[0], size, ranks)
    arrays = [images.read_array("weight", Path(text)) for text in texts]
    if names == ("weight",) and 0 < arrays[0].ndim <= 3 and arrays[0].ndim in ranks:
        return Kernel(arrays[0], f"the kernel in {texts[0]} on each channel")
    return arrays


def _named(name: str, size: int | None, ranks: Sequence[int]) -> Kernel:
    signal = 2 not in ranks or (1 in ranks and name not in filters.names())
    try:
        taps = (filters.window if signal else filters.kernel)(name, size, dtype="float64")
    except ArgumentError as error:
        if error.argument != "name":
            raise
        expected = error.expected + "; or a .npy file"
        if name in filters.names() or name in filters.window_names():
            expected = f"a kernel for {'signals' if signal else 'pictures'}: {expected}"
        raise ArgumentError("weight", name, expected) from None
    return Kernel(taps, f"the kernel {name} on each channel ({filters.formula(name)})")


def white(x: Array, dtype: str | None) -> float:
    """Return the value that stands for 1 in `x` when it is `converted`."""
    if dtype is None or dtypes.kind(dtype) != "integer" or x.dtype.kind != "f":
        return 1.0
    within = x.size and x.min() >= 0 and x.max() <= 1
    return float(min(np.iinfo(dtype).max, _GREATEST_WHITE)) if within else 1.0


def converted(array: Array, dtype: str | None, name: str) -> Array:
    """Return `array` as `dtype`, or raise if its values would change beyond rounding."""
    if dtype is None or array.dtype.name == dtype:
        return array
    if array.dtype.kind == "c" and dtypes.kind(dtype) != "complex" and array.imag.any():
        expected = f"a complex dtype, such as --dtype complex64: {name} has imaginary parts"
        raise ArgumentError("dtype", dtype, expected)
    if dtypes.kind(dtype) != "integer":
        return (array.real if dtypes.kind(dtype) == "float" else array).astype(dtype)
    limits = np.iinfo(dtype)
    scale = white(array, dtype)
    if name == "x" and scale != 1:
        return np.asarray(np.rint(array * scale).astype(dtype))
    whole = bool((array == np.rint(array.real)).all())
    if not whole or array.min() < limits.min or array.max() > limits.max:
        expected = f"a dtype that holds the values of {name} exactly, such as --dtype float32"
        raise ArgumentError("dtype", dtype, expected)
    return array.astype(dtype)
