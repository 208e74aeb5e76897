"""Arithmetic of floats; that of integers stands in integers.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..formats import TYPES, Type, flush, fma32, fma64, narrow, odd_sum, saturate, widen
from ..machine import Control, Step
from ..report import Array
from . import integers
from .building import Build, apply, known

Function = Callable[..., Array]
_MODES = ("rn", "rz", "rm", "rp")


def dressed(build: Build, function: Function) -> Function:
    """Return `function` with .ftz, .sat and .relu as the instruction has them."""
    subnormal = build.flag("ftz")
    clip = build.flag("sat")
    positive = build.flag("relu")
    if not (subnormal or clip or positive):
        return function

    def run(*values: Array) -> Array:
        if subnormal:
            values = tuple(flush(each) for each in values)
        result = function(*values)
        if positive:
            result = np.where(result > 0, result, 0).astype(result.dtype)
        if clip:
            result = saturate(result)
        return flush(result) if subnormal else result

    return run


def _wide(function: Function, kind: Type, mode: str) -> Function:
    """Return `function`, which computes in float64 rounded to odd, rounded once to `kind`."""
    return lambda *values: narrow(function(*[widen(each, kind) for each in values]), kind, mode)


_PLAIN: dict[str, Function] = {"add": np.add, "sub": np.subtract, "mul": np.multiply}
_WIDE: dict[str, Function] = {
    "add": odd_sum,
    "sub": lambda a, b: odd_sum(a, -b),
    "mul": np.multiply,
}


@known("add", "sub", "mul")
def add(build: Build) -> Step | Control:
    kind = build.type()
    if not kind.is_float:
        return integers.ADDING[build.opcode](build, kind)
    mode = build.choice(*_MODES, default="rn")
    if mode == "rn" and kind.bits >= 32 and kind.lanes == 1:
        function = _PLAIN[build.opcode]
    elif kind.bits == 64:
        raise build.unknown()
    else:
        function = _wide(_WIDE[build.opcode], kind, mode)
    return apply(dressed(build, function), build.target(kind), *build.sources(kind))


@known("fma", "mad")
def fma(build: Build) -> Step | Control:
    kind = build.type()
    if not kind.is_float:
        return integers.mad(build, kind)
    mode = build.choice(*_MODES, default="rn")
    function: Function
    if kind.name == "f64" and mode == "rn":
        function = fma64
    elif kind.name == "f64":
        raise build.unknown()
    elif kind.name == "f32" and mode == "rn":
        function = fma32
    else:
        function = _wide(lambda a, b, c: odd_sum(a * b, c), kind, mode)
    return apply(dressed(build, function), build.target(kind), *build.sources(kind))


@known("div")
def div(build: Build) -> Step | Control:
    kind = build.type()
    if not kind.is_float:
        return integers.divide(build, kind)
    # The approximations are within 2 units of the last place on a device, and exact here.
    build.choice("rn", "approx", "full")
    return apply(dressed(build, np.divide), build.target(kind), *build.sources(kind))


def _in_double(function: Function) -> Function:
    return lambda x: function(x.astype(np.float64)).astype(x.dtype)


_UNARY: dict[str, Function] = {
    "sqrt": np.sqrt,
    "rcp": np.reciprocal,
    "rsqrt": _in_double(lambda x: 1 / np.sqrt(x)),
    "ex2": _in_double(np.exp2),
    "lg2": _in_double(np.log2),
    "sin": _in_double(np.sin),
    "cos": _in_double(np.cos),
    "tanh": _in_double(np.tanh),
}


@known(*_UNARY)
def unary(build: Build) -> Step | Control:
    kind = build.type()
    if kind.is_brain or kind.lanes == 2:
        raise build.unknown()
    build.choice("rn", "approx")
    function = dressed(build, _UNARY[build.opcode])
    return apply(function, build.target(kind), *build.sources(kind))


def _least(a: Array, b: Array) -> Array:
    return np.where(a == b, np.where(np.signbit(a), a, b), np.fmin(a, b))


def _greatest(a: Array, b: Array) -> Array:
    return np.where(a == b, np.where(np.signbit(a), b, a), np.fmax(a, b))


@known("min", "max")
def extreme(build: Build) -> Step | Control:
    kind = build.type()
    if not kind.is_float:
        return integers.extreme(build, kind)
    chosen = _least if build.opcode == "min" else _greatest
    function: Function = chosen
    if build.flag("NaN"):
        function = lambda a, b: np.where(np.isnan(a) | np.isnan(b), np.nan, chosen(a, b))  # noqa: E731
    if kind.bits == 16 or kind.lanes == 2:
        function = _wide(function, kind, "rn")
    return apply(dressed(build, function), build.target(kind), *build.sources(kind))


@known("abs", "neg")
def sign(build: Build) -> Step | Control:
    kind = build.type()
    if not kind.is_float:
        return integers.sign(build, kind)
    function: Function = np.abs if build.opcode == "abs" else np.negative
    if kind.is_brain:
        bit = np.uint16(0x8000)
        function = (lambda x: x & ~bit) if build.opcode == "abs" else (lambda x: x ^ bit)
    return apply(dressed(build, function), build.target(kind), *build.sources(kind))


@known("copysign")
def copysign(build: Build) -> Step | Control:
    kind = build.type()
    return apply(lambda a, b: np.copysign(b, a), build.target(kind), *build.sources(kind))


@known("testp")
def testp(build: Build) -> Step | Control:
    tests: dict[str, Function] = {
        "finite": np.isfinite,
        "infinite": np.isinf,
        "number": lambda x: ~np.isnan(x),
        "notanumber": np.isnan,
    }
    function = tests[build.choice(*tests)]
    kind = build.type()
    return apply(function, build.target(TYPES["pred"]), *build.sources(kind))
