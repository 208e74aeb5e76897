"""What a convolution is to `spectral`: three axes, the lengths of its transforms, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import log2, prod

import numpy as np

from numconv.plugin import ConvolutionProblem, accumulator, dtype_kind, remembering

from ...kernel.arguments import Arguments
from ...kernel.lowering import group_channels
from ...simd.machine import machine
from ..fourier.problems import sizes
from ..fourier.twiddles import radices

Triple = tuple[int, int, int]

AXES = ("outer", "middle", "inner")

LONGEST = 2**16
"""Numbers of an axis. A vector of lines of 2^13 takes a second-level cache of 1 MiB."""
NEAREST = 2**13
"""Numbers of a line of a signal, which is folded into so many at most."""

# Nanoseconds of one core for a vector of 64 bytes, real and imaginary: of a stage by its radix,
# for all else that is done to it on the way there or back along an axis, and for a line of them
# to begin; for a sample, to measure it and to sum it up; for a result, to look up the sum over its
# window; and for a call, of which an image of a batch bears a part. Measured on a Zen 5.
STAGE = {2: 1.6, 3: 2.6, 4: 2.6, 5: 3.9}
MOVE, LINE = 4.8, 200.0
SAMPLE, RESULT, CALL = 1.5, 0.3, 4000.0
# Likewise of what sums products as they are: for a vector, and for a call. Complex numbers it
# takes apart, and puts together again.
DIRECT, DIRECT_CALL = {1: 0.25, 2: 0.4}, {1: 2000.0, 2: 10000.0}
# Planes that no second-level cache holds take up to so much longer.
CACHE_BYTES, FAR = 2**20, 0.5


@dataclass(frozen=True)
class SpectralGeometry(Arguments):
    """A forward convolution, or an input gradient, as a product of polynomials.

    Axes are outer, middle, inner: z, y, x of a volume, y, nothing, x of a picture, and the inner
    one of a signal.

    Parameters
    ----------
    given_channels, result_channels : int
        Of a group.
    parts : int
        Real numbers of a value.
    first, seen : tuple of int
        The first sample in the window of any result, and how many there are.
    shift : tuple of int
        From a result to the product that it is, counted from that of the first sample and tap.
    """

    axis_names = AXES

    groups: int
    given_channels: int
    result_channels: int
    parts: int
    given_size: Triple
    first: Triple
    seen: Triple
    kernel: Triple
    shift: Triple
    result_size: Triple
    folded: bool

    @property
    def filters(self) -> int:
        return self.groups * self.result_channels

    @property
    def kept(self) -> tuple[tuple[int, int], ...]:
        """The products that are results, from where to where along each axis."""
        axes = zip(self.shift, self.result_size, self.seen, self.kernel, strict=True)
        return tuple((max(s, 0), min(s + r, n + k - 1)) for s, r, n, k in axes)

    @property
    def needed(self) -> Triple:
        """How many numbers each axis of the transforms must have at least.

        What lies beyond is added to the front, where it may fall on what nobody keeps.
        """
        axes = zip(self.kept, self.seen, self.kernel, strict=True)
        z, y, x = (max(b, n + k - 1 - a, n, k) for (a, b), n, k in axes)
        return z, y, x


@dataclass(frozen=True)
class Lengths(Arguments):
    """Of the transforms, in complex numbers: rows, the middle axis, columns."""

    rows: int
    middles: int
    columns: int


def zero_padded(problem: ConvolutionProblem) -> ConvolutionProblem:
    """Return the problem with its padding as samples, unless that is by zeros."""
    if problem.padding_mode == "zeros":
        return problem
    axes = zip(problem.output_shape, problem.kernel_shape, strict=True)
    return replace(
        problem,
        input_shape=tuple(size + k - 1 for size, k in axes),
        padding=((0, 0),) * problem.axes,
        padding_mode="zeros",
    )


def geometry_of(problem: ConvolutionProblem) -> SpectralGeometry:
    """Return the axes and channels of a problem without padding other than by zeros."""
    channels, (given, result, low) = group_channels(problem), sizes(problem)
    axes = zip(given, result, problem.kernel_shape, low, strict=True)
    first, seen, shift = zip(*(_axis(*each) for each in axes), strict=True)
    return SpectralGeometry(
        groups=problem.groups,
        given_channels=channels[0],
        result_channels=channels[1],
        parts=1 + (dtype_kind(problem.dtype) == "complex"),
        given_size=_triple(given, 1),
        first=_triple(first, 0),
        seen=_triple(seen, 1),
        kernel=_triple(problem.kernel_shape, 1),
        shift=_triple(shift, 0),
        result_size=_triple(result, 1),
        folded=problem.axes == 1,
    )


def _axis(given: int, result: int, kernel: int, low: int) -> tuple[int, int, int]:
    first = max(-low, 0)
    return first, min(given, result + kernel - 1 - low) - first, kernel - 1 - max(low, 0)


def _triple(values: tuple[int, ...], missing: int) -> Triple:
    if len(values) == 3:
        return values[0], values[1], values[2]
    outer = values[0] if len(values) == 2 else missing
    return outer, missing, values[-1]


@remembering(1024)
def lengths_of(geometry: SpectralGeometry, itemsize: int) -> Lengths | None:
    """Return the lengths that take the least time, or None if an axis is too long."""
    outer, middle, inner = geometry.needed
    lanes = machine().lanes(itemsize)
    if geometry.folded:
        numbers = inner if geometry.parts == 2 else -(-inner // 2)
        found = [
            Lengths(rows, 1, columns)
            for columns in smooth_numbers()
            if columns <= NEAREST and columns % lanes == 0
            for rows in _least(-(-numbers // columns))
        ]
    else:
        rows = outer if geometry.parts == 2 else -(-outer // 2)
        found = [
            Lengths(r, m, c) for r in _least(rows) for m in _least(middle) for c in _least(inner)
        ]
    return min(found, key=lambda each: seconds(geometry, each, itemsize), default=None)


@lru_cache(maxsize=1)
def smooth_numbers() -> tuple[int, ...]:
    """Return the lengths that transforms of radix 5, 4, 3 and 2 make up."""
    found = {
        2**two * 3**three * 5**five for two in range(17) for three in range(5) for five in range(4)
    }
    return tuple(sorted(each for each in found if each <= LONGEST))


def _least(length: int) -> tuple[int, ...]:
    """Return the few least lengths that are long enough."""
    return tuple(each for each in smooth_numbers() if each >= length)[:4]


def seconds(geometry: SpectralGeometry, lengths: Lengths, itemsize: int) -> float:
    """Return the estimated time of an image on one core, the weights' transforms included."""
    lanes = 64 // itemsize
    size = 2 * itemsize * lengths.rows * lengths.middles * lengths.columns
    far = 1 + FAR * min(max(log2(size / CACHE_BYTES), 0) / 3, 1)
    vectors = -(-lengths.rows * lengths.middles // lanes) * lengths.columns
    each = sum(map(_line, (lengths.rows, lengths.middles, lengths.columns)))
    transforms = (
        geometry.given_channels
        + geometry.result_channels
        + geometry.given_channels * geometry.result_channels
    )
    checked = SAMPLE * geometry.given_channels * prod(
        geometry.seen
    ) + RESULT * geometry.result_channels * prod(geometry.result_size)
    return (geometry.groups * (far * transforms * vectors * each + checked) + CALL) * 1e-9


def _line(length: int) -> float:
    """Return the time of a vector along a line."""
    if length == 1:
        return 0.0
    return MOVE + LINE / length + sum(STAGE[radix] for radix in radices(length))


def relative_cost(problem: ConvolutionProblem) -> float:
    """Return the estimated time of an image, as a fraction of what `direct` takes for it."""
    geometry, itemsize = geometry_of(zero_padded(problem)), real_itemsize(problem)
    lengths = lengths_of(geometry, itemsize)
    assert lengths is not None
    macs = prod(problem.y_shape[1:]) * prod(problem.weight_shape[1:]) * geometry.parts**2
    direct = DIRECT[geometry.parts] * macs * itemsize / 64 + DIRECT_CALL[geometry.parts]
    return seconds(geometry, lengths, itemsize) / (direct * 1e-9)


def real_itemsize(problem: ConvolutionProblem) -> int:
    """Return the bytes of the real numbers that are computed with."""
    parts = 1 + (dtype_kind(problem.dtype) == "complex")
    return np.dtype(accumulator(problem.dtype)).itemsize // parts
