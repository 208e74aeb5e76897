"""The twiddle factors of `spectral` besides those of the transforms themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fft.twiddles import order
from .geometry import Lengths

Numbers = NDArray[Any]


def row_twiddles(rows: int, halved: bool) -> Numbers:
    """Return the factors of rows before their transform: ``exp(i pi r / (2 rows))``, or 1."""
    return _unit_roots(np.arange(rows) * halved, 4 * rows)


def step_twiddles(lengths: Lengths, halved: bool, lanes: int) -> Numbers:
    """Return the twiddle factors between the two transforms of a folded signal, of vectors.

    Number ``c`` of the row of frequency ``k`` is multiplied by ``exp(-2 pi i k c / n)``; with
    halved values also by ``exp(i pi c / (2 n))``, which the factors of the rows leave out. Column
    ``c`` is a vector and a lane, and its factor the product of theirs.
    """
    vectors = np.arange(0, lengths.columns, lanes)
    roots = np.outer(vectors, _frequencies(lengths, halved))
    return _unit_roots(roots, 4 * lengths.rows * lengths.columns)


def lane_twiddles(lengths: Lengths, halved: bool, lanes: int) -> Numbers:
    """Return those of lanes: vectors of real parts and of imaginary ones by turns."""
    roots = np.outer(_frequencies(lengths, halved), np.arange(lanes))
    return np.moveaxis(_unit_roots(roots, 4 * lengths.rows * lengths.columns), -1, -2)


def _frequencies(lengths: Lengths, halved: bool) -> Numbers:
    return -4 * order(lengths.rows) + halved


def _unit_roots(numerators: Numbers, denominator: int) -> Numbers:
    """Return ``exp(2 pi i a / b)``, real and imaginary part by turns."""
    angles = 2 * np.pi * (numerators % denominator) / denominator
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)
