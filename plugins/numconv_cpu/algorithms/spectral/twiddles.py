"""The twiddle factors of `spectral` besides those of the transforms themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fft.twiddles import TwiddleTable, order
from .geometry import Lengths

Numbers = NDArray[Any]


def row_twiddles(rows: int, halved: bool) -> Numbers:
    """Return the factors of rows before their transform: ``exp(i pi r / (2 rows))``, or 1."""
    return _unit_roots(np.arange(rows) * halved, 4 * rows)


def add_step_twiddles(
    lengths: Lengths, halved: bool, lanes: int, factors: TwiddleTable
) -> dict[str, int]:
    """Add the twiddle factors between the two transforms of a folded signal.

    Number ``c`` of the row of frequency ``k`` is multiplied by ``exp(-2 pi i k c / n)``; with
    halved values also by ``exp(i pi c / (2 n))``, which the factors of the rows leave out. Column
    ``c`` is a vector and a lane, and its factor the product of theirs.
    """
    n = lengths.rows * lengths.columns
    frequencies = -4 * order(lengths.rows) + halved
    vectors = np.arange(0, lengths.columns, lanes)
    return {
        "at_step_twiddles": factors.add(_unit_roots(np.outer(vectors, frequencies), 4 * n)),
        "at_lane_twiddles": factors.add(
            _split(_unit_roots(np.outer(frequencies, np.arange(lanes)), 4 * n))
        ),
    }


def _unit_roots(numerators: Numbers, denominator: int) -> Numbers:
    """Return ``exp(2 pi i a / b)``, real and imaginary part by turns."""
    angles = 2 * np.pi * (numerators % denominator) / denominator
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _split(numbers: Numbers) -> Numbers:
    """Return vectors of real parts and of imaginary ones by turns."""
    return np.moveaxis(numbers, -1, -2)
