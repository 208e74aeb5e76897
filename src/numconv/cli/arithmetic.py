"""The arithmetic of layers: sizes, receptive fields, costs, and how evenly taps overlap.

All lengths are counted in samples along one axis; axes are independent of each other.
Sources: V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
arXiv:1603.07285 (sizes); A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of
Convolutional Neural Networks", Distill, 2019 (receptive fields); A. Odena, V. Dumoulin and
C. Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016 (overlap).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np
from numpy.typing import NDArray

from ..core.errors import ArgumentError
from ..core.geometry import integer, output_size
from ..core.polyphase import result_phases


@dataclass(frozen=True)
class Window:
    """How one layer looks at one axis.

    Parameters
    ----------
    kernel, stride, dilation : int
        In samples, at least 1.
    lo, hi : int
        Padding before and after, in samples.
    """

    kernel: int
    stride: int = 1
    lo: int = 0
    hi: int = 0
    dilation: int = 1

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            integer(name, getattr(self, name), 1)
        for name in ("lo", "hi"):
            integer(name, getattr(self, name), 0)

    @property
    def extent(self) -> int:
        """Samples the kernel covers, holes included: ``dilation * (kernel - 1) + 1``.

        >>> from numconv.cli.arithmetic import Window
        >>> Window(kernel=3, dilation=2).extent
        5
        """
        return self.dilation * (self.kernel - 1) + 1

    def output(self, size: int) -> int:
        """Return ``floor((size + lo + hi - extent) / stride) + 1`` (arXiv:1603.07285, section 5.1).

        >>> from numconv.cli.arithmetic import Window
        >>> Window(kernel=3, stride=2, lo=1, hi=1).output(56)
        28
        """
        fit = output_size(size, self.kernel, self.stride, self.lo, self.hi, self.dilation)
        if fit < 1:
            expected = f"at least {self.extent - self.lo - self.hi}, for the kernel to fit once"
            raise ArgumentError("size", size, expected)
        return fit

    def transposed_output(self, size: int, output_padding: int = 0) -> int:
        """Return ``(size - 1) * stride - lo - hi + extent + output_padding``.

        The smallest input from which the convolution makes `size` outputs, and up to
        ``stride - 1`` samples more (arXiv:1603.07285, relations 13 and 14).

        >>> from numconv.cli.arithmetic import Window
        >>> Window(kernel=4, stride=2, lo=1, hi=1).transposed_output(16)
        32
        """
        made = (size - 1) * self.stride - self.lo - self.hi + self.extent + output_padding
        if made < 1:
            raise ArgumentError("padding", (self.lo, self.hi), "less: it crops every output away")
        return made


@dataclass(frozen=True)
class ReceptiveField:
    """Which input samples the outputs of a stack of layers see, along one axis.

    Attributes
    ----------
    size : int
        Samples one output sees, from the first to the last.
    jump : int
        Input samples between neighbouring outputs.
    start : float
        Centre of what output 0 sees, as a position in the input; sample 0 is at 0.
    """

    size: int = 1
    jump: int = 1
    start: float = 0.0

    def through(self, window: Window) -> ReceptiveField:
        """Return the receptive field after one more layer."""
        return ReceptiveField(
            size=self.size + (window.extent - 1) * self.jump,
            jump=self.jump * window.stride,
            start=self.start + ((window.extent - 1) / 2 - window.lo) * self.jump,
        )


def receptive_field(windows: Iterable[Window]) -> ReceptiveField:
    """Return the receptive field of layers in a row, the first next to the input.

    ``size = 1 + sum over layers of (extent - 1) * product of the strides before``
    (Araujo et al. 2019, equation 2, with ``extent`` for the kernel size).

    Examples
    --------
    The stem of a ResNet, a 7-tap convolution and a 3-tap pooling, both with stride 2:

    >>> from numconv.cli.arithmetic import Window, receptive_field
    >>> receptive_field([Window(7, 2, 3, 3), Window(3, 2, 1, 1)])
    ReceptiveField(size=11, jump=4, start=0.0)
    """
    return reduce(ReceptiveField.through, windows, ReceptiveField())


def parameters(
    in_channels: int, out_channels: int, kernel: Sequence[int], groups: int = 1, bias: bool = False
) -> int:
    """Return how many numbers a convolution learns: ``C_out * C_in/groups * prod(k) [+ C_out]``.

    Raises
    ------
    ArgumentError
        If `groups` does not divide both channel counts.

    Examples
    --------
    >>> from numconv.cli.arithmetic import parameters
    >>> parameters(64, 128, (3, 3))
    73728
    """
    for name, channels in (("C_in", in_channels), ("C_out", out_channels)):
        if groups < 1 or channels % groups:
            raise ArgumentError("groups", groups, f"a divisor of {name}={channels}")
    return out_channels * (in_channels // groups * prod(kernel) + bias)


def tap_counts(kernel: int, stride: int, dilation: int = 1) -> tuple[int, ...]:
    """Return how many taps reach each output phase of a transposed convolution.

    Output ``o`` is reached by the taps ``k`` with ``k * dilation = o (mod stride)``, so the
    counts repeat every `stride` outputs, away from the borders.

    Examples
    --------
    >>> from numconv.cli.arithmetic import tap_counts
    >>> tap_counts(kernel=3, stride=2), tap_counts(kernel=4, stride=2)
    ((2, 1), (2, 2))
    """
    return tuple(result_phases(0, stride, kernel, stride, dilation).counts.tolist())


def unevenness(
    kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int] | None = None
) -> float:
    """Return how unevenly a transposed convolution's taps overlap; 0 is even.

    The score is ``(most - fewest) / mean`` of the number of taps that reach an output, over all
    axes together, away from the borders. Uneven overlap shows as a checkerboard; it is even
    exactly where the stride divides the kernel size (Odena et al. 2016), without dilation.

    Examples
    --------
    >>> from numconv.cli.arithmetic import unevenness
    >>> round(unevenness((3, 3), (2, 2)), 3), unevenness((4, 4), (2, 2))
    (1.333, 0.0)
    """
    counts = [
        tap_counts(k, s, d)
        for k, s, d in zip(kernel, stride, dilation or (1,) * len(kernel), strict=True)
    ]
    most, fewest = prod(map(max, counts)), prod(map(min, counts))
    mean = prod(sum(each) / len(each) for each in counts)
    return (most - fewest) / mean


def overlap(size: int, window: Window, output_padding: int = 0) -> NDArray[np.int64]:
    """Return how many products each output of a transposed convolution sums, along one axis.

    For several axes, the map is the outer product of theirs.

    Returns
    -------
    ndarray of int64, shape (window.transposed_output(size, output_padding),)

    Examples
    --------
    >>> from numconv.cli.arithmetic import Window, overlap
    >>> overlap(4, Window(kernel=3, stride=2)).tolist()
    [1, 1, 2, 1, 2, 1, 2, 1, 1]
    """
    made = window.transposed_output(size, output_padding)
    taps = np.arange(size)[:, None] * window.stride + np.arange(window.kernel) * window.dilation
    reached = taps.ravel() - window.lo
    return np.bincount(reached[(reached >= 0) & (reached < made)], minlength=made)


def even_kernel(kernel: int, stride: int) -> int:
    """Return the smallest kernel of at least `kernel` taps that `stride` divides.

    Examples
    --------
    >>> from numconv.cli.arithmetic import even_kernel
    >>> even_kernel(3, 2)
    4
    """
    return -(-kernel // stride) * stride
