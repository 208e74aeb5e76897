"""The phases of a stride (polyphase): which taps meet which samples, along one axis.

A convolution with stride s and dilation d, and its adjoint, are along an axis::

    y[o] = sum over k of w[k] * x[o * s + k * d - lo]
    x[i] = sum over k of w[k] * y[(i + lo - k * d) / s]    where s divides i + lo - k * d

Sample i of x stands at *position* ``i + lo``, counted from the first one that is padded. By the
remainder that positions leave by s, both sums fall apart into convolutions of stride 1
(P. P. Vaidyanathan, *Multirate Systems and Filter Banks*, 1993, section 4.3):

- *phases of the samples* (`sample_phases`): tap k reads, for output o, sample ``o + k * d // s`` of
  the samples with remainder ``k * d % s``;
- *phases of the results* of the adjoint (`result_phases`): results with the same remainder are
  reached by the same taps, and each of them reads the sample of y after those of the one before.

With ``g = gcd(s, d)``, ``k * d`` and ``k' * d`` have the same remainder exactly where ``s / g``
divides ``k - k'``, for ``s / g`` and ``d / g`` have no common divisor (`spacing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class Spacing(NamedTuple):
    """How outputs and taps meet: tap ``k + period`` reads for o what tap k reads for ``o + shift``.

    All positions that are read are multiples of `unit`.
    """

    unit: int
    period: int
    shift: int


def spacing(stride: int, dilation: int) -> Spacing:
    """Return how the outputs and the taps of an axis meet.

    Examples
    --------
    >>> from numconv.core.polyphase import spacing
    >>> spacing(stride=4, dilation=6)
    Spacing(unit=2, period=2, shift=3)
    """
    unit = gcd(stride, dilation)
    return Spacing(unit, stride // unit, dilation // unit)


class SamplePhases(NamedTuple):
    """The phases of the samples: tap k reads sample ``o + offsets[k]`` of phase ``phases[k]``.

    Sample i of a phase stands at position ``i * stride + remainders[phase]``. There are only phases
    that some tap reads, by ascending remainders.
    """

    remainders: Indices
    phases: Indices
    offsets: Indices

    def taps(self) -> Indices:
        """Return which tap reads each phase at each offset, -1 for none: (phases, offsets)."""
        taps = np.full((self.remainders.size, int(self.offsets.max()) + 1), -1)
        taps[self.phases, self.offsets] = np.arange(self.offsets.size)
        return taps


def sample_phases(kernel: int, stride: int, dilation: int) -> SamplePhases:
    """Return the phases of the samples that a kernel reads.

    Examples
    --------
    >>> from numconv.core.polyphase import sample_phases
    >>> sample_phases(kernel=5, stride=2, dilation=1).taps().tolist()
    [[0, 2, 4], [1, 3, -1]]
    """
    offsets, remainders = np.divmod(np.arange(kernel) * dilation, stride)
    found, phases = np.unique(remainders, return_inverse=True)
    return SamplePhases(found, phases.ravel(), offsets)


@dataclass(frozen=True)
class ResultPhases:
    """Phases of the results of an adjoint.

    Result ``j * stride`` after the first one of phase r is the sum, over ``i < counts[r]``, of
    ``w[first_taps[r] + i * period] * y[first_outputs[r] + j - i * shift]``, so far as there is
    such an element of y.

    Parameters
    ----------
    first_taps, first_outputs, counts : ndarray of int64, shape (phases,)
        Of each phase. All are 0 if no tap reaches it.
    period, shift : int
        See `Spacing`.
    most : int
        Taps of the phase with most of them, of all phases that the stride makes.
    """

    first_taps: Indices
    first_outputs: Indices
    counts: Indices
    period: int
    shift: int
    most: int

    def reads(self, phase: int) -> tuple[Indices, Indices]:
        """Return the taps of a phase, ascending, and the outputs they read for its first result."""
        i = np.arange(self.counts[phase])
        return (
            self.first_taps[phase] + i * self.period,
            self.first_outputs[phase] - i * self.shift,
        )

    def table(self) -> tuple[Indices, Indices]:
        """Return the same of all phases, the outputs ascending: two arrays (phases, most).

        Where a phase has fewer reads than others, the last taps are -1 and the outputs 0.
        """
        last = self.counts[:, None] - 1
        i = last - np.arange(self.most)
        taps = self.first_taps[:, None] + i * self.period
        outputs = self.first_outputs[:, None] - i * self.shift
        return np.where(i >= 0, taps, -1), np.where(i >= 0, outputs, 0)


def result_phases(
    position: int, results: int, kernel: int, stride: int, dilation: int
) -> ResultPhases:
    """Return the phases of an adjoint whose first results are those at `position` and on.

    Parameters
    ----------
    position : int
        Of the first result: `lo`, where that is the first sample of x.
    results : int
        How many of them are the first of a phase: `stride`, or all results where those are fewer.

    Examples
    --------
    >>> from numconv.core.polyphase import result_phases
    >>> phases = result_phases(position=1, results=2, kernel=3, stride=2, dilation=1)
    >>> [taps.tolist() for taps, _ in map(phases.reads, range(2))]
    [[1], [0, 2]]
    """
    _, period, shift = spacing(stride, dilation)
    positions = position + np.arange(results)
    # Each of the first taps has a remainder of its own.
    of_taps = np.arange(min(period, kernel)) * dilation % stride
    order = np.argsort(of_taps)
    remainders = positions % stride
    found = np.searchsorted(of_taps, remainders, sorter=order)
    tap = order[np.minimum(found, of_taps.size - 1)]
    reached = of_taps[tap] == remainders
    outputs = (positions - tap * dilation) // stride
    return ResultPhases(
        np.where(reached, tap, 0),
        np.where(reached, outputs, 0),
        np.where(reached, -(-(kernel - tap) // period), 0),
        period,
        shift,
        -(-kernel // period),
    )


def outputs_over(
    first: int, end: int, kernel: int, stride: int, dilation: int = 1
) -> tuple[int, int]:
    """Return the range of outputs whose windows, from first to last tap, meet positions of a range.

    It is not cut to the outputs that there are.

    Examples
    --------
    >>> from numconv.core.polyphase import outputs_over
    >>> outputs_over(4, 6, kernel=3, stride=2)
    (1, 3)
    """
    reach = dilation * (kernel - 1)
    return -((reach - first) // stride), (end - 1) // stride + 1
