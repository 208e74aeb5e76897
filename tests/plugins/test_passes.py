"""What our passes make of kernels is what Numba would have made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import event

from numconv_cpu.runtime import cache, passes
from numconv_cpu.runtime.compile import kernel

NUMBERS = (-3, 7, 2.5, -0.0, 0.0, np.float32(1.25), np.int32(-9), np.nan, np.inf, True)


def _least(a: Any, b: Any) -> Any:
    return min(a, b)


def _greatest(a: Any, b: Any) -> Any:
    return max(a, b)


def _middle(a: Any, b: Any) -> Any:
    return max(min(a, b), min(max(a, b), 1, b))


def _of_four(a: Any, b: Any) -> Any:
    return min(a, b, 2, 3) + max((a, b))


@pytest.mark.parametrize("function", [_least, _greatest, _middle, _of_four])
def test_min_and_max_are_those_of_numba(function: Callable[..., Any]) -> None:
    ours, numbas = kernel(function), numba.njit(error_model="numpy")(function)
    for a in NUMBERS:
        for b in NUMBERS:
            mine, its = ours(a, b), numbas(a, b)
            assert type(mine) is type(its)
            np.testing.assert_equal(np.array(mine).tobytes(), np.array(its).tobytes())


@pytest.fixture
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let kernels be compiled in the test, and not come from an earlier run of it."""
    monkeypatch.setenv("NUMCONV_CACHE_DIR", str(tmp_path))
    cache._kernels.cache_clear()
    yield
    cache._kernels.cache_clear()


@pytest.mark.usefixtures("_empty_cache")
def test_min_and_max_compile_no_function_of_their_own() -> None:
    def clipped(x: float, low: int, high: float) -> float:
        return max(low, min(x, high, 5))

    class Compiled(event.Listener):  # type: ignore[misc]
        names: list[str] = []  # noqa: RUF012

        def on_start(self, event: Any) -> None:
            self.names.append(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event: Any) -> None:
            return

    listener = Compiled()
    event.register("numba:compile", listener)
    try:
        assert kernel(clipped)(9.0, 1, 7.5) == 5
    finally:
        event.unregister("numba:compile", listener)
    assert listener.names == ["clipped"]


@pytest.mark.usefixtures("_empty_cache")
def test_meanings_of_operators_are_kept_by_their_types() -> None:
    def mixed(a: Any, b: Any) -> Any:
        return (a + b) * a // 2 - b % 3

    compiled = kernel(mixed)
    for a, b in ((5, 7), (5.0, 7), (np.float32(5), np.float32(7)), (np.int8(5), 7.5)):
        result, expected = compiled(a, b), numba.njit(error_model="numpy")(mixed)(a, b)
        assert type(result) is type(expected)
        assert result == expected
    assert passes._known
