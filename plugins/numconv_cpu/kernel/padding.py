"""Which sample of an axis stands at each position of its padded lines: a formula, not a table.

A table would take eight bytes for each position, twice the bytes of a signal of float32, and be
kept as long as its plan. Samples stand `step` apart everywhere; what stands beyond the ends
follows from the padding mode, in which sample q before the first one is sample ``a + b * q``, with
b of -1, 0 or 1, and so is one behind the last.

Backwards, too, it is a formula which positions are copies of a sample (`Copies`), and which outputs
read one (`Readers`). What kernels make of the formulas is in `kernel.padded_reads`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numconv.core.polyphase import spacing

Table = NDArray[np.int64]

FAR = 2**61
# Of the numbers that kernels are told of an axis, those before the first sample of each line.
HEAD = 10


@dataclass(frozen=True)
class Lines:
    """The lines of one axis: line r has sample ``first[r] + step * p`` at position p.

    Parameters
    ----------
    first : ndarray of int64, shape (lines,)
        Of each line. A number that is no sample's stands for what the padding mode puts there.
    step, size : int
        Samples between neighbours, and samples of the axis.
    end : int
        From this sample on there is nothing, whatever the padding mode.
    mode : str
        One of `numconv.core.geometry.PADDING_MODES`.
    """

    first: Table
    step: int
    size: int
    end: int
    mode: str

    @property
    def inner(self) -> int:
        """Where the samples end that are read."""
        return max(min(self.size, self.end), 0)

    @property
    def _folds(self) -> tuple[int, int, int, int]:
        """Return a and b before the first sample, and behind the last one."""
        size = self.size
        if self.mode == "circular":
            return size, 1, -size, 1
        if self.mode == "symmetric":
            return -1, -1, 2 * size - 1, -1
        if self.mode == "reflect" and size > 1:
            return 0, -1, 2 * size - 2, -1
        return 0, 0, size - 1, 0

    @property
    def _extent(self) -> tuple[int, int]:
        """Return from which number to which there is something."""
        if self.mode == "zeros" or self.size == 0:
            return 0, self.inner
        return -FAR, self.end

    @property
    def _period(self) -> int:
        """Return after how many samples they repeat themselves, or 0 if they never do."""
        periods = {"circular": 1, "symmetric": 2, "reflect": 2}
        return max(periods.get(self.mode, 0) * self.size - 2 * (self.mode == "reflect"), 0)

    def numbers(self) -> Table:
        """Return what kernels are told of the axis; see `kernel.padded_reads.line_at`."""
        extent = self._extent
        head = (self.step, self.inner, *extent, *self._folds, self.size, self._period)
        return np.concatenate((np.array(head, np.int64), self.first))

    def runs(self, length: int) -> Table:
        """Return which positions of each line, of so many, are samples as they follow each other.

        Returns
        -------
        ndarray of int64, shape (lines, 2)
            The first position, and the one after the last.
        """
        return self._between(length, 0, self.inner)

    def filled(self, length: int) -> Table:
        """Return likewise which positions are samples of any place, and no zeros."""
        return self._between(length, *self._extent)

    def _between(self, length: int, begin: int, end: int) -> Table:
        start = np.clip(-((self.first - begin) // self.step), 0, length)
        return np.stack((start, np.clip(-((self.first - end) // self.step), start, length)), 1)

    def is_filled(self, length: int) -> bool:
        """Return whether there is a sample at each of the first positions of every line."""
        return bool((self.filled(length) == (0, length)).all())

    def has_borders(self, length: int) -> bool:
        """Return whether a sample stands anywhere but in a run."""
        return bool((self.filled(length) != self.runs(length)).any())

    def pieces(self, length: int, but: Table) -> Table:
        """Cut the first positions of all lines into pieces of evenly spaced samples.

        Zeros are left out. No padding may be longer than the axis.

        Parameters
        ----------
        but : ndarray of int64, shape (lines, 2)
            A part of the run of each line that is left out, too.

        Returns
        -------
        ndarray of int64, shape (pieces, 5)
            Line, first position, count, sample there, and how far the next one is.
        """
        low, low_sign, high, high_sign = self._folds
        (begin, end), (first, last), (left, right) = (
            self.filled(length).T,
            self.runs(length).T,
            but.T,
        )
        edges = ((begin, first, low, low_sign), (first, left, 0, 1), (right, last, 0, 1))
        found = []
        for start, stop, offset, sign in (*edges, (last, end, high, high_sign)):
            there = np.flatnonzero(start < stop)
            position = start[there]
            sample = offset + sign * (self.first[there] + self.step * position)
            steps = np.full_like(there, sign * self.step)
            found.append(np.stack((there, position, stop[there] - position, sample, steps), 1))
        return np.concatenate(found)


@dataclass(frozen=True)
class Copies:
    """The padded positions that are copies of each sample of an axis.

    Parameters
    ----------
    size, lo, hi : int
        Samples, and positions before and behind them, of which there are no more than samples
        unless `mode` repeats the outermost one. A negative `hi` crops.
    mode : str
    """

    size: int
    lo: int
    hi: int
    mode: str

    @property
    def single(self) -> tuple[int, int]:
        """Return between which samples each has one copy for certain: itself."""
        hi = max(self.hi, 0)
        begin, end = self.lo + 1, self.size - 1 - hi
        if self.mode == "zeros":
            begin, end = 0, self.size
        elif self.mode == "circular":
            begin, end = hi, self.size - self.lo
        return begin, max(min(end, self.size + self.hi), begin)

    def numbers(self) -> Table:
        """Return what kernels are told of the axis; see `kernel.padded_reads.copies_of`."""
        folds = Lines(np.empty(0, np.int64), 1, self.size, FAR, self.mode)._folds
        lo, hi = (0, min(self.hi, 0)) if self.mode == "zeros" else (self.lo, self.hi)
        return np.array((self.size, self.lo, lo, hi, *folds), np.int64)


@dataclass(frozen=True)
class Readers:
    """Which taps read a padded position, each for which output: ``o * stride + k * dilation``.

    Parameters
    ----------
    outputs, taps, stride, dilation : int
    """

    outputs: int
    taps: int
    stride: int
    dilation: int

    def numbers(self) -> Table:
        """Return what kernels are told of the axis; see `kernel.padded_reads.readers_of`."""
        _, period, shift = spacing(self.stride, self.dilation)
        told = (self.outputs, self.taps, self.stride, self.dilation, period, shift)
        return np.array(told, np.int64)
