"""Sizes and index maps along one axis: the arithmetic every problem is made of.

All lengths are counted in samples. Along one axis a convolution reads the input at

    ``o * stride + k * dilation - lo``        for output ``o`` and tap ``k``

and what an index outside ``[0, size)`` means is decided by the padding mode.
The arithmetic follows V. Dumoulin and F. Visin, "A guide to convolution arithmetic for
deep learning", arXiv:1603.07285.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import ArgumentError, ArgumentTypeError
from .parameters import plain
from .signatures import PaddingMode, PaddingWord

PADDING_MODES: tuple[str, ...] = get_args(PaddingMode)
PADDING_WORDS: tuple[str, ...] = get_args(PaddingWord)

LARGEST = 2**40
"""The most samples that an argument may count; an array of so many bytes is a terabyte."""

Pairs = tuple[tuple[int, int], ...]

_PADDING_FORMS = (
    "a non-negative integer, one per axis, one (low, high) pair per axis, or one of "
    + ", ".join(repr(word) for word in PADDING_WORDS)
)


def integer(argument: str, value: Any, minimum: int) -> int:
    """Return `value` as an int from `minimum` to `LARGEST`; bools and floats are refused."""
    expected = f"an integer of at least {minimum}"
    if isinstance(value, (bool, np.bool_)):
        raise ArgumentTypeError(argument, value, expected)
    try:
        number = int(operator.index(value))
    except TypeError:
        raise ArgumentTypeError(argument, value, expected) from None
    if number < minimum:
        raise ArgumentError(argument, value, expected)
    if number > LARGEST:
        raise ArgumentError(argument, value, f"an integer of at most {LARGEST}")
    return number


def axis_among(argument: str, value: Any, rank: int, array: str) -> int:
    """Return an axis of an array of `rank` axes, called `array`, counted from the first."""
    axis = integer(argument, value, -rank)
    if axis >= rank:
        raise ArgumentError(argument, value, f"an axis of {array}, which has {rank}")
    return axis % rank


def per_axis(argument: str, value: Any, axes: int, minimum: int) -> tuple[int, ...]:
    """Return `value`, an integer or a sequence of `axes` integers, as a tuple."""
    value = plain(value)
    if not isinstance(value, Sequence):
        return (integer(argument, value, minimum),) * axes
    if isinstance(value, str) or len(value) not in (1, axes):
        raise ArgumentError(argument, value, f"an integer or {axes} integers, one per axis")
    numbers = tuple(integer(argument, item, minimum) for item in value)
    return numbers * axes if len(numbers) == 1 else numbers


def output_size(size: int, kernel: int, stride: int, lo: int, hi: int, dilation: int) -> int:
    """Return how many outputs fit: ``floor((size + lo + hi - extent) / stride) + 1``.

    ``extent = dilation * (kernel - 1) + 1`` is the length the kernel covers (relation 6
    with relation 12 of arXiv:1603.07285). The result is 0 or negative where none fits.
    """
    return (size + lo + hi - (dilation * (kernel - 1) + 1)) // stride + 1


def output_sizes(
    input_shape: Sequence[int],
    kernel_shape: Sequence[int],
    stride: Sequence[int],
    padding: Pairs,
    dilation: Sequence[int],
) -> tuple[int, ...]:
    """Return `output_size` of each axis."""
    axes = zip(input_shape, kernel_shape, stride, padding, dilation, strict=True)
    return tuple(output_size(i, k, s, lo, hi, d) for i, k, s, (lo, hi), d in axes)


def padding_pairs(
    padding: Any,
    input_shape: Sequence[int],
    kernel_shape: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> Pairs:
    """Return `padding` in any of its forms as one (low, high) pair per axis.

    ``"same"`` and ``"same_upper"`` give ``ceil(size / stride)`` outputs and put the odd
    sample at the end, ``"same_lower"`` at the beginning; ``"full"`` lets the kernel hang
    over by all but one tap; ``"valid"`` pads nothing.
    """
    axes = len(input_shape)
    if isinstance(padding, str):
        if padding not in PADDING_WORDS:
            raise ArgumentError("padding", padding, _PADDING_FORMS)
        sizes = zip(input_shape, kernel_shape, stride, dilation, strict=True)
        return tuple(_word_to_pair(padding, *each) for each in sizes)
    padding = plain(padding)
    if not isinstance(padding, Sequence):
        number = _padding_number(padding, padding)
        return ((number, number),) * axes
    if len(padding) not in (1, axes):
        raise ArgumentError("padding", padding, f"{_PADDING_FORMS} (there are {axes} axes)")
    items = list(padding) * (axes if len(padding) == 1 else 1)
    return tuple(_item_to_pair(item, padding) for item in items)


def _word_to_pair(word: str, size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    reach = dilation * (kernel - 1)
    if word == "valid":
        return (0, 0)
    if word == "full":
        return (reach, reach)
    total = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
    smaller, larger = total // 2, total - total // 2
    return (larger, smaller) if word == "same_lower" else (smaller, larger)


def _item_to_pair(item: Any, padding: Any) -> tuple[int, int]:
    if isinstance(item, Sequence) and not isinstance(item, str):
        if len(item) != 2:
            raise ArgumentError("padding", padding, _PADDING_FORMS)
        return (_padding_number(item[0], padding), _padding_number(item[1], padding))
    number = _padding_number(item, padding)
    return (number, number)


def _padding_number(value: Any, padding: Any) -> int:
    try:
        return integer("padding", value, 0)
    except ArgumentTypeError:
        raise ArgumentTypeError("padding", padding, _PADDING_FORMS) from None
    except ArgumentError as error:
        expected = error.expected if "most" in error.expected else _PADDING_FORMS
        raise ArgumentError("padding", padding, expected) from None


def check_padding_mode(mode: Any, padding: Pairs, input_shape: Sequence[int]) -> None:
    """Raise unless `mode` is known and can fill `padding` from an input of this shape."""
    if mode not in PADDING_MODES:
        raise ArgumentError("padding_mode", mode, "one of " + ", ".join(map(repr, PADDING_MODES)))
    widest = {"reflect": -1, "symmetric": 0, "circular": 0}
    for axis, ((lo, hi), size) in enumerate(zip(padding, input_shape, strict=True)):
        most = max(lo, hi)
        if mode in widest and most > max(size + widest[mode], 0):
            limit = max(size + widest[mode], 0)
            expected = f"at most {limit} on axis {axis} of size {size} with padding_mode={mode!r}"
            raise ArgumentError("padding", padding, expected)
        if mode == "replicate" and most > 0 and size == 0:
            raise ArgumentError("padding", padding, f"0 on the empty axis {axis}, to replicate")


def samples_met(size: int, taps: int, dilation: int = 1, padding_mode: str = "zeros") -> int:
    """Return how many taps of a kernel stand on samples of an axis at most, wherever it is put.

    Zeros beyond the edges are no samples; what other padding modes put there is.
    """
    return min(taps, -(-size // dilation)) if padding_mode == "zeros" else taps


def source_index(size: int, lo: int, hi: int, mode: str) -> NDArray[np.int64]:
    """Return which input sample stands at each padded position; -1 stands for a zero.

    Parameters
    ----------
    size : int
        Length of the input, in samples.
    lo, hi : int
        Samples added before and after; a negative count crops.
    mode : str
        One of `PADDING_MODES`. ``reflect`` does not repeat the edge sample (d c b | a b c d
        | c b a), ``symmetric`` does (c b a | a b c d | d c b).

    Returns
    -------
    ndarray of int64, shape (lo + size + hi,)

    Examples
    --------
    >>> from numconv.core.geometry import source_index
    >>> source_index(4, 2, 2, "reflect").tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    >>> source_index(4, 2, 1, "zeros").tolist()
    [-1, -1, 0, 1, 2, 3, -1]
    """
    position = np.arange(-lo, max(size + hi, -lo), dtype=np.int64)
    if size == 0:
        return np.full_like(position, -1)
    if mode == "zeros":
        return np.where((position < 0) | (position >= size), -1, position)
    if mode == "replicate":
        return position.clip(0, size - 1)
    if mode == "circular":
        return position % size
    period = max(2 * size - 2, 1) if mode == "reflect" else 2 * size
    position %= period
    return np.minimum(position, period - position - (mode == "symmetric"))


def tap_source(
    size: int, outputs: int, kernel: int, stride: int, lo: int, dilation: int, mode: str
) -> NDArray[np.int64]:
    """Return the input sample that output ``o`` reads at tap ``k``; -1 stands for a zero.

    Returns
    -------
    ndarray of int64, shape (outputs, kernel)
    """
    reach = (outputs - 1) * stride + dilation * (kernel - 1) + 1
    padded = source_index(size, lo, max(reach - lo - size, 0), mode)
    positions = np.arange(outputs)[:, None] * stride + np.arange(kernel) * dilation
    sources: NDArray[np.int64] = padded[positions]
    return sources
