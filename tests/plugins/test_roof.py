"""The measured roof: that the loops do the work they are paid for, and what they are told."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest

import numconv
from numconv.core import plugins, threads
from numconv_cpu import roof
from numconv_cpu.simd.machine import machine


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_thread_multiplies_all_rounds(dtype: str) -> None:
    """The sums are right, so the compiler has left nothing out."""
    workers, rows, steps, rounds = 3, machine().rows, 16, 50
    span = machine().vectors(rows) * machine().lanes(np.dtype(dtype).itemsize)
    geometry = roof._geometry(dtype, rows=rows, span=span, steps=steps, rounds=rounds)
    rng = np.random.default_rng(1)
    x, weight = (rng.uniform(0, 1, steps * each).astype(dtype) for each in (span, rows))
    out = np.zeros(workers * rows * span, dtype)
    assert roof._seconds(roof.multiply, dtype, geometry, workers, x, weight, out) > 0
    once = weight.reshape(steps, rows).T.astype(float) @ x.reshape(steps, span).astype(float)
    expected = np.tile(rounds * once, (workers, 1, 1))
    np.testing.assert_allclose(out.reshape(workers, rows, span), expected, rtol=1e-4)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_shares_of_a_copy_make_up_the_whole(workers: int) -> None:
    x = np.random.default_rng(2).standard_normal(1009)
    out = np.full_like(x, np.nan)
    geometry = roof._geometry("float64", count=x.size, workers=workers)
    assert roof._seconds(roof.copy_share, "float64", geometry, workers, x, x, out) > 0
    np.testing.assert_array_equal(out, x)


@pytest.mark.parametrize("dtype", ["float16", "complex64", "int8"])
def test_every_dtype_has_a_roof(dtype: str) -> None:
    threads.set_num_threads(1)
    found = plugins.backends()["cpu"].roof(dtype)
    assert 1e8 < found.flops < 1e13
    assert 1e8 < found.bytes_per_second < 1e13


def test_no_convolution_is_above_the_roof() -> None:
    """Loosely: both are measured on whatever else this machine is doing.

    Of the algorithms that compute the products of the definition, and not fewer.
    """
    threads.set_num_threads(1)
    peak = max(plugins.backends()["cpu"].roof("float32").flops for _ in range(5))
    x = np.ones((1, 64, 28, 28), np.float32)
    weight = np.ones((64, 64, 3, 3), np.float32)
    numconv.conv2d(x, weight, padding=1, algorithm="direct")
    taken = []
    for _ in range(20):
        begin = perf_counter()
        numconv.conv2d(x, weight, padding=1, algorithm="direct")
        taken.append(perf_counter() - begin)
    rate = 2 * (64 * 28 * 28 * 64 * 9) / min(taken)
    assert 0.2 * peak < rate < 1.2 * peak
