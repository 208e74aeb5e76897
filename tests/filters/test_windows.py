"""The named windows: sums, SciPy's values, and what the filters do to polynomials."""

from __future__ import annotations

import numpy as np
import pytest

from numconv import ArgumentError, filters

DETECTING = (
    *("derivative", "derivative-4", "second-derivative", "second-derivative-4", "difference"),
    *("savitzky-golay-derivative", "savitzky-golay-second-derivative"),
    *("step", "ricker", "high-pass", "difference-of-gaussians"),
)
OF_SCIPY = {
    "boxcar": "boxcar",
    "triangle": "triang",
    "bartlett": "bartlett",
    "hann": "hann",
    "hamming": "hamming",
    "blackman": "blackman",
    "blackman-harris": "blackmanharris",
    "nuttall": "nuttall",
    "cosine": "cosine",
    "parzen": "parzen",
    "bohman": "bohman",
    "tukey": "tukey",
    "lanczos": "lanczos",
}


@pytest.mark.parametrize("name", filters.window_names())
def test_window_is_a_float32_vector_with_a_formula_and_a_sum(name: str) -> None:
    window = filters.window(name)
    assert window.dtype == np.float32
    assert window.ndim == 1
    assert filters.formula(name)
    total = 0 if name in DETECTING else 1
    assert filters.window(name, dtype="float64").sum() == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("name", sorted(set(filters.names()) & set(filters.window_names())))
def test_a_name_of_both_kinds_has_one_formula(name: str) -> None:
    kernel, window = filters.kernel(name, dtype="float64"), filters.window(name, dtype="float64")
    assert kernel.shape == window.shape * 2
    if name in ("gaussian", "binomial", "identity"):
        np.testing.assert_allclose(kernel, np.outer(window, window), atol=1e-15)


@pytest.mark.peer
@pytest.mark.parametrize("size", [5, 8, 9])
@pytest.mark.parametrize("name", OF_SCIPY)
def test_windows_are_those_of_scipy_over_their_sum(name: str, size: int) -> None:
    windows = pytest.importorskip("scipy.signal.windows")
    expected = getattr(windows, OF_SCIPY[name])(size)
    got = filters.window(name, size, dtype="float64")
    np.testing.assert_allclose(got, expected / expected.sum(), atol=1e-15)


@pytest.mark.parametrize("size", [5, 7, 11])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_savitzky_golay_is_exact_for_parabolas(order: int, size: int) -> None:
    suffix = ("", "-derivative", "-second-derivative")[order]
    window = filters.window(f"savitzky-golay{suffix}", size, dtype="float64")
    x = np.arange(size) - size // 2
    assert (window * (4 + 3 * x + 5 * x**2)).sum() == pytest.approx((4, 3, 10)[order], abs=1e-11)


@pytest.mark.parametrize(
    ("name", "degree", "order"),
    [
        ("derivative", 2, 1),
        ("derivative-4", 4, 1),
        ("second-derivative", 3, 2),
        ("second-derivative-4", 5, 2),
    ],
)
def test_derivatives_are_exact_up_to_their_degree(name: str, degree: int, order: int) -> None:
    window = filters.window(name, dtype="float64")
    x = np.arange(len(window)) - len(window) // 2
    for power in range(degree + 1):
        exact = (1.0, 2.0)[order - 1] if power == order else 0
        assert (window * x.astype(float) ** power).sum() == pytest.approx(exact, abs=1e-12)


def test_exponential_past_sees_nothing_later() -> None:
    window = filters.window("exponential-past", 9)
    assert (window[5:] == 0).all()
    np.testing.assert_allclose(window[1:5] / window[:4], window[4] / window[3], rtol=1e-6)


def test_low_pass_keeps_slow_waves_and_stops_fast_ones() -> None:
    window, n = filters.window("low-pass", 33, dtype="float64"), np.arange(33) - 16
    assert (window * np.cos(np.pi * n / 8)).sum() == pytest.approx(1, abs=0.01)
    assert (window * np.cos(7 * np.pi * n / 8)).sum() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("derivative", 5, "3, the only size"),
        ("hann", 2, "at least 3"),
        ("savitzky-golay", 6, "an odd number"),
        ("han", None, "expected one of hann, "),
    ],
)
def test_what_cannot_be_is_refused(name: str, size: int | None, expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        filters.window(name, size)
