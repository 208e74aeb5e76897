"""One spatial axis as Winograd's filtering sees it: of stride 1, whatever the convolution's.

A stride splits the given array of a forward convolution into its phases (`core.polyphase`), which
are as many times the given channels. The stride of an input gradient splits the results into
phases likewise, here called *parts*: as many times the result channels, all of which read the same
samples. Along the axis, then::

    result[i * parts + part + first] = sum over phase, t of
        weight[tap[part, phase, t]] * given[start + phase + step * (i + t)]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import outputs_over, result_phases, sample_phases
from numconv.plugin import ConvolutionProblem

from ...kernel.padding import FAR, Lines

Table = NDArray[np.int64]


@dataclass(frozen=True)
class WinogradAxis:
    """An axis, as the module says.

    Parameters
    ----------
    given, result : int
        Lengths of the array that is read and of the one that is computed.
    positions : int
        How many i there are.
    first : int
        Result at position 0 of part 0; one or more before the first if negative.
    start : int
        Sample at position 0 of phase 0, likewise.
    step : int
        Samples of the given array between neighbours of a phase.
    tap : ndarray of int64, shape (parts, phases, taps)
        Which tap of the kernel, or -1 for a zero; the zeros are the last ones.
    mode : str
        What stands where there are no samples.
    """

    given: int
    result: int
    positions: int
    first: int
    start: int
    step: int
    tap: Table
    mode: str

    @property
    def parts(self) -> int:
        return self.tap.shape[0]

    @property
    def phases(self) -> int:
        return self.tap.shape[1]

    @property
    def taps(self) -> int:
        return self.tap.shape[2]

    @property
    def lines(self) -> Lines:
        """The samples of each phase.

        Beyond the last one that a result reads there are zeros, for tiles that hang over the end.
        """
        first = np.arange(self.start, self.start + self.phases)
        end = self.start + self.step * (self.positions + self.taps - 1)
        return Lines(first, self.step, self.given, end, self.mode)


def forward_axis(
    given: int, result: int, kernel: int, stride: int, lo: int, mode: str
) -> WinogradAxis:
    """Return an axis of ``result[i] = sum of weight[k] * given[i * stride + k - lo]``."""
    tap = sample_phases(kernel, stride, 1).taps()
    return WinogradAxis(given, result, result, 0, -lo, stride, tap[None], mode)


def gradient_axis(given: int, result: int, kernel: int, stride: int, lo: int) -> WinogradAxis:
    """Return an axis of the adjoint, ``result[i * stride + k - lo] += weight[k] * given[i]``."""
    # Part 0 begins with the last result that is not after the first one there is.
    start, _ = outputs_over(lo, lo + 1, kernel, stride)
    first = kernel - stride - lo + stride * start
    tap, _ = result_phases(first + lo, stride, kernel, stride, 1).table()
    positions = -(-(result - first) // stride)
    return WinogradAxis(given, result, positions, first, start, 1, tap[:, None], "zeros")


def flat_axes(problem: ConvolutionProblem) -> tuple[WinogradAxis, WinogradAxis]:
    """Return the last two axes of a problem, of which one with one axis has the last."""
    forward = problem.direction == "forward"
    axes = []
    for axis in (-2, -1):
        if axis < -problem.axes:
            axes.append(forward_axis(1, 1, 1, 1, 0, "zeros"))
            continue
        size, outputs = problem.input_shape[axis], problem.output_shape[axis]
        kernel, stride = problem.kernel_shape[axis], problem.stride[axis]
        lo = problem.padding[axis][0]
        if forward:
            mode = problem.padding_mode
            axes.append(forward_axis(size, outputs, kernel, stride, lo, mode))
        else:
            axes.append(gradient_axis(outputs, size, kernel, stride, lo))
    return axes[0], axes[1]


def lines_along_z(problem: ConvolutionProblem) -> Lines:
    """Return which planes of the given array each tap along z reads, result by result.

    Along z nothing is transformed: taps are more given channels.
    """
    if problem.axes < 3:
        return Lines(np.zeros(1, np.int64), 1, 1, 1, "zeros")
    lo, dilation = problem.padding[0][0], problem.dilation[0]
    behind = dilation * np.arange(problem.kernel_shape[0])
    if problem.direction != "forward":
        return Lines(lo - behind, 1, problem.output_shape[0], FAR, "zeros")
    size, mode = problem.input_shape[0], problem.padding_mode
    return Lines(behind - lo, problem.stride[0], size, FAR, mode)
