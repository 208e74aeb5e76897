"""Which axis of a picture holds its channels, and pictures of Pillow's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core import arrays
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.geometry import axis_among
from ..core.signatures import Exported, Int

Array = NDArray[Any]
ChannelAxis = Int | Literal["leading"] | None


class Banded(Protocol):
    """A picture of Pillow's."""

    @property
    def __array_interface__(self) -> Any: ...

    def getbands(self) -> tuple[str, ...]: ...


if TYPE_CHECKING:  # as `signatures.Kind` is
    from typing_extensions import TypeVar

    Picture = TypeVar("Picture", bound=Exported | Banded, default=NDArray[Any])
else:
    from typing import TypeVar

    Picture = TypeVar("Picture", bound=Exported | Banded)
"""The result of `apply`, as `signatures.Kind`; a picture's is a picture if Pillow has such."""

LEADING: Literal["leading"] = "leading"
"""Whatever lies before the axes of a kernel is filtered one by one: the default."""

_COLOURS = (3, 4)
_BANDS = ("L", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "I", "F", "I;16")


def given(x: Any, channel_axis: Any) -> tuple[Array, Any, Callable[[Array], Any]]:
    """Return an array, the axis of its channels, and what makes of a result what `x` is."""
    if not _is_image(x):
        return arrays.adapt("x", x), channel_axis, arrays.restorer(x)
    if x.mode not in _BANDS:
        expected = "a mode whose numbers can be averaged, as .convert('RGB') or .convert('L') gives"
        raise ArgumentTypeError("x", f"a picture of mode {x.mode}", expected)
    if channel_axis != LEADING:
        expected = f"{LEADING!r} for a picture of Pillow's, which knows its channels"
        raise ArgumentError("channel_axis", channel_axis, expected)
    array = np.asarray(x)
    axis = -1 if array.ndim == 3 else None
    return array, axis, lambda result: _image(result, x, array.dtype)


def _is_image(x: Any) -> bool:
    kind = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return isinstance(kind, type) and isinstance(x, kind)


def _image(result: Array, x: Any, dtype: np.dtype[Any]) -> Any:
    """Return a result as a picture like `x`, or as an array where Pillow has no such."""
    module = sys.modules["PIL.Image"]
    bands = result.shape[2] if result.ndim == 3 else 1
    if result.dtype == dtype and bands == len(x.getbands()):
        mode = x.mode
    elif result.dtype == np.float32 and result.ndim == 2:
        mode = "F"
    else:
        return result
    image = module.frombytes(mode, result.shape[1::-1], result.tobytes())
    image.info = dict(x.info)
    return image


def axis_of(channel_axis: Any, shape: tuple[int, ...]) -> int | None:
    """Return the axis of the channels, counted from the first; None where none was named."""
    if channel_axis is None or channel_axis == LEADING:
        return None
    return axis_among("channel_axis", channel_axis, len(shape), "x")


def check_colours(channel_axis: Any, shape: tuple[int, ...], axes: int) -> None:
    """Raise for what looks like (H, W, 3) or (H, W, 4) if nobody said what its axes are."""
    if channel_axis != LEADING or axes != 2 or len(shape) < 3 or shape[-1] not in _COLOURS:
        return
    if min(shape[-3:-1]) > max(_COLOURS):
        expected = (
            "channel_axis=-1 for pictures (H, W, C) with their channels last, as Pillow, OpenCV "
            "and scikit-image have them, or channel_axis=None if the last axis is the width"
        )
        raise ArgumentError("x", shape, expected)
