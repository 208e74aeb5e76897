"""Drawn convolutions of integers beside sums in Python's integers.

Usage: ``python tests/signal/exact_integers.py [CALLS [SEED]]``; 20,000 calls by default. It says
what differs and ends with status 1 then. The tests draw some hundreds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import numpy as np

from numconv import signal

DTYPES = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
# What float32, float64 and int64 hold, and what wraps around.
LIMITS = (2**24, 2**53, 2**63, 2**66)
BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}


@dataclass(frozen=True)
class Call:
    """One call: of which function, with what."""

    function: str
    first: Any
    second: Any
    mode: str
    options: dict[str, Any]

    def __str__(self) -> str:
        operands = (
            f"{each.dtype}{each.shape} in {each.min()}..{each.max()}"
            for each in (self.first, self.second)
        )
        return f"{self.function}({', '.join(operands)}, {self.mode!r}, {self.options})"

    def result(self) -> Any:
        """Return what numconv computes."""
        function = getattr(signal, self.function)
        return function(self.first, self.second, self.mode, **self.options)

    def expected(self) -> Any:
        """Return the exact sums, or the bits of them that the dtype has."""
        dtype = np.result_type(self.first, self.second)
        first, second = self.first.astype(object), self.second.astype(object)
        if self.function.startswith("correlate"):
            second = second[(slice(None, None, -1),) * second.ndim]
        swapped = self.mode == "valid" and any(
            n < k for n, k in zip(first.shape, second.shape, strict=True)
        )
        if swapped:
            first, second = second, first
        late = self.function == "correlate2d"
        boundary = BOUNDARIES[self.options.get("boundary", "fill")]
        places = np.pad(
            np.arange(first.size).reshape(first.shape),
            [(k - 1, k - 1) for k in second.shape],
            boundary,
            **({"constant_values": -1} if boundary == "constant" else {}),
        )
        padded = np.append(first, np.array(self.options.get("fillvalue", 0), object))[places]
        full = _valid(padded, second)
        spans = (
            _span(n, k, self.mode, late) for n, k in zip(first.shape, second.shape, strict=True)
        )
        sums = full[tuple(spans)]
        return _held(sums, dtype)


def draw(rng: np.random.Generator) -> Call:
    """Return a call whose largest sum is near one of the limits, above or below."""
    planar = rng.integers(2) == 0
    axes = 2 if planar else int(rng.integers(1, 5))
    longest = (0, 40, 9, 6, 4)[axes]
    shapes = rng.integers(1, longest + 1, (2, axes))
    mode = str(rng.choice(("full", "same", "valid")))
    if mode == "valid":
        shapes = np.sort(shapes, axis=0)[:: rng.choice((-1, 1))]
    dtypes = rng.choice(DTYPES, 2)
    if set(dtypes) == {"bool"}:
        dtypes[0] = "int8"
    if np.result_type(*map(np.dtype, dtypes)).kind == "f":  # of uint64 with signed integers
        dtypes[0] = dtypes[1]
    met = prod(np.minimum(*shapes).tolist()) if rng.integers(2) else prod(shapes.min(0).tolist())
    most = isqrt(int(rng.choice(LIMITS)) // max(met, 1)) + int(rng.integers(-2, 3))
    first, second = (
        _values(rng, tuple(shape), dtype, most) for shape, dtype in zip(shapes, dtypes, strict=True)
    )
    names = ("convolve2d", "correlate2d") if planar else ("convolve", "correlate")
    options: dict[str, Any] = {}
    if planar:
        options["boundary"] = str(rng.choice(list(BOUNDARIES)))
        if options["boundary"] == "fill" and rng.integers(3) == 0:
            options["fillvalue"] = int(rng.integers(100))
    else:
        options["method"] = str(rng.choice(("auto", "direct", "fft")))
    return Call(str(rng.choice(names)), first, second, mode, options)


def _values(rng: np.random.Generator, shape: tuple[int, ...], dtype: str, most: int) -> Any:
    if dtype == "bool":
        return rng.integers(2, size=shape).astype(bool)
    info = np.iinfo(dtype)
    most = max(1, min(most, int(info.max)))
    if rng.integers(2):
        return np.full(shape, most, dtype)
    least = max(-most, int(info.min))
    return rng.integers(least, most, shape, dtype, endpoint=True)


def _valid(x: Any, kernel: Any) -> Any:
    """Return the convolution where all taps stand on samples."""
    shape = np.subtract(x.shape, kernel.shape) + 1
    sums = np.zeros(shape, object)
    for tap in np.ndindex(*kernel.shape):
        begins = np.subtract(kernel.shape, tap) - 1
        window = tuple(slice(b, b + n) for b, n in zip(begins, shape, strict=True))
        sums += x[window] * int(kernel[tap])
    return sums


def _span(size: int, taps: int, mode: str, late: bool) -> slice:
    if mode == "full":
        return slice(None)
    if mode == "valid":
        return slice(taps - 1, size)
    begin = (taps - 1 + late) // 2
    return slice(begin, begin + size)


def _held(sums: Any, dtype: Any) -> Any:
    if dtype.kind == "b":
        return sums.astype(bool)
    bits = 8 * dtype.itemsize
    unsigned = np.array([int(each) % 2**bits for each in sums.ravel()], f"uint{bits}")
    return unsigned.view(dtype).reshape(sums.shape)


def differing(calls: int, seed: int) -> list[str]:
    """Return the drawn calls whose results are not the exact sums."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(calls):
        call = draw(rng)
        result, expected = call.result(), call.expected()
        if result.dtype != expected.dtype or not np.array_equal(result, expected):
            found.append(str(call))
    return found


if __name__ == "__main__":
    calls, seed = (*map(int, sys.argv[1:]), *(20_000, 0)[len(sys.argv) - 1 :])
    wrong = differing(calls, seed)
    print(*wrong, f"{calls:,} calls, {len(wrong)} of them wrong", sep="\n")
    sys.exit(bool(wrong))
