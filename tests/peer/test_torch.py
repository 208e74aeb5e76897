"""A grid of configurations against PyTorch, each within the error bounds of both."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

import numconv
from numconv.core import dispatch
from numconv.core.bound import bound
from numconv.core.geometry import padding_pairs
from numconv.core.protocol import Operand
from numconv.testing import naive_reference

pytestmark = pytest.mark.peer

CONVOLUTIONS, TRANSPOSED = 420, 240
MODES = ("zeros", "zeros", "reflect", "replicate", "circular")
FORMS = ("int", "tuple", "valid", "same", "asymmetric", "same_strided", "same_lower", "full")
LARGEST = {1: 40, 2: 15, 3: 8}


class Skewed:
    """Draws from one generator with a fixed seed."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def per_axis(self, axes: int, low: int, high: int) -> tuple[int, ...]:
        return tuple(int(self.rng.integers(low, high + 1)) for _ in range(axes))

    def shapes(self, axes: int) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Return the input's and the kernel's spatial shape, and groups."""
        kernel = self.per_axis(axes, 1, {1: 7, 2: 5, 3: 3}[axes])
        size = self.per_axis(axes, 4, LARGEST[axes])
        return size, kernel, self.one_of((1, 1, 2, 3))


def draw_convolution(draw: Skewed) -> dict[str, Any] | None:
    axes = draw.one_of((1, 2, 2, 3))
    size, kernel, groups = draw.shapes(axes)
    form, mode = draw.one_of(FORMS), draw.one_of(MODES)
    stride = (1,) * axes if form in ("same", "full") else draw.per_axis(axes, 1, 3)
    dilation = draw.per_axis(axes, 1, 3)
    lows, highs = draw.per_axis(axes, 0, 3), draw.per_axis(axes, 0, 3)
    padding: Any = {
        "int": lows[0],
        "tuple": lows,
        "valid": "valid",
        "same": "same",
        "asymmetric": tuple(zip(lows, highs, strict=True)),
        "same_strided": "same",
        "same_lower": "same_lower",
        "full": "full",
    }[form]
    pairs = padding_pairs(padding, size, kernel, stride, dilation)
    native = mode == "zeros" and form in ("int", "tuple", "valid", "same")
    widest = max(max(pair) for pair in pairs)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    fits = all(s + lo + hi >= e for s, (lo, hi), e in zip(size, pairs, extents, strict=True))
    if not fits or (mode != "zeros" and widest >= min(size)):
        return None
    batch = draw.one_of(((), (1,), (2,), (3,)))
    channels = groups * draw.one_of((1, 2, 5)), groups * draw.one_of((1, 3, 4))
    return {
        "kind": "conv",
        "axes": axes,
        "dtype": draw.one_of(("float32", "float64")),
        "x": (*batch, channels[0], *size),
        "weight": (channels[1], channels[0] // groups, *kernel),
        "bias": draw.one_of((None, channels[1])),
        "parameters": {
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
            "padding_mode": mode,
            "pairs": None if native else pairs,
        },
    }


def draw_transposed(draw: Skewed) -> dict[str, Any] | None:
    axes = draw.one_of((1, 2, 2, 3))
    size, kernel, groups = draw.shapes(axes)
    size = tuple(max(1, s // 2) for s in size)
    stride, dilation = draw.per_axis(axes, 1, 4), draw.per_axis(axes, 1, 3)
    padding = draw.per_axis(axes, 0, 2)
    extra = tuple(
        int(draw.rng.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True)
    )
    large = [
        (i - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for i, s, p, d, k, e in zip(size, stride, padding, dilation, kernel, extra, strict=True)
    ]
    if min(large) - max(extra) < 1 or prod(large) > 4000:
        return None
    batch = draw.one_of(((), (1,), (2,)))
    channels = groups * draw.one_of((1, 2, 4)), draw.one_of((1, 2, 3))
    return {
        "kind": "conv_transpose",
        "axes": axes,
        "dtype": draw.one_of(("float32", "float64")),
        "x": (*batch, channels[0], *size),
        "weight": (channels[0], channels[1], *kernel),
        "bias": draw.one_of((None, channels[1] * groups)),
        "parameters": {
            "stride": stride,
            "padding": padding,
            "output_padding": extra,
            "groups": groups,
            "dilation": dilation,
        },
    }


def draw_all() -> list[dict[str, Any]]:
    drawn: list[dict[str, Any]] = []
    for draw_one, count in ((draw_convolution, CONVOLUTIONS), (draw_transposed, TRANSPOSED)):
        draw, wanted = Skewed(2026), len(drawn) + count
        while len(drawn) < wanted:
            found = draw_one(draw)
            if found is not None:
                drawn.append(found)
    return drawn


def operands_of(configuration: dict[str, Any], seed: int) -> list[Any]:
    rng, dtype = np.random.default_rng(seed), configuration["dtype"]
    arrays = [rng.standard_normal(configuration[name]).astype(dtype) for name in ("x", "weight")]
    bias = configuration["bias"]
    return [*arrays, None if bias is None else rng.standard_normal(bias).astype(dtype)]


DRAWN = draw_all()


def test_the_grid_is_large_and_varied() -> None:
    assert len(DRAWN) >= 500
    convolutions = [each["parameters"] for each in DRAWN if each["kind"] == "conv"]
    assert {each["padding_mode"] for each in convolutions} == set(MODES)
    assert {each["axes"] for each in DRAWN} == {1, 2, 3}
    for drawn in ("same", "same_lower", "full", "valid"):
        assert sum(each["padding"] == drawn for each in convolutions) >= 10
    assert any(max(each["parameters"].get("output_padding", (0,))) > 0 for each in DRAWN)


@pytest.fixture(scope="module")
def computed(by_torch: Any) -> list[Any]:
    return by_torch(DRAWN, [operands_of(each, i) for i, each in enumerate(DRAWN)])


def name(index: int) -> str:
    each = DRAWN[index]
    return f"{index}-{each['kind']}{each['axes']}d-{each['dtype']}"


@pytest.mark.parametrize("index", range(len(DRAWN)), ids=name)
def test_equals_torch(index: int, computed: list[Any]) -> None:
    configuration = DRAWN[index]
    function = getattr(numconv, f"{configuration['kind']}{configuration['axes']}d")
    parameters = {key: v for key, v in configuration["parameters"].items() if key != "pairs"}
    operands = operands_of(configuration, index)
    got = function(*operands, **parameters)
    described = [None if a is None else Operand(a.shape, a.dtype.name) for a in operands]
    with dispatch.tracing() as traced:
        function(*described, **parameters)
    problem = traced[0].problem
    given = [array for array in operands if array is not None]
    given = [a.reshape(s) for a, s in zip(given, problem.operand_shapes, strict=False)] + given[2:]
    allowed = 2 * bound(problem, naive_reference(problem), *given).reshape(got.shape)
    expected = computed[index]
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    assert (np.abs(got - expected) <= allowed).all(), configuration


BLOCKS = (
    (2, (2, 8, 9, 11), 4, 2, {"kernel_size": 3, "stride": 1, "dilation": 1}),
    (2, (1, 8, 7, 9), 4, 2, {"kernel_size": 5, "stride": 2, "dilation": 1}),
    (2, (1, 4, 10, 13), 2, 4, {"kernel_size": 3, "stride": 3, "dilation": 2}),
    (1, (2, 6, 23), 3, 3, {"kernel_size": 7, "stride": 2, "dilation": 1}),
    (3, (1, 4, 5, 6, 7), 2, 2, {"kernel_size": 3, "stride": 2, "dilation": 1}),
)


def test_involution_block_equals_one_composed_in_torch(by_torch: Any) -> None:
    rng = np.random.default_rng(7)
    configurations, operands = [], []
    for axes, shape, reduced, groups, parameters in BLOCKS:
        ones = (1,) * axes
        x = rng.standard_normal(shape)
        reduce = rng.standard_normal((reduced, shape[1], *ones))
        rows = groups * parameters["kernel_size"] ** axes
        operands.append([x, reduce, rng.standard_normal((rows, reduced, *ones))])
        configurations.append({"kind": "block", "axes": axes, "parameters": parameters})
    expected = by_torch(configurations, operands)
    for (axes, *_, parameters), arrays, wanted in zip(BLOCKS, operands, expected, strict=True):
        got = getattr(numconv, f"involution_block{axes}d")(*arrays, **parameters)
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)
