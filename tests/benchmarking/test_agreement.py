"""Loose comparison of results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from numconv.benchmarking.agreement import difference, disagreement


def _saved(folder: Path, name: str, array: np.ndarray) -> Path:
    path = folder / f"{name}.npy"
    np.save(path, array)
    return path


@pytest.mark.parametrize(
    ("dtype", "error", "agrees"),
    [
        ("float32", 5e-4, True),
        ("float32", 2e-3, False),
        ("float64", 1e-10, True),
        ("float64", 1e-6, False),
        ("float16", 1e-2, True),
        ("complex64", 5e-4, True),
        ("complex128", 1e-6, False),
        ("int32", 0.0, True),
        ("int32", 0.01, False),
    ],
)
def test_tolerance_follows_the_dtype(tmp_path: Path, dtype: str, error: float, agrees: bool):
    expected = np.array([100.0, -50.0, 1.0])
    found = np.array([100.0, -50.0 + 100 * error, 1.0])
    paths = (_saved(tmp_path, "found", found), _saved(tmp_path, "expected", expected))
    assert (disagreement(*paths, dtype) == "") is agrees


def test_axes_of_length_one_do_not_matter_but_sizes_do(tmp_path: Path) -> None:
    array = np.arange(6.0)
    assert difference(array.reshape(1, 2, 3), array.reshape(2, 3)) == 0
    paths = (_saved(tmp_path, "a", array), _saved(tmp_path, "b", array[:5]))
    assert disagreement(*paths, "float64") == "results differ: shape (6,), not (5,)"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_differs(bad: float) -> None:
    assert difference(np.array([1.0, bad]), np.array([1.0, 2.0])) == np.inf


def test_nothing_agrees_with_nothing() -> None:
    assert difference(np.zeros((0, 3)), np.zeros((0, 3))) == 0
    assert difference(np.ones(3), np.zeros(3)) == np.inf
