"""A problem as what SciPy computes: arrays convolved with kernels, at every place.

SciPy knows no stride, no dilation and no channels, and pads with nothing but zeros where it pads
at all. Its users put zeros between the taps of a dilated kernel, throw results away for a stride,
and pad before they call. The input gradient is the convolution of `y`, with ``stride - 1`` zeros
between its samples, and kernels that are not turned around.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from numconv.core.geometry import Pairs
from numconv.core.protocol import Array, Shape

_PAD_MODES = {
    "zeros": "constant",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "edge",
    "circular": "wrap",
}


def window_refusal(problem: Any) -> str | None:
    """Return why the problem cannot be put so, or None if it can."""
    padded = any(max(pair) > 0 for pair in problem.padding)
    if problem.direction != "forward" and padded and problem.padding_mode != "zeros":
        return (
            "SciPy's users have no gradient of padding: leave padding_mode out, or use "
            "backend='cpu'"
        )
    return None


def extents(problem: Any) -> Shape:
    """Return the shape of a kernel with its holes."""
    pairs = zip(problem.kernel_shape, problem.dilation, strict=True)
    return tuple(d * (k - 1) + 1 for k, d in pairs)


def given_shape(problem: Any) -> Shape:
    """Return the spatial axes of what is convolved, before it is padded."""
    if problem.direction == "forward":
        return tuple(problem.input_shape)
    return tuple((o - 1) * s + 1 for o, s in zip(problem.output_shape, problem.stride, strict=True))


def padding_mode(problem: Any) -> str:
    """Return what stands outside of what is convolved."""
    return str(problem.padding_mode) if problem.direction == "forward" else "zeros"


def padding(problem: Any) -> Pairs:
    """Return how many samples are added to each axis of that; cropped, where negative."""
    if problem.direction == "forward":
        return tuple(problem.padding)
    lows = [e - 1 - lo for e, (lo, _) in zip(extents(problem), problem.padding, strict=True)]
    sizes = zip(problem.input_shape, extents(problem), given_shape(problem), lows, strict=True)
    return tuple((lo, n + e - 1 - size - lo) for n, e, size, lo in sizes)


def places(problem: Any) -> int:
    """Return at how many places a kernel is applied, those included that a stride leaves out."""
    sizes = zip(given_shape(problem), padding(problem), extents(problem), strict=True)
    return prod(size + lo + hi - e + 1 for size, (lo, hi), e in sizes)


def kept(problem: Any) -> tuple[Any, ...]:
    """Return the index, in the last axes, of the results that a stride keeps."""
    steps = problem.stride if problem.direction == "forward" else (1,) * problem.axes
    return (..., *(slice(None, None, step) for step in steps))


def by_group(problem: Any, given: Array) -> Array:
    """Return what is convolved: (N, groups, channels of a group, *spatial)."""
    spread = given if problem.direction == "forward" else _spread(given, problem.stride)
    channels = given.shape[1] // problem.groups
    return spread.reshape(problem.batch, problem.groups, channels, *given_shape(problem))


def kernels_of(problem: Any, weight: Array) -> Array:
    """Return the kernels to convolve with: (groups, result channels, given channels, *taps)."""
    grouped = weight.reshape(problem.groups, -1, *weight.shape[1:])
    spread = _spread(grouped, problem.dilation)
    if problem.direction != "forward":
        return np.ascontiguousarray(spread.swapaxes(1, 2))
    return np.ascontiguousarray(np.flip(spread, tuple(range(3, spread.ndim))))


def padder(problem: Any) -> Callable[[Array], Array]:
    """Return a function that pads the last axes, so that every place left is a result's."""
    pairs = padding(problem)
    added = tuple((max(lo, 0), max(hi, 0)) for lo, hi in pairs)
    cropped = (..., *(slice(max(-lo, 0), min(hi, 0) or None) for lo, hi in pairs))
    mode: Any = _PAD_MODES[padding_mode(problem)]

    def pad(x: Array) -> Array:
        if any(map(any, added)):
            x = np.pad(x, ((0, 0),) * (x.ndim - len(added)) + added, mode)
        return x[cropped]

    return pad


def scipy_mode(problem: Any) -> str | None:
    """Return which of SciPy's modes pads as the problem does; None if it must be padded before."""
    pairs, taps, sizes = padding(problem), extents(problem), given_shape(problem)
    zeros = padding_mode(problem) == "zeros"
    if not any(map(any, pairs)):
        return "valid"
    if zeros and all(pair == (e - 1, e - 1) for pair, e in zip(pairs, taps, strict=True)):
        return "full"
    centred = all(2 * lo == 2 * hi == e - 1 for (lo, hi), e in zip(pairs, taps, strict=True))
    if zeros and centred and all(e <= size for e, size in zip(taps, sizes, strict=True)):
        return "same"
    return None


def _spread(array: Array, steps: Shape) -> Array:
    """Return `array` with ``step - 1`` zeros between the samples of its last axes."""
    if set(steps) == {1}:
        return array
    first = array.ndim - len(steps)
    sizes = zip(array.shape[first:], steps, strict=True)
    wide = tuple(max((size - 1) * step + 1, 0) for size, step in sizes)
    spread = np.zeros(array.shape[:first] + wide, array.dtype)
    places: Any = (..., *(slice(None, None, step) for step in steps))
    spread[places] = array
    return spread
