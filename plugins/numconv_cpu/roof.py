"""What the processor gives at most: the roof that benchmarks measure kernels against.

Both loops run as every kernel does, with one share for each thread: the same threads on the same
cores find the same neighbours on the machine.
"""

from __future__ import annotations

import functools
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numconv.plugin import Roof, accumulator, get_num_threads

from .runtime.compile import kernel
from .runtime.launch import worker
from .runtime.threads import SERIAL_WORK, Launch
from .simd.machine import machine
from .simd.memory import at, copy, fetch_add, record_at
from .simd.tile import fma, store, tile_field, zeros

# Weights and vectors for so many steps fill half of a first-level cache of 32 KiB, as in the
# kernels. So many rounds take about half a millisecond.
STEPS = 64
ROUNDS = 65_536 // STEPS
# The best of many short tries: each needs all processors to itself, on a busy machine too.
REPEATS = 10
# Copies are larger than the largest cache by this factor; where that is not known, it is taken
# for LARGE_CACHE bytes.
BEYOND_CACHE = 2
LARGE_CACHE = 32 * 2**20

_NUMBERS = ("rows", "span", "steps", "rounds", "count", "workers")


def measure(dtype: str) -> Roof:
    """Return what all threads give together for `dtype`, the best of a few tries.

    The arithmetic is that of the dtype in which sums of products of `dtype` are kept; for
    complex numbers that of their parts. A vector of the operand is loaded, and a weight
    broadcast, for every tile of multiply-adds, all from the first-level cache.
    """
    real = np.dtype(accumulator(dtype))
    if real.kind == "c":
        real = np.empty(0, real).real.dtype
    return Roof(_flops(real.name), _bytes_per_second())


def _flops(dtype: str) -> float:
    threads, here = get_num_threads(), machine()
    rows = here.rows
    span = here.vectors(rows) * here.lanes(np.dtype(dtype).itemsize)
    numbers = {"rows": rows, "span": span, "steps": STEPS, "rounds": ROUNDS}
    geometry = _geometry(dtype, **numbers)
    rng = np.random.default_rng(0)
    x, weight = (_values(rng, dtype, STEPS * each) for each in (span, rows))
    out = np.zeros(threads * rows * span, dtype)
    seconds = _seconds(multiply, dtype, geometry, threads, x, weight, out)
    return 2.0 * threads * rows * span * STEPS * ROUNDS / seconds


def _bytes_per_second() -> float:
    threads = get_num_threads()
    count = BEYOND_CACHE * _largest_cache() // 8
    geometry = _geometry("float64", count=count)
    x, out = np.zeros(count), np.zeros(count)
    # What was never written is a page of zeros, shared and in the cache.
    x.fill(1.0)
    seconds = _seconds(copy_share, "float64", geometry, threads, x, x, out)
    return 2.0 * x.nbytes / seconds


def _geometry(dtype: str, **numbers: int) -> NDArray[Any]:
    fields = [(name, np.int64) for name in _NUMBERS]
    record = np.zeros(1, np.dtype([*fields, tile_field(dtype, machine().rows)]))
    for name, number in numbers.items():
        record[name] = number
    return record


def _values(rng: np.random.Generator, dtype: str, size: int) -> NDArray[Any]:
    values = rng.uniform(-1, 1, size)
    return (values if np.dtype(dtype).kind == "f" else 100 * values).astype(dtype)


def _seconds(
    function: Any,
    dtype: str,
    geometry: NDArray[Any],
    threads: int,
    x: NDArray[Any],
    weight: NDArray[Any],
    out: NDArray[Any],
) -> float:
    """Return the least time of one stage of the worker `function`."""
    address = worker(function, dtype, geometry.dtype, geometry.dtype)
    geometry["workers"] = threads
    raw = geometry.view(np.int64)
    taken = []
    for _ in range(1 + REPEATS):
        begin = perf_counter()
        Launch(address, 1, threads, raw, raw, raw, SERIAL_WORK).run(x, weight, x, x, out, x)
        taken.append(perf_counter() - begin)
    return min(taken[1:])


@functools.cache
def _largest_cache() -> int:
    """Return the size in bytes of the largest cache, as Linux tells it."""
    sizes = []
    for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size"):
        text = path.read_text().strip()
        if text[:-1].isdigit() and text[-1] in "KM":
            sizes.append(int(text[:-1]) * {"K": 2**10, "M": 2**20}[text[-1]])
    return max(sizes, default=LARGE_CACHE)


def multiply(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Do the inner loop of a convolution on the same few operands again and again."""
    g = record_at(geometry, 0)
    share = fetch_add(counters, 1)
    while share < g.workers:
        multiply_rounds(g, share, x, weight, out)
        share = fetch_add(counters, 1)


@kernel
def multiply_rounds(g, share, x, weight, out):  # type: ignore[no-untyped-def]
    """Keep one tile of sums in registers for all rounds."""
    sums = at(out, share * g.rows * g.span)
    tile = zeros(g)
    for _ in range(g.rounds):
        for k in range(g.steps):
            tile = fma(tile, at(weight, k * g.rows), at(x, k * g.span))
    store(tile, sums, g.span)


def copy_share(  # type: ignore[no-untyped-def]
    stage, worker, counters, x, weight, bias, residual, out, memory, tables, parts, geometry
):
    """Copy the shares of `x` that nobody has copied yet."""
    g = record_at(geometry, 0)
    share = fetch_add(counters, 1)
    while share < g.workers:
        first = share * g.count // g.workers
        last = (share + 1) * g.count // g.workers
        copy(at(out, first), at(x, first), last - first)
        share = fetch_add(counters, 1)
