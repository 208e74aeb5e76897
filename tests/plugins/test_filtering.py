"""The CPU's filters: how they are cut, on vectors of every width, and what the laws find."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from numconv.core import dispatch
from numconv.core.operators import filter as operators
from numconv.core.problems import FilterProblem
from numconv.testing import LAWS, LawBroken

layouts = pytest.importorskip(
    "numconv_cpu.algorithms.filtering.layout", reason="Numba is not installed"
)
Layout, Axis = layouts.Layout, layouts.FilterAxis


def problem(x: tuple[int, ...], kernel: tuple[int, ...], **changes: Any) -> FilterProblem:
    settings: dict[str, Any] = {
        "padding": tuple((k // 2, k - 1 - k // 2) for k in kernel),
        "padding_modes": ("symmetric",) * len(x),
        **changes,
    }
    return FilterProblem(x, kernel, **settings)


@pytest.mark.parametrize(
    ("x", "kernel", "outer", "y", "line"),
    [
        ((90,), (5,), [], (1, 1), (90, 5, 1)),
        ((30, 40), (3, 5), [], (30, 3), (40, 5, 1)),
        ((6, 7, 8, 40), (1, 1, 1, 5), [], (336, 1), (40, 5, 1)),
        ((6, 7, 8, 40), (1, 3, 1, 1), [(6, 1)], (7, 3), (320, 1, 1)),
        ((30, 40, 3), (3, 5, 1), [], (30, 3), (40, 5, 3)),
        ((6, 7, 8, 40), (3, 1, 1, 5), [(6, 3)], (56, 1), (40, 5, 1)),
        ((6, 7, 8, 40), (3, 3, 3, 3), [(6, 3), (7, 3)], (8, 3), (40, 3, 1)),
    ],
)
def test_axes_are_merged_where_nothing_is_filtered(
    x: Any, kernel: Any, outer: Any, y: Any, line: Any
) -> None:
    layout = layouts.layout_of(problem(x, kernel))
    assert [(axis.samples, axis.taps) for axis in layout.outer] == outer
    assert (layout.y.samples, layout.y.taps) == y
    assert (layout.x.samples, layout.x.taps, layout.x.step) == line


@pytest.mark.parametrize("threads", [1, 2, 16])
@pytest.mark.parametrize(
    ("lines", "length", "taps"),
    [(1080, 1920, (15, 15)), (1, 10**6, (1, 9)), (10**6, 3, (3, 3)), (2000, 2000, (101, 101))],
)
def test_a_band_fits_the_cache_or_is_as_small_as_its_kernel(
    lines: int, length: int, taps: tuple[int, int], threads: int
) -> None:
    layout = Layout((), Axis(lines, taps[0], taps[0] // 2), Axis(length, taps[1], taps[1] // 2))
    parts = layouts.choose_blocking(layout, threads, False)
    band = 8 * (parts.height + taps[0] - 1) * (parts.width + taps[1] - 1)
    assert 1 <= parts.height <= lines
    assert 1 <= parts.width <= length
    assert band <= layouts.BAND_BYTES or parts.width <= max(layouts.SHORTEST_PIECE, taps[1])
    if threads > 1 and lines * length > 10**6:
        assert -(-lines // parts.height) * -(-length // parts.width) >= 2 * threads


def test_bands_solve_it() -> None:
    with dispatch.tracing() as traced:
        operators.correlate(
            operators.Operand((9, 9), "uint8"), operators.Operand((3, 3), "float32")
        )
    assert isinstance(traced[0].problem, FilterProblem)
    assert dispatch.choose(traced[0].problem).algorithm.name == "bands"


OTHER_VECTORS = """
import numpy as np
from numconv.core.operators.filter import correlate, mean
rng = np.random.default_rng(1)
x = rng.integers(0, 256, (67, 71), np.uint8)
for weights, sums in (((3, 5), "products"), ((1, 9), "pairs"), ((7, 1), "pairs")):
    given = (x, rng.standard_normal(weights), "reflect", 0.0, 0, "float32", sums)
    assert np.array_equal(correlate(*given), correlate(*given, backend="reference"))
for size in ((1, 5), (29, 1)):
    assert np.array_equal(mean(x, size), mean(x, size, backend="reference"))
"""


@pytest.mark.parametrize("simd", ["sse", "avx2", "neon"])
def test_vectors_of_any_width_give_the_same_bits(simd: str) -> None:
    environment = {**os.environ, "NUMCONV_SIMD": simd}
    subprocess.run([sys.executable, "-c", OTHER_VECTORS], env=environment, check=True, timeout=120)


class Backwards:
    """Sums in the other order, which is off by no more than a rounding."""

    name = "backwards"

    def refusal(self, problem: Any) -> str | None:
        return None

    def plan(self, problem: FilterProblem) -> Any:
        def solve(x: Any, weight: Any, out: Any) -> None:
            padded = np.pad(x, problem.padding, mode="symmetric")
            out[...] = 0
            for tap in reversed(list(np.ndindex(*problem.kernel_shape))):
                ends = zip(tap, problem.input_shape, strict=True)
                out += weight[tap] * padded[tuple(slice(k, k + n) for k, n in ends)]

        return solve


def test_another_order_of_the_sum_breaks_the_law() -> None:
    law = next(each for each in LAWS if each.name == "within_bound")
    algorithm: Any = Backwards()
    with pytest.raises(LawBroken, match="outputs are off"):
        law.check(problem((19, 23), (3, 5)), algorithm)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"padding": ((1, 1), (1, 2))}, "padding="),
        ({"padding_modes": ("mirror", "zeros")}, "padding_modes="),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"result_dtype": "complex64"}, "result_dtype='complex64'"),
        ({"sums": "medians"}, "sums='medians'"),
        ({"sums": "pairs"}, "'products' for more than one filtered axis"),
    ],
)
def test_a_filter_that_is_none_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(operators.ArgumentError, match=message):
        problem((9, 9), (3, 3), **changes)
