"""Integers: arithmetic modulo 2**bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats import TYPES, Type
from ..machine import Control, Index, Step
from ..report import Array
from .building import Build, apply, known

Function = Callable[..., Array]


def _double(kind: Type) -> Type:
    return TYPES[f"{kind.name[0]}{2 * kind.bits}"]


def _add(build: Build, kind: Type) -> Step:
    if build.flag("cc"):
        return _carrying(build, kind, carry_in=False, carry_out=True)
    saturated = build.flag("sat")
    function: Function = np.add if build.opcode == "add" else np.subtract
    if saturated:
        plain, limits = function, np.iinfo(kind.dtype)
        function = lambda a, b: np.clip(  # noqa: E731
            plain(a.astype(np.int64), b.astype(np.int64)), limits.min, limits.max
        )
    return apply(function, build.target(kind), *build.sources(kind))


def _multiply(build: Build, kind: Type) -> Step:
    part = build.choice("lo", "hi", "wide")
    result = _double(kind) if part == "wide" else kind
    return apply(_PRODUCTS[part](kind), build.target(result), *build.sources(kind))


def high(kind: Type) -> Function:
    """Return the upper half of products."""
    if kind.bits < 64:
        wide = _double(kind).dtype
        shift = wide.type(kind.bits)
        return lambda a, b: ((a.astype(wide) * b.astype(wide)) >> shift).astype(kind.dtype)

    def halves(a: Array, b: Array) -> Array:
        half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
        x, y = a.view(np.uint64), b.view(np.uint64)
        low = (x & mask) * (y & mask)
        middle = (x >> half) * (y & mask) + (low >> half)
        other = (x & mask) * (y >> half) + (middle & mask)
        result = (x >> half) * (y >> half) + (middle >> half) + (other >> half)
        if kind.name[0] == "s":
            result -= np.where(a < 0, y, 0) + np.where(b < 0, x, 0)
        return result.view(kind.dtype)

    return lambda a, b: halves(np.ascontiguousarray(a), np.ascontiguousarray(b))


def _wide(kind: Type) -> Function:
    dtype = _double(kind).dtype
    return lambda a, b: a.astype(dtype) * b.astype(dtype)


_PRODUCTS: dict[str, Callable[[Type], Function]] = {
    "lo": lambda kind: np.multiply,
    "hi": high,
    "wide": _wide,
}
ADDING: dict[str, Callable[[Build, Type], Step]] = {"add": _add, "sub": _add, "mul": _multiply}


def mad(build: Build, kind: Type) -> Step:
    part = build.choice("lo", "hi", "wide")
    product = _PRODUCTS[part](kind)
    result = _double(kind) if part == "wide" else kind
    if build.opcode == "fma":
        raise build.unknown()
    if build.flag("cc"):
        return _carrying(build, kind, carry_in=False, carry_out=True, product=product)
    sources = (build.source(1, kind), build.source(2, kind), build.source(3, result))
    return apply(lambda a, b, c: product(a, b) + c, build.target(result), *sources)


@known("addc", "subc", "madc")
def carry(build: Build) -> Step | Control:
    carry_out = build.flag("cc")
    kind = build.type()
    product = None
    if build.opcode == "madc":
        product = _PRODUCTS[build.choice("lo", "hi")](kind)
    return _carrying(build, kind, carry_in=True, carry_out=carry_out, product=product)


def _carrying(
    build: Build, kind: Type, *, carry_in: bool, carry_out: bool, product: Function | None = None
) -> Step:
    """Arithmetic of numbers of several registers; the carry is one bit of a thread."""
    flag = build.launch.carry
    target, sources = build.target(kind.unsigned), build.sources(kind)
    minus = build.opcode.startswith("sub")

    def run(index: Index) -> None:
        *first, last = [each[index] for each in sources]
        a = (first[0] if product is None else product(*first)).astype(target.dtype)
        b = last.astype(target.dtype)
        carry = flag[index].astype(target.dtype) if carry_in else target.dtype.type(0)
        if minus:
            result = a - b - carry
            over = (a < b) | ((a == b) & (carry != 0))
        else:
            result = a + b + carry
            over = (result < a) | ((result == a) & (carry != 0))
        target[index] = result
        if carry_out:
            flag[index] = over

    return run


def divide(build: Build, kind: Type) -> Step:
    return apply(_quotient(kind), build.target(kind), *build.sources(kind))


@known("rem")
def rem(build: Build) -> Step | Control:
    kind = build.type()
    quotient = _quotient(kind)
    function: Function = lambda a, b: a - quotient(a, b) * b  # noqa: E731
    return apply(function, build.target(kind), *build.sources(kind))


def _quotient(kind: Type) -> Function:
    """Division towards zero; all bits set where the divisor is zero."""

    def divide(a: Array, b: Array) -> Array:
        unsigned = kind.unsigned.dtype
        one = b == 0
        sizes = [np.where(x < 0, -x, x).astype(kind.dtype).view(unsigned) for x in (a, b)]
        result = (sizes[0] // np.where(one, 1, sizes[1]).astype(unsigned)).view(kind.dtype)
        result = np.where((a < 0) != (b < 0), -result, result)
        return np.where(one, np.array(-1).astype(kind.dtype), result)

    return divide


def extreme(build: Build, kind: Type) -> Step:
    function: Function = np.minimum if build.opcode == "min" else np.maximum
    if build.flag("relu"):
        plain = function
        function = lambda a, b: np.maximum(plain(a, b), 0)  # noqa: E731
    return apply(function, build.target(kind), *build.sources(kind))


def sign(build: Build, kind: Type) -> Step:
    function: Function = np.abs if build.opcode == "abs" else np.negative
    return apply(function, build.target(kind), *build.sources(kind))


@known("dp4a", "dp2a")
def dot(build: Build) -> Step | Control:
    """Products of 8-bit values of two registers, summed: four, or with dp2a two by 16 bits."""
    half = build.choice("lo", "hi") if build.opcode == "dp2a" else ""
    first, second = build.type(), build.type()
    result = TYPES["s32" if "s" in (first.name[0], second.name[0]) else "u32"]
    width = 1 if build.opcode == "dp4a" else 2

    def run(a: Array, b: Array, c: Array) -> Array:
        x = np.ascontiguousarray(a).view(f"{'i' if first.name[0] == 's' else 'u'}{width}")
        y = np.ascontiguousarray(b).view("i1" if second.name[0] == "s" else "u1")
        x, y = x.reshape(len(a), -1).astype(np.int64), y.reshape(len(a), -1).astype(np.int64)
        if half:
            y = y[:, :2] if half == "lo" else y[:, 2:]
        return ((x * y).sum(axis=1) + c).astype(result.dtype)

    sources = (build.source(1, first), build.source(2, second), build.source(3, result))
    return apply(run, build.target(result), *sources)


@known("sad")
def sad(build: Build) -> Step | Control:
    kind = build.type()
    function: Function = lambda a, b, c: np.maximum(a, b) - np.minimum(a, b) + c  # noqa: E731
    return apply(function, build.target(kind), *build.sources(kind))
