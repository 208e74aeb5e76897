"""Arithmetic of floats, against NumPy and exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from handwritten import elementwise, floats, rounded

A = floats(np.float32, 200, seed=1, span=20)
B = floats(np.float32, 200, seed=2, span=20)[::-1].copy()
C = floats(np.float32, 200, seed=3, span=40)
MODES = ["rn", "rz", "rm", "rp"]


def bits_equal(got: Any, expected: Any) -> None:
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_nearest(name: str, dtype: Any) -> None:
    function = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[name]
    a, b = A.astype(dtype), B.astype(dtype)
    mode = ".rn" if name == "div" else ""
    got = elementwise(f"{name}{mode}.f{8 * a.itemsize} %out, %a, %b;", dtype, a, b)
    with np.errstate(divide="ignore"):
        bits_equal(got, function(a, b))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_every_rounding(name: str, mode: str) -> None:
    got = elementwise(f"{name}.{mode}.f32 %out, %a, %b;", np.float32, A, B)
    for a, b, each in zip(A, B, got, strict=True):
        x, y = Fraction(float(a)), Fraction(float(b))
        exact = {"add": x + y, "sub": x - y, "mul": x * y}[name]
        assert each == rounded(exact, np.float32, mode), (a, b)


@pytest.mark.parametrize("mode", MODES)
def test_fma_rounds_once(mode: str) -> None:
    got = elementwise(f"fma.{mode}.f32 %out, %a, %b, %c;", np.float32, A, B, C)
    for a, b, c, each in zip(A, B, C, got, strict=True):
        exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
        assert each == rounded(exact, np.float32, mode), (a, b, c)


def test_fma_where_float64_rounds_twice() -> None:
    """a * b + c just above the middle of two float32 values, which float64 takes for the middle."""
    a = np.array([1 + 2**-23, 1 + 2**-12, 1 + 2**-12, 2**-75], np.float32)
    b = np.array([1 + 2**-23, 1 + 2**-12, -1 - 2**-12, 2**-75], np.float32)
    c = np.array([2**-24 * 2**-30, 2**-60, -(2**-60), 3 * 2**-149], np.float32)
    got = elementwise("fma.rn.f32 %out, %a, %b, %c;", np.float32, a, b, c)
    exact = [
        Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        for x, y, z in zip(a, b, c, strict=True)
    ]
    assert got.tolist() == [rounded(each, np.float32) for each in exact]
    twice = (a.astype(np.float64) * b + c).astype(np.float32)
    assert (got != twice).any(), "the cases show nothing"


def test_fma_of_small_and_special_values() -> None:
    a = np.array([1e-30, 1e-38, -0.0, np.inf, np.nan, 3e38, 0], np.float32)
    b = np.array([1e-15, 0.25, 1, 0, 1, 3e38, -1], np.float32)
    c = np.array([1e-44, 1e-45, -0.0, 1, 1, -1, 0], np.float32)
    got = elementwise("fma.rn.f32 %out, %a, %b, %c;", np.float32, a, b, c)
    for i in (0, 1):
        exact = Fraction(float(a[i])) * Fraction(float(b[i])) + Fraction(float(c[i]))
        assert got[i] == rounded(exact, np.float32)
    bits_equal(got[2:], np.array([-0.0, np.nan, np.nan, np.inf, 0], np.float32))


def test_fma_of_doubles() -> None:
    a, b = floats(np.float64, 150, 4, 200), floats(np.float64, 150, 5, 200)[::-1].copy()
    c = -a * b * (1 + 2.0**-50 * np.arange(150))
    a[10], b[10], c[10] = 2.0**600, 2.0**600, -1.0
    a[11], b[11], c[11] = 2.0**-540, 2.0**-540, 2.0**-1074
    got = elementwise("fma.rn.f64 %out, %a, %b, %c;", np.float64, a, b, c)
    for x, y, z, each in zip(a, b, c, got, strict=True):
        exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        assert each == (float(exact) if abs(exact) < 2**1024 else np.inf), (x, y, z)


def test_flush_and_saturate() -> None:
    a = np.array([1e-40, -1e-40, 0.5, -2, 3, np.nan], np.float32)
    got = elementwise("mul.ftz.f32 %out, %a, 0f3F800000;", np.float32, a)
    bits_equal(got, np.array([0, -0.0, 0.5, -2, 3, np.nan], np.float32))
    got = elementwise("add.sat.f32 %out, %a, 0f00000000;", np.float32, a)
    bits_equal(got, np.array([1e-40, 0, 0.5, 0, 1, 0], np.float32))


@pytest.mark.parametrize("name", ["min", "max"])
def test_extremes_prefer_numbers(name: str) -> None:
    a = np.array([1, np.nan, np.nan, 0.0, -0.0, 2], np.float32)
    b = np.array([2, 1, np.nan, -0.0, 0.0, np.nan], np.float32)
    least = np.array([1, 1, np.nan, -0.0, -0.0, 2], np.float32)
    greatest = np.array([2, 1, np.nan, 0.0, 0.0, 2], np.float32)
    got = elementwise(f"{name}.f32 %out, %a, %b;", np.float32, a, b)
    bits_equal(got, least if name == "min" else greatest)
    got = elementwise(f"{name}.NaN.f32 %out, %a, %b;", np.float32, a, b)
    assert np.isnan(got).tolist() == [False, True, True, False, False, True]


@pytest.mark.parametrize(
    ("instruction", "function"),
    [
        ("sqrt.rn", np.sqrt),
        ("rcp.rn", lambda x: 1 / x),
        ("rcp.approx.ftz", lambda x: 1 / x),
        ("rsqrt.approx", lambda x: 1 / np.sqrt(x)),
        ("ex2.approx.ftz", np.exp2),
        ("lg2.approx", np.log2),
        ("sin.approx", np.sin),
        ("cos.approx", np.cos),
        ("tanh.approx", np.tanh),
        ("neg", np.negative),
        ("abs", np.abs),
    ],
)
def test_functions_of_one_value(instruction: str, function: Any) -> None:
    x = np.abs(floats(np.float32, 60)) + np.float32(0.01)
    got = elementwise(f"{instruction}.f32 %out, %a;", np.float32, x)
    np.testing.assert_allclose(got, function(x.astype(np.float64)), rtol=1e-7)


def test_halves() -> None:
    a, b = floats(np.float16, 50, 1), floats(np.float16, 50, 2)
    c = floats(np.float16, 50, 3)
    got = elementwise("fma.rn.f16 %out, %a, %b, %c;", np.float16, a, b, c)
    for x, y, z, each in zip(a, b, c, got, strict=True):
        exact = Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z))
        assert each == rounded(exact, np.float16)
    pairs = np.stack((a, b), 1).reshape(-1).view(np.uint32)
    others = np.stack((b, c), 1).reshape(-1).view(np.uint32)
    got = elementwise("add.f16x2 %out, %a, %b;", np.uint32, pairs, others)
    np.testing.assert_array_equal(got.view(np.float16).reshape(-1, 2), np.stack((a + b, b + c), 1))


def test_brain_floats() -> None:
    a = (floats(np.float32, 50, 1).view(np.uint32) >> 16).astype(np.uint16)
    b = (floats(np.float32, 50, 2).view(np.uint32) >> 16).astype(np.uint16)
    got = elementwise("mul.rn.bf16 %out, %a, %b;", np.uint16, a, b)
    x, y, z = (
        (each.astype(np.uint32) << 16).view(np.float32).astype(np.float64) for each in (a, b, got)
    )
    # 8 digits: within half a unit of the last place.
    assert (np.abs(z - x * y) <= np.abs(x * y) * 2.0**-8).all()
    assert (z[:3] == (x * y)[:3]).all()


def test_relu() -> None:
    a, b, c = (floats(np.float16, 50, seed) for seed in (1, 2, 3))
    got = elementwise("fma.rn.relu.f16 %out, %a, %b, %c;", np.float16, a, b, c)
    plain = elementwise("fma.rn.f16 %out, %a, %b, %c;", np.float16, a, b, c)
    np.testing.assert_array_equal(got, np.maximum(plain, 0))
    got = elementwise("cvt.rn.relu.f16.f32 %out, %a;", np.float16, A)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(got, np.maximum(A, 0).astype(np.float16))


def test_signs_and_order_of_brain_floats() -> None:
    a = np.uint16([0x3F80, 0xBF80, 0x4000, 0x7FC0])  # 1, -1, 2, NaN
    assert elementwise("neg.bf16 %out, %a;", np.uint16, a)[:3].tolist() == [0xBF80, 0x3F80, 0xC000]
    assert elementwise("abs.bf16 %out, %a;", np.uint16, a)[:3].tolist() == [0x3F80, 0x3F80, 0x4000]
    lines = "setp.gt.bf16 %p1, %a, %b; selp.b32 %out, 1, 0, %p1;"
    assert elementwise(lines, np.int32, a, np.uint16([0x3F80])).tolist() == [0, 0, 1, 0]
    got = elementwise("max.bf16 %out, %a, %b;", np.uint16, a, np.uint16([0x3F80]))
    assert got.tolist() == [0x3F80, 0x3F80, 0x4000, 0x3F80]


def test_comparisons_may_flush() -> None:
    lines = "setp.gt{}.f32 %p1, %a, 0f00000000; selp.b32 %out, 1, 0, %p1;"
    a = np.float32([1e-40, 1e-30])
    assert elementwise(lines.format(""), np.int32, a).tolist() == [1, 1]
    assert elementwise(lines.format(".ftz"), np.int32, a).tolist() == [0, 1]


def test_numbers_in_the_text() -> None:
    a = np.float32([0])
    for text, value in (("1.5", 1.5), ("0f3FC00000", 1.5), ("-2.5e3", -2500), ("-0.0", 0)):
        assert elementwise(f"add.f32 %out, %a, {text};", np.float32, a).tolist() == [value]
    got = elementwise("mov.f64 %fd1, 0d3FF8000000000000; cvt.rn.f32.f64 %out, %fd1;", np.float32, a)
    assert got.tolist() == [1.5]


def test_copysign_and_testp() -> None:
    got = elementwise("copysign.f32 %out, %a, %b;", np.float32, A, B)
    bits_equal(got, np.copysign(B, A))
    special = np.array([1, np.inf, np.nan], np.float32)
    lines = "testp.{}.f32 %p1, %a;\n selp.b32 %out, 1, 0, %p1;"
    found = {
        name: elementwise(lines.format(name), np.int32, special).tolist()
        for name in ("finite", "infinite", "number", "notanumber")
    }
    assert found == {
        "finite": [1, 0, 0],
        "infinite": [0, 1, 0],
        "number": [1, 1, 0],
        "notanumber": [0, 0, 1],
    }
