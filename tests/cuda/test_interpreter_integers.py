"""Integers, bits and comparisons, against Python's integers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from handwritten import bits, elementwise

TYPES = {"u16": np.uint16, "s16": np.int16, "u32": np.uint32, "s32": np.int32}
TYPES |= {"u64": np.uint64, "s64": np.int64}
COUNT = 70


def wrapped(values: list[int], dtype: Any) -> Any:
    size = np.dtype(dtype).itemsize
    return np.array([each % 256**size for each in values], f"u{size}").view(dtype)


def towards_zero(a: int, b: int) -> int:
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


BINARY: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul.lo": operator.mul,
    "div": towards_zero,
    "rem": lambda a, b: a - towards_zero(a, b) * b,
    "min": min,
    "max": max,
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", BINARY)
def test_arithmetic(name: str, kind: str) -> None:
    dtype = TYPES[kind]
    a, b = bits(dtype, COUNT, 1), np.roll(bits(dtype, COUNT, 2), 1)
    if name in ("div", "rem"):
        b[b == 0] = 3
    got = elementwise(f"{name}.{kind} %out, %a, %b;", dtype, a, b)
    expected = [BINARY[name](int(x), int(y)) for x, y in zip(a, b, strict=True)]
    np.testing.assert_array_equal(got, wrapped(expected, dtype))


@pytest.mark.parametrize("kind", TYPES)
def test_products(kind: str) -> None:
    dtype, width = TYPES[kind], int(kind[1:])
    a, b, c = bits(dtype, COUNT, 1), np.roll(bits(dtype, COUNT, 2), 1), bits(dtype, COUNT, 3)
    exact = [int(x) * int(y) for x, y in zip(a, b, strict=True)]
    got = elementwise(f"mul.hi.{kind} %out, %a, %b;", dtype, a, b)
    np.testing.assert_array_equal(got, wrapped([each >> width for each in exact], dtype))
    got = elementwise(f"mad.lo.{kind} %out, %a, %b, %c;", dtype, a, b, c)
    expected = [each + int(z) for each, z in zip(exact, c, strict=True)]
    np.testing.assert_array_equal(got, wrapped(expected, dtype))
    if width < 64:
        double = TYPES[f"{kind[0]}{2 * width}"]
        got = elementwise(f"mul.wide.{kind} %out, %a, %b;", double, a, b)
        np.testing.assert_array_equal(got, wrapped(exact, double))


def test_numbers_of_two_registers() -> None:
    a, b = bits(np.uint64, COUNT, 1), np.roll(bits(np.uint64, COUNT, 2), 1)
    a[7], b[7] = 2**64 - 1, 2**32 - 1
    for first, second, function in (("add", "addc", np.add), ("sub", "subc", np.subtract)):
        lines = f"""mov.b64 {{%r1, %r2}}, %a; mov.b64 {{%r3, %r4}}, %b;
            {first}.cc.u32 %r5, %r1, %r3; {second}.u32 %r6, %r2, %r4;
            mov.b64 %out, {{%r5, %r6}};"""
        np.testing.assert_array_equal(elementwise(lines, np.uint64, a, b), function(a, b))


def test_products_of_two_registers() -> None:
    """The lower 64 bits of a product and a sum, from halves."""
    a, b, c = (bits(np.uint64, COUNT, seed) for seed in (1, 2, 3))
    lines = """mov.b64 {%r1, %r2}, %a; mov.b64 {%r3, %r4}, %b; mov.b64 {%r5, %r6}, %c;
        mad.lo.cc.u32 %r7, %r1, %r3, %r5; madc.hi.u32 %r8, %r1, %r3, %r6;
        mad.lo.u32 %r8, %r1, %r4, %r8; mad.lo.u32 %r8, %r2, %r3, %r8;
        mov.b64 %out, {%r7, %r8};"""
    np.testing.assert_array_equal(elementwise(lines, np.uint64, a, b, c), a * b + c)


@pytest.mark.parametrize("width", [16, 32, 64])
def test_logic(width: int) -> None:
    dtype = TYPES[f"u{width}"]
    a, b = bits(dtype, COUNT, 1), bits(dtype, COUNT, 2)
    for name, expected in (("and", a & b), ("or", a | b), ("xor", a ^ b)):
        got = elementwise(f"{name}.b{width} %out, %a, %b;", dtype, a, b)
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(elementwise(f"not.b{width} %out, %a;", dtype, a), ~a)
    np.testing.assert_array_equal(elementwise(f"cnot.b{width} %out, %a;", dtype, a), a == 0)


@pytest.mark.parametrize("kind", ["b32", "u32", "s32", "b64", "u64", "s64"])
def test_shifts_do_not_wrap(kind: str) -> None:
    width = int(kind[1:])
    dtype = TYPES[kind.replace("b", "u")]
    a = bits(dtype, COUNT, 1)
    count = np.arange(COUNT, dtype=np.uint32) * 2
    got = elementwise(f"shl.b{width} %out, %a, %b;", dtype, a, count)
    expected = [int(x) << int(n) for x, n in zip(a, count, strict=True)]
    np.testing.assert_array_equal(got, wrapped(expected, dtype))
    got = elementwise(f"shr.{kind} %out, %a, %b;", dtype, a, count)
    expected = [int(x) >> int(n) for x, n in zip(a, count, strict=True)]
    np.testing.assert_array_equal(got, wrapped(expected, dtype))


def test_funnel_shifts() -> None:
    a, b = bits(np.uint32, COUNT, 1), bits(np.uint32, COUNT, 2)
    count = np.arange(COUNT, dtype=np.uint32)
    for way, mode in (("l", "wrap"), ("l", "clamp"), ("r", "wrap"), ("r", "clamp")):
        got = elementwise(f"shf.{way}.{mode}.b32 %out, %a, %b, %c;", np.uint32, a, b, count)
        for x, y, n, each in zip(a.tolist(), b.tolist(), count.tolist(), got, strict=True):
            n = n % 32 if mode == "wrap" else min(n, 32)
            both = y << 32 | x
            assert each == (both >> n if way == "r" else both << n >> 32) % 2**32


@pytest.mark.parametrize("kind", ["u32", "s32", "u64", "s64"])
def test_fields(kind: str) -> None:
    width, dtype = int(kind[1:]), TYPES[kind]
    a, base = bits(dtype, COUNT, 1), bits(dtype, COUNT, 2)
    generator = np.random.default_rng(3)
    place = generator.integers(0, 70, COUNT, np.uint32)
    length = generator.integers(0, 70, COUNT, np.uint32)
    got = elementwise(f"bfe.{kind} %out, %a, %b, %c;", dtype, a, place, length)
    put = elementwise(
        f"bfi.b{width} %out, %a, %b, %c, %d;", TYPES[f"u{width}"], a, base, place, length
    )
    for i in range(COUNT):
        x, n, m = int(a[i]) % 2**width, int(place[i]), int(length[i])
        under = int(base[i]) % 2**width
        sign = x >> min(n + m - 1, width - 1) & 1 if kind[0] == "s" and m else 0
        field = [x >> (n + k) & 1 if k < m and n + k < width else sign for k in range(width)]
        assert int(got[i]) % 2**width == sum(bit << k for k, bit in enumerate(field)), (n, m)
        for k in range(width):
            if n <= k < n + m:
                under = under & ~(1 << k) | (x >> (k - n) & 1) << k
        assert int(put[i]) == under, (n, m)


@pytest.mark.parametrize("width", [32, 64])
def test_counting_bits(width: int) -> None:
    dtype = TYPES[f"u{width}"]
    a = bits(dtype, COUNT, 1) >> np.arange(COUNT).astype(dtype) % dtype(width)
    for name, function in (
        ("popc", lambda x: x.bit_count()),
        ("clz", lambda x: width - x.bit_length()),
    ):
        got = elementwise(f"{name}.b{width} %out, %a;", np.uint32, a)
        assert got.tolist() == [function(each) for each in a.tolist()]
    got = elementwise(f"brev.b{width} %out, %a;", dtype, a)
    assert got.tolist() == [int(f"{each:0{width}b}"[::-1], 2) for each in a.tolist()]
    got = elementwise(f"bfind.u{width} %out, %a;", np.int32, a)
    assert got.tolist() == [each.bit_length() - 1 for each in a.tolist()]


@pytest.mark.parametrize("table", [0x00, 0x80, 0xE8, 0x96, 0x1B, 0xFF])
def test_any_logic_of_three(table: int) -> None:
    a, b, c = (bits(np.uint32, COUNT, seed) for seed in (1, 2, 3))
    got = elementwise(f"lop3.b32 %out, %a, %b, %c, {table};", np.uint32, a, b, c)
    for x, y, z, each in zip(a.tolist(), b.tolist(), c.tolist(), got.tolist(), strict=True):
        cases = [(x >> k & 1) * 4 + (y >> k & 1) * 2 + (z >> k & 1) for k in range(32)]
        assert each == sum((table >> case & 1) << k for k, case in enumerate(cases))


def test_bytes_in_any_order() -> None:
    a, b = bits(np.uint32, COUNT, 1), bits(np.uint32, COUNT, 2)
    selector = np.random.default_rng(1).integers(0, 2**16, COUNT, np.uint32)
    got = elementwise("prmt.b32 %out, %a, %b, %c;", np.uint32, a, b, selector)
    for x, y, picks, each in zip(a, b, selector.tolist(), got, strict=True):
        pool = int(x).to_bytes(4, "little") + int(y).to_bytes(4, "little")
        chosen = []
        for k in range(4):
            pick = picks >> 4 * k & 15
            byte = pool[pick & 7]
            chosen.append((255 if byte & 128 else 0) if pick & 8 else byte)
        assert int(each) == int.from_bytes(bytes(chosen), "little")


def test_dot_products_of_bytes() -> None:
    a, b, c = (bits(np.uint32, COUNT, seed) for seed in (1, 2, 3))
    got = elementwise("dp4a.s32.u32 %out, %a, %b, %c;", np.int32, a, b, c)
    x = a.view(np.int8).reshape(-1, 4).astype(int)
    y = b.view(np.uint8).reshape(-1, 4).astype(int)
    np.testing.assert_array_equal(got, ((x * y).sum(1) + c).astype(np.int32))


def test_sums_that_stay_in_range() -> None:
    a, b = bits(np.int32, COUNT, 1), np.roll(bits(np.int32, COUNT, 2), 1)
    exact = a.astype(np.int64) + b
    got = elementwise("add.sat.s32 %out, %a, %b;", np.int32, a, b)
    np.testing.assert_array_equal(got, np.clip(exact, -(2**31), 2**31 - 1))
    got = elementwise("max.relu.s32 %out, %a, %b;", np.int32, a, b)
    np.testing.assert_array_equal(got, np.maximum(np.maximum(a, b), 0))
    small, other = a >> 3, b >> 3
    got = elementwise("sad.s32 %out, %a, %b, 5;", np.int32, small, other)
    np.testing.assert_array_equal(got, np.abs(small - other) + 5)
    for name in ("abs", "neg"):
        got = elementwise(f"{name}.s32 %out, %a;", np.int32, a)
        np.testing.assert_array_equal(got, np.abs(a) if name == "abs" else -a)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": lambda a, b: (a < b) | (a > b),
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_comparisons(name: str) -> None:
    select = "selp.b32 %out, 1, 0, %p1;"
    for kind in ("s32", "u64"):
        a, b = bits(TYPES[kind], COUNT, 1), np.roll(bits(TYPES[kind], COUNT, 1), 1)
        b[10:20] = a[10:20]
        got = elementwise(f"setp.{name}.{kind} %p1, %a, %b; {select}", np.int32, a, b)
        np.testing.assert_array_equal(got, COMPARISONS[name](a, b))
    x = np.array([1, 2, 1, np.nan, np.inf, 0.0], np.float32)
    y = np.array([1, 1, 2, 1, np.inf, -0.0], np.float32)
    got = elementwise(f"setp.{name}.f32 %p1, %a, %b; {select}", np.int32, x, y)
    np.testing.assert_array_equal(got, COMPARISONS[name](x, y))
    got = elementwise(f"setp.{name}u.f32 %p1, %a, %b; {select}", np.int32, x, y)
    np.testing.assert_array_equal(got, COMPARISONS[name](x, y) | np.isnan(x))


def test_comparisons_combine() -> None:
    a = np.arange(6, dtype=np.int32)
    lines = """setp.lt.s32 %p1, %a, 4;
        setp.gt.and.s32 %p2|%p3, %a, 1, %p1;
        setp.gt.or.s32 %p4, %a, 4, !%p1;
        selp.b32 %r1, 1, 0, %p2; selp.b32 %r2, 2, 0, %p3; selp.b32 %r3, 4, 0, %p4;
        or.b32 %r1, %r1, %r2; or.b32 %out, %r1, %r3;"""
    assert elementwise(lines, np.int32, a).tolist() == [2, 2, 1, 1, 6, 6]


def test_predicates_are_values() -> None:
    a = np.arange(4, dtype=np.int32)
    lines = """setp.gt.s32 %p1, %a, 0; setp.gt.s32 %p2, %a, 1;
        xor.pred %p3, %p1, %p2; not.pred %p4, %p1; or.pred %p3, %p3, %p4;
        mov.pred %p5, %p3; set.lt.u32.s32 %r1, %a, 3; selp.b32 %out, %r1, 7, %p5;"""
    assert elementwise(lines, np.int32, a).tolist() == [-1, -1, 7, 7]


def test_a_predicate_chooses_threads() -> None:
    a = np.arange(40, dtype=np.int32)
    lines = """setp.lt.s32 %p1, %a, 20; mov.u32 %out, 5;
        @%p1 add.s32 %out, %a, 1;
        @!%p1 neg.s32 %out, %a;"""
    assert elementwise(lines, np.int32, a).tolist() == [*range(1, 21), *range(-20, -40, -1)]
