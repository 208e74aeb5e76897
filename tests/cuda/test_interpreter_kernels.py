"""Kernels as Numba compiles them, right ones and ones with a fault that must be caught."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from interpreter import Fault, Module, Report

pytest.importorskip("numba_cuda", reason="numba-cuda is not installed")

from numba import cuda

from compiling import (
    f16,
    f32,
    f64,
    i32,
    i64,
    mma_tf32,
    pointer,
    ptx,
    to_tf32,
)
from kernels import TILE, P, halo, halo_beyond, product, ring, saxpy, saxpy_beyond, values


def launch(
    function: Callable[..., None],
    types: list[Any],
    grid: Any,
    block: Any,
    *args: Any,
    cc: tuple[int, int] = (8, 0),
) -> Report:
    return Module(ptx(function, *types, cc=cc)).kernel().run(grid, block, args)


# NVVM writes another dialect from 10.0 on.
every_dialect = pytest.mark.parametrize("cc", [(7, 5), (8, 0), (9, 0), (10, 0)], ids=str)


@every_dialect
def test_saxpy(cc: tuple[int, int]) -> None:
    x, y = values(301, seed=1), values(301, seed=2)
    out = np.full(301, np.nan, np.float32)
    report = launch(saxpy, [P, P, P, f32, i64], 3, 128, x, y, out, 1.5, 301, cc=cc)
    exact = np.float64(1.5) * x + y
    np.testing.assert_allclose(out, exact, rtol=1e-6, atol=1e-7)
    assert report.instructions["fma.rn.f32"] == 301
    assert report.global_read == 2 * x.nbytes
    assert report.global_written == out.nbytes
    with pytest.raises(Fault, match=r"thread \(45, 0, 0\), block \(2, 0, 0\): .*byte 1204 of arg"):
        launch(saxpy_beyond, [P, P, P, f32, i64], 3, 128, x, y, out, 1.5, 301)


@every_dialect
@pytest.mark.parametrize(("before", "after"), [(True, True), (False, True), (True, False)])
def test_a_product_of_matrices(before: bool, after: bool, cc: tuple[int, int]) -> None:
    a, b, out = values(13, 19, seed=1), values(19, 11, seed=2), values(13, 11)
    args = (product(before, after), [P, P, P, i64, i64, i64], (2, 2), (TILE, TILE))
    if before and after:
        launch(*args, a, b, out, 13, 11, 19, cc=cc)
        np.testing.assert_allclose(out, a.astype(np.float64) @ b, atol=1e-5)
    else:
        with pytest.raises(Fault, match=r"race: (reads|writes) byte .* with no barrier"):
            launch(*args, a, b, out, 13, 11, 19, cc=cc)


def test_a_halo() -> None:
    x, out = values(150), values(150, seed=1)
    launch(halo(4), [P, P, i64], 3, 64, x, out, 150)
    expected = np.convolve(x.astype(np.float64), np.ones(5), "same")
    np.testing.assert_allclose(out, expected, atol=1e-6)
    with pytest.raises(Fault, match=r"outside of every shared array"):
        launch(halo(5), [P, P, i64], 3, 64, x, out, 150)
    with pytest.raises(Fault, match=r"reads 4 bytes at byte 264 of shared memory, never written"):
        launch(halo(2), [P, P, i64], 3, 64, x, out, 150)
    with pytest.raises(
        Fault, match=r"halo_beyond: .* thread \(0, 0, 0\).* byte -[48] of argument 0"
    ):
        launch(halo_beyond, [P, P, i64], 3, 64, x, out, 150)


def collatz(x: Any, out: Any) -> None:
    """Loops of different length, with branches in them."""
    i = cuda.grid(1)
    n, steps = x[i], 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        if steps > 80:
            break
    out[i] = steps


@every_dialect
def test_threads_that_go_apart(cc: tuple[int, int]) -> None:
    x, out = np.arange(1, 129), np.zeros(128, np.int64)
    launch(collatz, [pointer(i64)] * 2, 1, 128, x, out, cc=cc)

    def steps(n: int) -> int:
        count = 0
        while n != 1 and count <= 80:
            n, count = n // 2 if n % 2 == 0 else 3 * n + 1, count + 1
        return count

    assert out.tolist() == [steps(each) for each in x.tolist()]


def test_a_ring_of_asynchronous_copies() -> None:
    x, out = values(5, 4, 32), np.zeros(32, np.float32)
    launch(ring(True, True), [P, P, i64], 1, 32, x, out, 5)
    np.testing.assert_allclose(out, x.astype(np.float64).sum((0, 1))[::-1], atol=1e-5)
    with pytest.raises(Fault, match=r"cp.async to them was not waited for"):
        launch(ring(False, True), [P, P, i64], 1, 32, x, out, 5)
    with pytest.raises(Fault, match="race: reads"):
        launch(ring(True, False), [P, P, i64], 1, 32, x, out, 5)


def tensor_product(a: Any, b: Any, out: Any, k: Any) -> None:
    """16 x k by k x 8 on one warp."""
    lane = cuda.laneid
    g, t = lane // 4, lane % 4
    c0 = c1 = c2 = c3 = f32(0)
    for i in range(0, k, 8):
        c0, c1, c2, c3 = mma_tf32(
            to_tf32(a[g * k + i + t]),
            to_tf32(a[(g + 8) * k + i + t]),
            to_tf32(a[g * k + i + t + 4]),
            to_tf32(a[(g + 8) * k + i + t + 4]),
            to_tf32(b[(i + t) * 8 + g]),
            to_tf32(b[(i + t + 4) * 8 + g]),
            c0,
            c1,
            c2,
            c3,
        )
    out[g * 8 + 2 * t] = c0
    out[g * 8 + 2 * t + 1] = c1
    out[(g + 8) * 8 + 2 * t] = c2
    out[(g + 8) * 8 + 2 * t + 1] = c3


def test_a_product_on_tensor_cores() -> None:
    k = 64
    a, b = values(16, k, seed=1), values(k, 8, seed=2)
    out = np.zeros((16, 8), np.float32)
    report = launch(tensor_product, [P, P, P, i64], 1, 32, a, b, out, k)
    exact = a.astype(np.float64) @ b
    error = np.abs(out - exact)
    # Each operand is rounded to 11 digits, half away: 2**-11 twice.
    assert (error <= np.abs(a) @ np.abs(b) * 2.0**-10 * 1.01).all()
    assert error.max() > 1e-4, "that is more exact than tf32"
    assert report.unrounded_tf32 == 0
    assert report.count("mma") == 32 * k // 8


def halves(x: Any, out: Any, n: Any) -> None:
    i = cuda.grid(1)
    if i < n:
        out[i] = f32(x[i]) * f32(0.5)


def test_loads_of_halves() -> None:
    x, out = values(100, dtype=np.float16), np.zeros(100, np.float32)
    launch(halves, [pointer(f16), P, i64], 1, 128, x, out, 100)
    np.testing.assert_array_equal(out, x.astype(np.float32) / 2)


def warp_sums(mask: int, stride: int) -> Callable[..., None]:
    def kernel(x: Any, out: Any) -> None:
        t = cuda.threadIdx.x
        total = x[t]
        step = 16
        while step > 0:
            total += cuda.shfl_down_sync(mask, total, step)
            step //= 2
        if t % 32 == 0:
            out[t // 32 * stride] = total

    return kernel


def test_sums_of_warps() -> None:
    x, out = values(128), np.zeros(4, np.float32)
    launch(warp_sums(0xFFFFFFFF, 1), [P, P], 1, 128, x, out)
    np.testing.assert_allclose(out, x.reshape(4, 32).astype(np.float64).sum(1), atol=1e-5)
    with pytest.raises(Fault, match="not in its own member mask"):
        launch(warp_sums(0xFFFF, 1), [P, P], 1, 128, x, out)
    with pytest.raises(Fault, match=r"16 bytes.* are outside|byte 16 of argument 1"):
        launch(warp_sums(0xFFFFFFFF, 2), [P, P], 1, 128, x, out)


def atomic_sums(x: Any, out: Any) -> None:
    cuda.atomic.add(out, cuda.threadIdx.x % 4, x[cuda.threadIdx.x])


def test_atomic_sums() -> None:
    x, out = values(96), np.zeros(4, np.float32)
    array = [0, 0, out.size, 4, out, 4, 4]  # as Numba passes arrays to kernels
    launch(atomic_sums, [P, f32[::1]], 1, 96, x, *array)
    np.testing.assert_allclose(out, x.reshape(-1, 4).astype(np.float64).sum(0), atol=1e-5)


@cuda.jit(device=True, inline="never")
def mixed(a: Any, b: Any) -> Any:
    return a // b + a % b * 7 - (a >> 3)


FUNCTIONS = [math.sin, math.exp, math.log1p, math.tanh, math.erf, math.sqrt, math.atan, math.floor]
FUNCTIONS += [math.atan2, math.fmod, math.hypot]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: str(each.__name__))
@pytest.mark.parametrize("kind", [f32, f64], ids=str)
def test_functions_of_the_library(function: Callable[..., float], kind: Any) -> None:
    """NVIDIA's own code for these, hundreds of instructions long, gives what it promises."""
    two = function in (math.atan2, math.fmod, math.hypot)

    def one_value(x: Any, y: Any, out: Any) -> None:
        out[cuda.threadIdx.x] = function(x[cuda.threadIdx.x])

    def two_values(x: Any, y: Any, out: Any) -> None:
        out[cuda.threadIdx.x] = function(x[cuda.threadIdx.x], y[cuda.threadIdx.x])

    dtype = np.dtype(str(kind))
    x, y = (values(200, seed=seed, dtype=dtype) * 3 for seed in (1, 2))
    if function in (math.log1p, math.sqrt):
        x = np.abs(x)
    if function is math.sin:
        x[:4] = 1e5, -1e8, 3e20, 7e12
    out = np.zeros(200, dtype)
    launch(two_values if two else one_value, [pointer(kind)] * 3, 1, 200, x, y, out)
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    expected = np.array([function(a, b) if two else function(a) for a, b in pairs])
    assert (np.abs(out - expected) <= 4 * np.spacing(np.abs(expected).astype(dtype))).all()


@pytest.mark.parametrize("kind", [i32, i64], ids=str)
def test_device_functions_of_integers(kind: Any) -> None:
    def kernel(x: Any, y: Any, out: Any) -> None:
        t = cuda.threadIdx.x
        out[t] = mixed(x[t], y[t])

    dtype = np.dtype(str(kind))
    generator = np.random.default_rng(0)
    x = generator.integers(-(2**28), 2**28, 200, dtype)
    y = generator.choice(np.array([-1000, -7, -1, 1, 3, 64, 12345], dtype), 200)
    out = np.zeros(200, dtype)
    launch(kernel, [pointer(kind)] * 3, 1, 200, x, y, out)
    np.testing.assert_array_equal(out, x // y + x % y * 7 - (x >> 3))
