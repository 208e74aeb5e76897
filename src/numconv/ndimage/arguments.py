"""Arguments as SciPy takes them: axes, modes, origins, and one value for each axis or for all."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar, cast

import numpy as np

from ..core import arrays
from ..core.errors import ArgumentError, ArgumentTypeError
from ..core.kept import remembering
from ..core.parameters import PLAIN
from .errors import NoAxisError, TooLargeError, UnsupportedError

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])

_PLAIN = {int, float, str, type(None)}

Mode = Literal[
    "reflect",
    "grid-mirror",
    "mirror",
    "nearest",
    "wrap",
    "grid-wrap",
    "constant",
    "grid-constant",
]

PADDING_MODES = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "replicate",
    "wrap": "circular",
    "grid-wrap": "circular",
    "constant": "zeros",
    "grid-constant": "zeros",
}
"""What numconv calls SciPy's modes."""


def padding_mode(mode: Any) -> str:
    """Return numconv's name of a mode of SciPy's."""
    if not isinstance(mode, str) or mode not in PADDING_MODES:
        raise UnsupportedError("mode", mode, "one of " + ", ".join(map(repr, PADDING_MODES)))
    return PADDING_MODES[mode]


def of_arrays(function: Function) -> Function:
    """Let a function of `input` take arrays by the one rule (`arrays.taken`), and give such back.

    The result is of the library that `input` is of, or the caller's own `output`. `function` itself
    is given NumPy's, whatever its signature says to callers.
    """
    parameters = inspect.signature(function)

    @functools.wraps(function)
    def call(input: Any, *positional: Any, **named: Any) -> Any:
        if type(input) is np.ndarray:
            return function(input, *positional, **named)
        result = function(arrays.taken("input", input), *positional, **named)
        output = parameters.bind(input, *positional, **named).arguments.get("output")
        if output is not None and not isinstance(output, (str, type, np.dtype)):
            return output
        return arrays.restorer(input)(result)

    return cast(Function, call)


def index(argument: str, value: Any) -> int:
    """Return an integer."""
    try:
        return int(operator.index(value))
    except TypeError:
        raise ArgumentTypeError(argument, value, "an integer") from None


def number(argument: str, value: Any) -> float:
    """Return a real number."""
    if type(value) is float:
        return value
    try:
        if type(value) is int or not (isinstance(value, (str, bytes)) or np.iscomplexobj(value)):
            return float(value)
    except OverflowError:
        raise TooLargeError(argument, value, "a number that float64 holds") from None
    except (TypeError, ValueError):
        pass
    raise ArgumentTypeError(argument, value, "a real number")


def axis_of(axis: Any, axes: int, argument: str = "axis") -> int:
    """Return an axis of an array of so many axes, counted from the first."""
    place = index(argument, axis)
    if not -axes <= place < axes:
        raise NoAxisError(argument, axis, f"an axis of an array of {axes}")
    return place % axes


def without(channel_axis: Any, axes: Any, count: int) -> Any:
    """Return `axes`, or where `channel_axis` is named all of `count` axes but that."""
    if channel_axis is None:
        return axes
    if axes is not None:
        raise ArgumentError("channel_axis", channel_axis, f"None with axes={axes!r}")
    place = axis_of(channel_axis, count, "channel_axis")
    return tuple(axis for axis in range(count) if axis != place)


def axes_of(axes: Any, count: int) -> tuple[int, ...]:
    """Return some axes of an array of `count` axes, counted from the first; None is all."""
    if axes is None:
        return tuple(range(count))
    if isinstance(axes, np.ndarray) and axes.ndim == 0:
        raise ArgumentTypeError("axes", axes, "an integer, several, or None")
    if not isinstance(axes, Iterable):
        if not np.isscalar(axes):
            raise ArgumentError("axes", axes, "an integer, several, or None")
        axes = (axes,)
    given = tuple(index("axes", axis) for axis in axes)
    if any(not -count <= axis < count for axis in given):
        raise NoAxisError("axes", given, f"axes of an array of {count}")
    found = tuple(axis % count for axis in given)
    if len(set(found)) < len(found):
        raise ArgumentError("axes", given, "each axis once")
    return found


def per_axis(argument: str, value: Any, count: int) -> list[Any]:
    """Return a value for each of `count` axes, of which one or all may be given."""
    if type(value) in _PLAIN or isinstance(value, str) or not np.iterable(value):
        return [value] * count
    values = list(value)
    if len(values) != count:
        raise UnsupportedError(argument, value, f"one value, or {count}, one for each axis")
    return values


def checked_origin(origin: Any, taps: int) -> int:
    """Return an origin that leaves the sample under the kernel."""
    place = index("origin", origin)
    if not -(taps // 2) <= place <= (taps - 1) // 2:
        expected = f"from {-(taps // 2)} to {(taps - 1) // 2} for {taps} taps"
        raise ArgumentError("origin", origin, expected)
    return place


def among(axes: Sequence[int], values: Sequence[int], count: int, rest: int) -> tuple[int, ...]:
    """Return `values` at `axes`, in that order, and `rest` at all other of `count` axes."""
    placed = [rest] * count
    for axis, value in zip(axes, values, strict=True):
        placed[axis] = value
    return tuple(placed)


def remembered(function: Callable[..., Result]) -> Callable[..., Result]:
    """Keep what `function` returns for arguments that are plain numbers and words.

    To check the arguments of a filter of 32 x 32 pixels took longer than to filter.
    """

    @remembering(1024, typed=True)
    def kept(*arguments: Any) -> Result:
        # Whatever else may mean another number the next time, and of what is in a tuple the types
        # are not told apart.
        if not PLAIN.issuperset(map(type, arguments)):
            raise TypeError
        return function(*arguments)

    @functools.wraps(function)
    def call(*arguments: Any) -> Result:
        try:
            return kept(*arguments)
        except TypeError:
            return function(*arguments)

    return call


@remembered
def along(
    taps: int, axes: int, axis: Any, mode: Any, origin: Any
) -> tuple[tuple[int, ...], tuple[int, ...] | int, str]:
    """Return how many taps there are along each of `axes` axes, the origins, and the padding."""
    place = axis_of(axis, axes)
    shift = checked_origin(origin, taps)
    origins = among((place,), (shift,), axes, 0) if shift else 0
    return among((place,), (taps,), axes, 1), origins, padding_mode(mode)


@remembered
def origins_of(convolution: bool, origin: Any, *taps: int) -> tuple[int, ...] | int:
    """Return where a kernel of so many taps lies, flipped or not."""
    given = zip(per_axis("origin", origin, len(taps)), taps, strict=True)
    origins = tuple(checked_origin(*each) for each in given)
    if convolution:
        origins = tuple(turned(*each) for each in zip(origins, taps, strict=True))
    return origins if any(origins) else 0


def turned(origin: int, taps: int) -> int:
    """Return the origin of a kernel that is flipped; of an even one the middle moves."""
    return -origin - (taps % 2 == 0)
