"""Bits of integers: logic, shifts, fields, permutations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats import TYPES, Type
from ..machine import Control, Step
from ..report import Array
from ..syntax import Immediate, Pair
from .building import Build, apply, known

Function = Callable[..., Array]


@known("and", "or", "xor", "not")
def logic(build: Build) -> Step | Control:
    kind = build.type()
    functions: dict[str, Function] = {
        "and": np.bitwise_and,
        "or": np.bitwise_or,
        "xor": np.bitwise_xor,
        "not": np.bitwise_not,
    }
    function = functions[build.opcode]
    return apply(function, build.target(kind), *build.sources(kind))


@known("cnot")
def cnot(build: Build) -> Step | Control:
    kind = build.type()
    return apply(lambda a: (a == 0).astype(kind.dtype), build.target(kind), *build.sources(kind))


@known("shl", "shr")
def shift(build: Build) -> Step | Control:
    kind = build.type()
    target, value = build.target(kind), build.source(1, kind)
    count = build.source(2, TYPES["u32"])
    most = kind.bits - 1
    signed, left = kind.name[0] == "s", build.opcode == "shl"
    by = build.operand(2)
    if isinstance(by, Immediate) and 0 <= int(by.value) <= most:
        plain = np.left_shift if left else np.right_shift
        return apply(plain, target, value, build.launch.constant(int(by.value), kind))

    def run(value: Array, count: Array) -> Array:
        held = np.minimum(count, most).astype(kind.dtype)
        result = value << held if left else value >> held
        # Further than the width: nothing is left but, of a signed value, its sign.
        return result if signed and not left else np.where(count > most, 0, result)

    return apply(run, target, value, count)


@known("shf")
def funnel(build: Build) -> Step | Control:
    left = build.choice("l", "r") == "l"
    wrap = build.choice("wrap", "clamp") == "wrap"
    kind = build.type()

    def run(low: Array, top: Array, count: Array) -> Array:
        wide = (top.astype(np.uint64) << np.uint64(32)) | low
        places = (count & np.uint32(31) if wrap else np.minimum(count, 32)).astype(np.uint64)
        if left:
            return ((wide << places) >> np.uint64(32)).astype(np.uint32)
        return (wide >> places).astype(np.uint32)

    return apply(run, build.target(kind), *build.sources(TYPES["u32"]))


@known("bfe")
def bfe(build: Build) -> Step | Control:
    kind = build.type()
    signed = kind.name[0] == "s"

    def run(value: Array, place: Array, length: Array) -> Array:
        place, length = place & 255, length & 255
        wide = value.astype(np.int64 if signed else np.uint64)
        least = np.minimum(place, 63).astype(wide.dtype)
        if signed:  # the sign is the field's last bit, or the value's
            last = np.minimum(place.astype(np.int64) + length - 1, kind.bits - 1)
            negative = (wide >> np.clip(last, 0, 63)) & 1 & (length > 0)
        else:
            negative = np.zeros(len(value), wide.dtype)
        field = (wide >> least).view(np.uint64)
        field = np.where(place >= kind.bits, np.uint64(0), field)
        ones = np.where(negative != 0, np.uint64(2**64 - 1), np.uint64(0))
        field = np.where(place >= kind.bits, ones, field)
        mask = np.where(
            length >= 64, np.uint64(2**64 - 1), (np.uint64(1) << length.astype(np.uint64)) - 1
        ).astype(np.uint64)
        return ((field & mask) | (ones & ~mask)).astype(kind.dtype)

    count = TYPES["u32"]
    sources = (build.source(1, kind), build.source(2, count), build.source(3, count))
    return apply(run, build.target(kind), *sources)


@known("bfi")
def bfi(build: Build) -> Step | Control:
    kind = build.type()

    def run(field: Array, base: Array, place: Array, length: Array) -> Array:
        place, length = (place & 255).astype(np.uint64), (length & 255).astype(np.uint64)
        all_ones = np.uint64(2**64 - 1)
        held = np.minimum(length, 63)
        mask = np.where(length >= 64, all_ones, (np.uint64(1) << held) - np.uint64(1))
        reach = np.minimum(place, 63)
        mask = np.where(place >= kind.bits, np.uint64(0), mask << reach)
        moved = field.astype(np.uint64) << reach
        return ((moved & mask) | (base.astype(np.uint64) & ~mask)).astype(kind.dtype)

    count = TYPES["u32"]
    sources = [build.source(each, kind) for each in (1, 2)]
    return apply(run, build.target(kind), *sources, build.source(3, count), build.source(4, count))


def _bit_table(value: Array, bits: int) -> Array:
    """Bits of each value, the lowest first."""
    places = np.arange(bits, dtype=np.uint64)
    return (value.astype(np.uint64)[:, None] >> places) & np.uint64(1)


def _count_bits(kind: Type) -> Function:
    return lambda a: _bit_table(a, kind.bits).sum(axis=1).astype(np.uint32)


def _leading_zeros(kind: Type) -> Function:
    def run(a: Array) -> Array:
        bits = _bit_table(a, kind.bits)[:, ::-1]
        return np.where(bits.any(axis=1), bits.argmax(axis=1), kind.bits).astype(np.uint32)

    return run


@known("popc", "clz")
def count_bits(build: Build) -> Step | Control:
    kind = build.type()
    function = _count_bits(kind) if build.opcode == "popc" else _leading_zeros(kind)
    return apply(function, build.target(TYPES["u32"]), *build.sources(kind))


@known("bfind")
def bfind(build: Build) -> Step | Control:
    distance = build.flag("shiftamt")
    kind = build.type()
    zeros = _leading_zeros(kind.unsigned)

    def run(a: Array) -> Array:
        value = np.where(a < 0, ~a, a).astype(kind.dtype).view(kind.unsigned.dtype)
        ahead = zeros(value).astype(np.int64)
        found = ahead if distance else kind.bits - 1 - ahead
        return np.where(value == 0, -1, found).astype(np.uint32)

    return apply(run, build.target(TYPES["u32"]), *build.sources(kind))


@known("brev")
def brev(build: Build) -> Step | Control:
    kind = build.type()
    weights = np.uint64(1) << np.arange(kind.bits, dtype=np.uint64)[::-1]

    def run(a: Array) -> Array:
        return (_bit_table(a, kind.bits) * weights).sum(axis=1).astype(kind.dtype)

    return apply(run, build.target(kind), *build.sources(kind))


@known("lop3")
def lop3(build: Build) -> Step | Control:
    kind = build.type()
    table = build.operand(4)
    if not isinstance(table, Immediate) or isinstance(build.operand(0), Pair):
        raise build.unknown()
    wanted = [each for each in range(8) if int(table.value) >> each & 1]

    def run(a: Array, b: Array, c: Array) -> Array:
        result = np.zeros_like(a)
        for case in wanted:
            result |= (a if case & 4 else ~a) & (b if case & 2 else ~b) & (c if case & 1 else ~c)
        return result

    return apply(run, build.target(kind), *[build.source(each, kind) for each in (1, 2, 3)])


@known("prmt")
def prmt(build: Build) -> Step | Control:
    """Bytes of two registers in any order; bit 3 of a selector spreads the byte's sign."""
    kind = build.type()

    def run(a: Array, b: Array, selector: Array) -> Array:
        pool = np.stack((a, b), axis=1).view(np.uint8)
        picks = (selector[:, None] >> np.arange(0, 16, 4, dtype=np.uint32)) & 15
        chosen = np.take_along_axis(pool, (picks & 7).astype(np.int64), axis=1)
        signs = np.where(chosen & 128, 255, 0).astype(np.uint8)
        chosen = np.ascontiguousarray(np.where(picks & 8, signs, chosen).astype(np.uint8))
        return chosen.view(np.uint32)[:, 0]

    return apply(run, build.target(kind), *build.sources(TYPES["u32"]))
