"""cvt: between all types, with all roundings."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from handwritten import bits, elementwise, floats, rounded

INTEGERS = {"u8": np.uint8, "s8": np.int8, "u16": np.uint16, "s16": np.int16}
INTEGERS |= {"u32": np.uint32, "s32": np.int32, "u64": np.uint64, "s64": np.int64}
SPECIAL = [0.5, 1.5, 2.5, -0.5, -1.5, 1e20, -1e20, np.inf, -np.inf, np.nan, 4294967295.0, -129.0]
ROUNDING = {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}


@pytest.mark.parametrize("result", ["u16", "s16", "u32", "s32", "u64", "s64"])
@pytest.mark.parametrize("origin", INTEGERS)
def test_between_integers(origin: str, result: str) -> None:
    a = bits(INTEGERS[origin], 60, 1)
    got = elementwise(f"cvt.{result}.{origin} %out, %a;", INTEGERS[result], a)
    np.testing.assert_array_equal(got, a.astype(INTEGERS[result]))
    limits, own = np.iinfo(INTEGERS[result]), np.iinfo(INTEGERS[origin])
    if limits.min <= own.min and own.max <= limits.max:
        return  # PTX has no .sat where nothing can be out of range
    got = elementwise(f"cvt.sat.{result}.{origin} %out, %a;", INTEGERS[result], a)
    assert got.tolist() == [min(max(each, limits.min), limits.max) for each in a.tolist()]


@pytest.mark.parametrize("mode", ROUNDING)
@pytest.mark.parametrize("result", ["u16", "s16", "u32", "s32", "u64", "s64"])
@pytest.mark.parametrize("origin", [np.float16, np.float32, np.float64])
def test_floats_to_integers(origin: Any, result: str, mode: str) -> None:
    with np.errstate(over="ignore"):
        a = np.array([*SPECIAL, *floats(np.float64, 40, 1, 30)]).astype(origin)
    kind = f"f{8 * a.itemsize}"
    got = elementwise(f"cvt.{mode}.{result}.{kind} %out, %a;", INTEGERS[result], a)
    limits = np.iinfo(INTEGERS[result])
    for x, each in zip(a.astype(np.float64), got.tolist(), strict=True):
        if np.isnan(x):
            wide = "64" in kind + result
            top = 1 << (limits.bits - 1)
            expected = (-top if result[0] == "s" else top) if wide and limits.bits == 64 else None
            if expected is not None:
                assert each == expected
            continue
        y = ROUNDING[mode](x)
        assert each == (limits.max if y > limits.max else max(int(max(y, -1e30)), limits.min))


def test_not_a_number_to_32_bits_is_zero() -> None:
    assert elementwise("cvt.rzi.s32.f32 %out, %a;", np.int32, np.float32([np.nan])) == 0


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize("result", [np.float16, np.float32])
@pytest.mark.parametrize("origin", ["u32", "s32", "u64", "s64"])
def test_integers_to_floats(origin: str, result: Any, mode: str) -> None:
    a = bits(INTEGERS[origin], 60, 1)
    if result == np.float16:
        a = (a % 60000).astype(a.dtype)
    else:
        a[5:9] = [(1 << 24) + 1, (1 << 31) - 1, (1 << 30) + (1 << 6), (1 << 25) + 3]
        if (
            "64" in origin
        ):  # middle of two float32 values, and just above: float64 sees no difference
            a[9], a[10] = (1 << 60) + (1 << 36), (1 << 60) + (1 << 36) + 1
    kind = f"f{8 * np.dtype(result).itemsize}"
    got = elementwise(f"cvt.{mode}.{kind}.{origin} %out, %a;", result, a)
    assert got.tolist() == [rounded(Fraction(each), result, mode) for each in a.tolist()]


@pytest.mark.parametrize("mode", ["rn", "rz", "rm", "rp"])
@pytest.mark.parametrize(
    ("origin", "result"),
    [(np.float64, np.float32), (np.float32, np.float16), (np.float64, np.float16)],
)
def test_narrower_floats(origin: Any, result: Any, mode: str) -> None:
    a = floats(np.float64, 100, 1, 14).astype(origin)
    a[5:8] = [2.0**-24 * 1.25, 2.0**-15 * 1.33, 2.0**-25]
    kinds = f"f{8 * np.dtype(result).itemsize}.f{8 * a.itemsize}"
    got = elementwise(f"cvt.{mode}.{kinds} %out, %a;", result, a)
    assert got.tolist() == [rounded(Fraction(float(each)), result, mode) for each in a]


@pytest.mark.parametrize(("mode", "value"), [("rn", np.inf), ("rz", 65504), ("rm", 65504)])
def test_overflow_depends_on_the_rounding(mode: str, value: float) -> None:
    a = np.float32([65520, 1e9, np.inf])
    got = elementwise(f"cvt.{mode}.f16.f32 %out, %a;", np.float16, a)
    assert got.tolist() == [value, value, np.inf]


def test_wider_floats_are_exact() -> None:
    a = np.arange(0, 65536, 97).astype(np.uint16).view(np.float16)[:600]
    got = elementwise("cvt.f32.f16 %out, %a;", np.float32, a)
    np.testing.assert_array_equal(got, a.astype(np.float32))
    brain = np.arange(0, 65536, 113).astype(np.uint16)
    got = elementwise("cvt.f32.bf16 %out, %a;", np.uint32, brain)
    number = brain & 0x7F80 != 0x7F80
    np.testing.assert_array_equal(got[number], brain[number].astype(np.uint32) << 16)


def test_brain_floats_round_to_even() -> None:
    a = np.uint32([0x3F808000, 0x3F818000, 0x3F808001, 0x7F7FFFFF, 0x00008001])
    got = elementwise("cvt.rn.bf16.f32 %out, %a;", np.uint16, a)
    assert [hex(each) for each in got] == ["0x3f80", "0x3f82", "0x3f81", "0x7f80", "0x1"]


def test_tf32_rounds_half_away() -> None:
    a = np.uint32([0x3F801000, 0x3F800FFF, 0xBF801000, 0x3F803000])
    got = elementwise("cvt.rna.tf32.f32 %out, %a;", np.uint32, a)
    assert [hex(each) for each in got] == ["0x3f802000", "0x3f800000", "0xbf802000", "0x3f804000"]
    got = elementwise("cvt.rn.tf32.f32 %out, %a;", np.uint32, a)
    assert [hex(each) for each in got] == ["0x3f800000", "0x3f800000", "0xbf800000", "0x3f804000"]


def test_two_halves_at_once() -> None:
    a, b = floats(np.float32, 50, 1), floats(np.float32, 50, 2)
    got = elementwise("cvt.rn.f16x2.f32 %out, %a, %b;", np.uint32, a, b)
    pairs = got.view(np.float16).reshape(-1, 2)
    np.testing.assert_array_equal(pairs, np.stack((b, a), 1).astype(np.float16))
    got = elementwise("cvt.rn.bf16x2.f32 %out, %a, %b;", np.uint32, a, b)
    one = elementwise("cvt.rn.bf16.f32 %out, %a;", np.uint16, a)
    np.testing.assert_array_equal(got >> 16, one)


def test_to_whole_floats_and_saturation() -> None:
    a = np.float32([0.5, 1.5, -2.7, 3.2, np.nan])
    got = elementwise("cvt.rni.f32.f32 %out, %a;", np.float32, a)
    np.testing.assert_array_equal(got, np.rint(a))
    got = elementwise("cvt.sat.f32.f32 %out, %a;", np.float32, a)
    assert got.tolist() == [0.5, 1, 0, 1, 0]
