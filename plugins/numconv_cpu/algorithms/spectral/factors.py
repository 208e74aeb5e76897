"""The factors of `spectral` besides those of the transforms themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fft.factors import Factors, order
from .shape import Lengths

Numbers = NDArray[Any]


def twists(rows: int, halved: bool) -> Numbers:
    """Return what rows are turned by before their transform: ``exp(i pi r / (2 rows))``, or 1."""
    return _turned(np.arange(rows) * halved, 4 * rows)


def add_turns(lengths: Lengths, halved: bool, lanes: int, factors: Factors) -> dict[str, int]:
    """Add what the numbers of a folded signal are turned by between its two transforms.

    Number ``c`` of the row of frequency ``k`` is turned by ``exp(-2 pi i k c / n)``; with halved
    values also by ``exp(i pi c / (2 n))``, which their rows' twists leave. Columns are those of
    a vector and a lane, and so are the factors.
    """
    n = lengths.rows * lengths.columns
    frequencies = -4 * order(lengths.rows) + halved
    vectors = np.arange(0, lengths.columns, lanes)
    return {
        "at_turns": factors.add(_turned(np.outer(vectors, frequencies), 4 * n)),
        "at_lane_turns": factors.add(
            _split(_turned(np.outer(frequencies, np.arange(lanes)), 4 * n))
        ),
    }


def _turned(numerators: Numbers, denominator: int) -> Numbers:
    """Return ``exp(2 pi i a / b)``, real and imaginary part by turns."""
    angles = 2 * np.pi * (numerators % denominator) / denominator
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def _split(numbers: Numbers) -> Numbers:
    """Return vectors of real parts and of imaginary ones by turns."""
    return np.moveaxis(numbers, -1, -2)
