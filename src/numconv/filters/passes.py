"""One convolution, or one for each axis, whichever the dispatcher thinks is faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..composite.separable import separable_conv2d, separable_conv3d
from ..core.choice import choose
from ..core.errors import RefusedError
from ..core.geometry import Pairs
from ..core.kept import remembering
from ..core.operators.convolution import convolve
from ..core.protocol import Operand
from ..core.threads import get_num_threads
from ..core.tracing import tracing
from ..core.units import seconds
from .rank import factors

Array = NDArray[Any]

_SEPARABLE: dict[int, Callable[..., Any]] = {2: separable_conv2d, 3: separable_conv3d}


@dataclass(frozen=True)
class Smoothing:
    """A convolution with given weights, of arrays (N, C, *spatial) or operands.

    Parameters
    ----------
    weight : array, shape (C_out, C/groups, *kernel_shape)
    groups, stride, dilation
        Of the convolution.
    options : tuple of (name, value)
        What else `convolve` takes; hashable.
    vectors : tuple of array, optional
        (C, taps) or (taps,), one for each axis: then it is made in passes.
    """

    weight: Array
    groups: int
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    options: tuple[tuple[str, Any], ...]
    vectors: tuple[Array, ...] | None = None

    def __call__(self, x: Any, padding: Pairs, mode: str) -> Any:
        axes = self.weight.ndim - 2
        options = dict(self.options)
        given = _described if isinstance(x, Operand) else _same
        if self.vectors is not None:
            options.pop("algorithm", None)
            vectors = [given(vector) for vector in self.vectors]
            return _SEPARABLE[axes](
                *(x, *vectors, None, self.stride, padding, self.dilation),
                padding_mode=mode,
                **options,
            )
        return convolve(
            *(axes, x, given(self.weight), None),
            *(self.stride, padding, self.dilation, self.groups),
            padding_mode=mode,
            **options,
        )


def _same(array: Array) -> Array:
    return array


def _described(array: Array) -> Operand:
    return Operand(array.shape, array.dtype.name)


def split(whole: Smoothing, kernels: Array) -> tuple[Smoothing | None, str]:
    """Return `whole` in passes, or None and the reason why it has to be one convolution.

    Parameters
    ----------
    whole : Smoothing
    kernels : ndarray of float64 or complex128, shape (C, *kernel_shape)
        The weights before they were rounded, a kernel for each channel.
    """
    shape, dtype = whole.weight.shape[2:], whole.weight.dtype.name
    if dict(whole.options).get("algorithm", "auto") != "auto":
        return None, "one pass: an algorithm was asked for by name"
    if len(shape) < 2:
        return None, "one pass: the kernel has one axis"
    if whole.weight.shape[:2] != (whole.groups, 1):
        return None, "one pass: the weight mixes channels"
    if dtype == "float16":
        return None, "one pass: float16 would be rounded between two"
    # Each pass adds its own rounding errors to those of the vectors; with fewer taps than this
    # they might exceed the bound of the one convolution, and there would be little to gain.
    if sum(shape) + 2 * len(shape) + 4 > prod(shape) + 2:
        return None, "one pass: the kernel is too small for two to keep the error bound"
    # Rounding to a shorter dtype comes first: the result is that of the kernel as it is used.
    # Real weights stay real where the samples are complex.
    own = dtype if kernels.dtype.kind == "c" else np.zeros(0, dtype).real.dtype.name
    wide = np.result_type(kernels, "float64")
    found = [factors(kernel.astype(own).astype(wide), own) for kernel in kernels]
    vectors = [each for each in found if each is not None]
    if len(vectors) < len(found) or not found:
        return None, "one pass: the kernel is no outer product (of rank one)"
    stacked = tuple(np.stack(each).astype(dtype) for each in zip(*vectors, strict=True))
    return replace(whole, vectors=stacked), ""


def cheaper(
    whole: Smoothing, parts: Smoothing, x: Operand, padding: Pairs, mode: str
) -> tuple[Smoothing, str]:
    """Return the one of the two that the dispatcher estimates to be faster, and why."""
    threads, options = get_num_threads(), whole.options
    shapes = whole.weight.shape, whole.groups, whole.stride, whole.dilation
    one, several = _seconds(x, shapes, options, padding, mode, threads)
    times = f"{seconds(several)} against {seconds(one)}, estimated"
    count = len(parts.vectors or ())
    if several < one:
        return parts, f"{count} passes, the kernel being an outer product: {times}"
    return whole, f"one pass: {count} would take {times}"


@remembering(1024)
def _seconds(
    x: Operand,
    shapes: tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...]],
    options: tuple[tuple[str, Any], ...],
    padding: Pairs,
    mode: str,
    threads: int,
) -> tuple[float, float]:
    weight_shape, groups, stride, dilation = shapes
    whole = Smoothing(np.empty(weight_shape, x.dtype), groups, stride, dilation, options)
    taps = tuple(np.empty((groups, size), x.dtype) for size in weight_shape[2:])
    parts = replace(whole, vectors=taps)
    return _estimated(whole, x, padding, mode), _estimated(parts, x, padding, mode)


def _estimated(smoothing: Smoothing, x: Operand, padding: Pairs, mode: str) -> float:
    with tracing() as traced:
        smoothing(x, padding, mode)
    try:
        chosen = [(choose(t.problem, t.backend, t.algorithm), t.problem) for t in traced]
    except RefusedError:
        return float("inf")
    return sum(choice.algorithm.cost(problem) for choice, problem in chosen)
