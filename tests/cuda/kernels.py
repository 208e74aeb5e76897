"""Kernels for tests of the tests: right ones, and some with a fault.

Import it after `pytest.importorskip("numba_cuda", ...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda

from compiling import commit, copy_async, f32, pointer, wait_one

TILE = 8
P = pointer(f32)


def values(*shape: int, seed: int = 0, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def saxpy(x: Any, y: Any, out: Any, a: Any, n: Any) -> None:
    i = cuda.grid(1)
    if i < n:
        out[i] = a * x[i] + y[i]


def saxpy_beyond(x: Any, y: Any, out: Any, a: Any, n: Any) -> None:
    i = cuda.grid(1)
    if i <= n:
        out[i] = a * x[i] + y[i]


def product(before: bool, after: bool) -> Callable[..., None]:
    """Return the tiled matrix product, with or without its two barriers."""

    def kernel(a: Any, b: Any, out: Any, m: Any, n: Any, k: Any) -> None:
        left = cuda.shared.array((TILE, TILE), f32)
        right = cuda.shared.array((TILE, TILE), f32)
        x, y = cuda.threadIdx.x, cuda.threadIdx.y
        column, row = cuda.blockIdx.x * TILE + x, cuda.blockIdx.y * TILE + y
        total = f32(0)
        for start in range(0, k, TILE):
            left[y, x] = f32(0)
            right[y, x] = f32(0)
            if row < m and start + x < k:
                left[y, x] = a[row * k + start + x]
            if column < n and start + y < k:
                right[y, x] = b[(start + y) * n + column]
            if before:
                cuda.syncthreads()
            for i in range(TILE):
                total += left[y, i] * right[i, x]
            if after:
                cuda.syncthreads()
        if row < m and column < n:
            out[row * n + column] = total

    return kernel


def halo(last: int) -> Callable[..., None]:
    """Return a sum of five neighbours; `last` threads load the right part of the halo."""

    def kernel(x: Any, out: Any, n: Any) -> None:
        tile = cuda.shared.array(64 + 4, f32)
        t = cuda.threadIdx.x
        i = cuda.grid(1)
        tile[t] = x[i - 2] if i >= 2 and i - 2 < n else f32(0)
        if t < last:
            tile[64 + t] = x[i + 62] if i + 62 < n else f32(0)
        cuda.syncthreads()
        if i < n:
            out[i] = tile[t] + tile[t + 1] + tile[t + 2] + tile[t + 3] + tile[t + 4]

    return kernel


def halo_beyond(x: Any, out: Any, n: Any) -> None:
    i = cuda.grid(1)
    if i < n:
        out[i] = x[i - 2] + x[i - 1] + x[i] + x[i + 1] + x[i + 2]


def ring(enough: bool, meets: bool) -> Callable[..., None]:
    """Return sums over tiles that are copied while the one before is used."""

    def kernel(x: Any, out: Any, tiles: Any) -> None:
        buffer = cuda.shared.array(3 * 128, f32)
        t = cuda.threadIdx.x
        copy_async(buffer, 4 * t, x, 4 * t)
        commit()
        total = f32(0)
        for tile in range(tiles):
            if tile + 1 < tiles:
                copy_async(buffer, (tile + 1) % 3 * 128 + 4 * t, x, (tile + 1) * 128 + 4 * t)
            commit()
            if enough:
                wait_one()
            if meets:
                cuda.syncthreads()
            for i in range(4):
                total += buffer[tile % 3 * 128 + i * 32 + (31 - t)]
        out[t] = total

    return kernel
