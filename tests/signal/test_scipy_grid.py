"""Drawn calls with SciPy's arguments: its dtype, its shape, its exceptions, and exact values.

Values are compared with SciPy's sums in longdouble, so that the bound is ours alone; integers with
its sums in their own dtype, bit for bit.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest

from numconv import signal

pytestmark = pytest.mark.peer
peer = pytest.importorskip("scipy.signal", reason="SciPy is not installed")

Array = np.ndarray
CODES = ("?", *"bBhHiIlLefdgFDGO")
MODES = ("full", "valid", "same")
METHODS = ("auto", "direct", "fft")
LONGEST = {0: 1, 1: 61, 2: 13, 3: 7, 4: 4}
HALF, SINGLE = np.dtype("float16"), np.dtype("float32")


class Draw:
    """Arrays and words for a call, from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def word(self, *words: Any) -> Any:
        return words[self.rng.integers(len(words))]

    def often(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def array(self, shape: tuple[int, ...], code: str | None = None) -> Array:
        """Return values of any size for integers, and views that are not contiguous."""
        dtype = np.dtype(code or self.word(*CODES))
        values = self.rng.standard_normal(shape) * 4
        if dtype.kind == "c":
            values = values + 1j * self.rng.standard_normal(shape)
        if dtype.kind in "iu" and self.often(0.3):
            info = np.iinfo(dtype)
            values = self.rng.integers(info.min, info.max, shape, dtype, endpoint=True)
        if dtype.kind in "uO":
            values = abs(values).astype(int) if dtype.kind == "O" else abs(values)
        array = np.asarray(values).astype(dtype)
        return array.T.copy().T if self.often(0.3) else array

    def shapes(self, rank: int, empty: float = 0.05) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return shapes of which the second one is often shorter, sometimes empty."""
        least = 0 if self.often(empty) else 1
        longest = LONGEST[rank]
        shorter = longest if self.often(0.4) else max(longest // 3, 1)
        first, second = (
            tuple(self.rng.integers(least, most + 1, rank).tolist()) for most in (longest, shorter)
        )
        return first, second

    def pair(self) -> tuple[Array, Array]:
        rank = self.word(1, 1, 1, 2, 2, 3, 4, 0)
        first, second = self.shapes(rank)
        return self.array(first), self.array(second[:-1] if self.often(0.03) else second)


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call returns or raises, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*arguments)
        except Exception as error:
            return error


def check(ours: Any, theirs: Any, values: Callable[[], tuple[Any, Any]], terms: int) -> None:
    """Compare two outcomes; `values` gives the results and those of magnitudes, nearly exact."""
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), (ours, theirs)
        return
    assert not isinstance(ours, Exception), ours
    assert type(ours) is type(theirs)
    assert np.shape(ours) == np.shape(theirs)
    if np.size(ours) == 0 or not hasattr(theirs, "dtype"):
        return
    assert ours.dtype == theirs.dtype
    exact, size = values()
    if ours.dtype.kind in "biu":
        np.testing.assert_array_equal(ours, exact)
        return
    allowed = 2 * (terms + 2) * epsilon(ours.dtype) * size
    if ours.dtype == HALF:
        allowed = allowed + float(np.finfo(HALF).eps) * size + float(np.finfo(HALF).tiny)
    assert (abs(ours - exact).astype("longdouble") <= allowed).all()


def epsilon(dtype: np.dtype) -> float:
    """Return the rounding unit of sums: of single precision for half, of double for objects."""
    if dtype.kind == "O":
        return float(np.finfo(float).eps)
    factor = 2 if dtype.kind == "c" else 1
    return factor * float(np.finfo(SINGLE if dtype == HALF else dtype).eps)


def exactly(
    function: Callable[..., Any], dtype: Any, first: Array, second: Array
) -> Callable[[], tuple[Any, Any]]:
    """Return a function that computes results and those of magnitudes by SciPy's sums.

    The third argument of `function` says that magnitudes are asked for.
    """
    if np.dtype(dtype).kind in "iu":
        return lambda: (function(first.astype(dtype), second.astype(dtype), False), 0)
    if np.dtype(dtype).kind == "b":
        return lambda: (function(first.astype(int), second.astype(int), False) > 0, 0)
    long = [each.astype("G" if each.dtype.kind == "c" else "g") for each in (first, second)]
    return lambda: (function(*long, False), function(*map(abs, long), True))


def terms_of(first: Array, second: Array) -> int:
    return min(first.size, second.size)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("chunk", range(10))
def test_any_rank(name: str, chunk: int) -> None:
    draw = Draw(chunk)
    for _ in range(60):
        first, second = draw.pair()
        mode = draw.word(*MODES) if draw.often(0.97) else "most"
        method = draw.word(*METHODS) if draw.often(0.97) else "fastest"
        dtype = np.result_type(first, second)
        if dtype.kind == "b" and method == "fft":
            continue  # SciPy takes rounding errors of its transforms for true
        if dtype.kind == "O" and "c" in (first.dtype.kind, second.dtype.kind):
            continue  # which SciPy conjugates or not, as the method has it

        def by_sums(x: Array, y: Array, _: bool, mode: str = mode) -> Any:
            return getattr(peer, name)(x, y, mode, "direct")

        check(
            outcome(getattr(signal, name), first, second, mode, method),
            outcome(getattr(peer, name), first, second, mode, method),
            exactly(by_sums, dtype, first, second),
            terms_of(first, second),
        )


@pytest.mark.parametrize("name", ["fftconvolve", "oaconvolve"])
@pytest.mark.parametrize("chunk", range(6))
def test_along_axes(name: str, chunk: int) -> None:
    draw = Draw(100 + chunk)
    for _ in range(60):
        first, second = draw.pair()
        mode = draw.word(*MODES) if draw.often(0.97) else "most"
        axes: Any = None
        if first.ndim == second.ndim > 0 and draw.often(0.6):
            rank = first.ndim
            axes = draw.rng.choice(rank, draw.rng.integers(1, rank + 1), replace=draw.often(0.05))
            alike = [1 if draw.often(0.3) else size for size in first.shape]
            alike = [second.shape[i] if i in axes else n for i, n in enumerate(alike)]
            second = draw.array(tuple(alike), second.dtype.char)
            first = first[:1] if draw.often(0.2) else first
            axes = [int(axis) - rank * draw.often(0.3) for axis in axes]
        arguments = (first, second, mode, axes)
        wide = broadcast(first, second, axes) if mode == "same" else first
        theirs = outcome(getattr(peer, name), wide, second, mode, axes)

        def by_sums(x: Array, y: Array, _: bool, mode: str = mode, axes: Any = axes) -> Any:
            return along(x, y, mode, axes)

        check(
            outcome(getattr(signal, name), *arguments),
            theirs,
            exactly(by_sums, getattr(theirs, "dtype", float), wide, second),
            terms_of(wide, second),
        )


def broadcast(first: Array, second: Array, axes: Any) -> Array:
    """Return `first` as wide as `second` along all but `axes`, where SciPy's `same` cuts it.

    See https://github.com/scipy/scipy/issues/21876.
    """
    if axes is None or first.ndim != second.ndim:
        return first
    slid = {axis % first.ndim for axis in axes}
    shape = [
        k if n == 1 and i not in slid else n
        for i, (n, k) in enumerate(zip(first.shape, second.shape, strict=True))
    ]
    return np.broadcast_to(first, shape)


def along(x: Array, y: Array, mode: str, axes: Any) -> Any:
    """Convolve along some axes, by SciPy's sums over the others' positions."""
    rank = x.ndim
    if rank == 0:
        return x * y
    slid = set(range(rank)) if axes is None else {axis % rank for axis in axes}
    still = [i for i in range(rank) if i not in slid or 1 in (x.shape[i], y.shape[i])]
    sizes = [max(x.shape[i], y.shape[i]) for i in still]
    wide = (
        np.broadcast_to(
            each, [sizes[still.index(i)] if i in still else n for i, n in enumerate(each.shape)]
        )
        for each in (x, y)
    )
    by_place = [np.moveaxis(each, still, range(len(still))) for each in wide]
    if len(still) == rank:
        results = by_place[0] * by_place[1]
    else:
        parts = [
            peer.convolve(by_place[0][at], by_place[1][at], mode, "direct")
            for at in np.ndindex(*sizes)
        ]
        results = np.reshape(parts, (*sizes, *parts[0].shape))
    whole = np.moveaxis(results, range(len(still)), still)
    if mode != "same":
        return whole
    begins = [(n - k) // 2 for n, k in zip(whole.shape, x.shape, strict=True)]
    return whole[tuple(slice(b, b + k) for b, k in zip(begins, x.shape, strict=True))]


@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
@pytest.mark.parametrize("chunk", range(8))
def test_images(name: str, chunk: int) -> None:
    draw = Draw(200 + chunk)
    for _ in range(60):
        first, second = map(draw.array, draw.shapes(2))
        mode = draw.word(*MODES) if draw.often(0.97) else "most"
        boundary = draw.word("fill", "fill", "wrap", "symm", "circular", "symmetric")
        if 0 in (first.size, second.size):
            boundary = "fill"  # SciPy divides by zero
        if draw.often(0.03):
            boundary = "reflect"
        dtype = np.result_type(first, second)
        fill = draw.word(0, 0, 1, 1.5, -3, True, np.float64(-2), 300, "2")
        if dtype.kind == "c" and draw.often(0.5):
            fill = 1 + 2j

        def by_sums(
            x: Array, y: Array, size: bool, call: Any = (mode, boundary), fill: Any = fill
        ) -> Any:
            return getattr(peer, name)(x, y, *call, abs(complex(fill)) if size else fill)

        check(
            outcome(getattr(signal, name), first, second, mode, boundary, fill),
            outcome(getattr(peer, name), first, second, mode, boundary, fill),
            exactly(by_sums, dtype, first, second),
            prod(second.shape),
        )


@pytest.mark.parametrize("chunk", range(4))
def test_separable_filters(chunk: int) -> None:
    """Of filters no longer than the image, which SciPy does not read beyond."""
    draw = Draw(300 + chunk)
    for _ in range(60):
        image = draw.array(draw.shapes(2, empty=0)[0])
        code = draw.word(*CODES)
        longest = [(size + 1) // 2 for size in image.shape]
        lengths = [2 * int(draw.rng.integers(most)) + 1 for most in longest]
        column = draw.array((lengths[0] + draw.often(0.05),), code)
        row = draw.array((lengths[1],), code if draw.often(0.7) else None)
        theirs = outcome(peer.sepfir2d, image, row, column)

        def by_sums(x: Array, column: Array, size: bool, row: Array = row) -> Any:
            taps = np.multiply.outer(*(each.astype("G") for each in (column, row)))
            around = [(k // 2, k // 2) for k in taps.shape]
            padded = np.pad(x, around, mode="symmetric")
            return peer.convolve(padded, abs(taps) if size else taps, "valid", "direct")

        check(
            outcome(signal.sepfir2d, image, row, column),
            theirs,
            exactly(by_sums, getattr(theirs, "dtype", float), image, column),
            len(row) + len(column),
        )


@pytest.mark.parametrize("mode", MODES)
def test_sums_of_float16_are_refused_alike(mode: str) -> None:
    """Also where SciPy's two estimates are nearly the same."""
    shapes = [((9,), (188,)), ((26,), (199,)), ((8, 9), (9, 11)), ((7, 6), (3, 13))]
    shapes += [((1, 9, 1), (6, 9, 9)), ((6, 5, 4), (4, 4, 4))]
    for pair in shapes:
        first, second = (np.ones(shape, "f2") for shape in pair)
        theirs = outcome(peer.correlate, first, second, mode)
        ours = outcome(signal.correlate, first, second, mode)
        assert isinstance(ours, ValueError) == isinstance(theirs, ValueError), pair


@pytest.mark.parametrize("mode", [*MODES, "most", 3])
def test_lags(mode: Any) -> None:
    for lengths in np.ndindex(9, 9):
        ours = outcome(signal.correlation_lags, *lengths, mode)
        theirs = outcome(peer.correlation_lags, *lengths, mode)
        check(ours, theirs, lambda theirs=theirs: (theirs, 0), 0)


@pytest.mark.parametrize("code", ["i4", "f4", "D"])
@pytest.mark.parametrize("made", [np.array, np.atleast_1d, list], ids=["array", "vector", "list"])
def test_fill_values_are_refused_alike(made: Any, code: str) -> None:
    image = np.ones((2, 3), code)
    for kind in "?hlfdFD":
        fill = made(np.ones(1, kind)) if made is list else made(np.ones((), kind))
        theirs = outcome(peer.convolve2d, image, image, "full", "fill", fill)
        ours = outcome(signal.convolve2d, image, image, "full", "fill", fill)
        assert isinstance(ours, ValueError) == isinstance(theirs, ValueError), kind
        if not isinstance(theirs, ValueError):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_choice_of_a_method_raises_alike() -> None:
    draw = Draw(400)
    for _ in range(120):
        first, second = map(draw.array, draw.shapes(draw.word(1, 2, 3)))
        mode = draw.word(*MODES) if draw.often(0.8) else "most"
        theirs = outcome(peer.choose_conv_method, first, second, mode)
        ours = outcome(signal.choose_conv_method, first, second, mode)
        if isinstance(theirs, Exception):
            assert isinstance(ours, type(theirs)), (first.shape, second.shape, mode, ours)
        elif mode in MODES:
            assert ours in ("direct", "fft")


MORE = ("channel_axis",)  # which SciPy's functions do not have


@pytest.mark.parametrize("name", signal.__all__)
def test_signatures(name: str) -> None:
    if name == "sepfir2d":
        pytest.skip("SciPy's is no Python function")
    theirs = inspect.signature(getattr(peer, name)).parameters
    ours = inspect.signature(getattr(signal, name)).parameters
    assert [(p, each.default) for p, each in ours.items() if p not in MORE] == [
        (p, each.default) for p, each in theirs.items()
    ]
    assert all(each.kind is each.KEYWORD_ONLY for p, each in ours.items() if p in MORE)
