"""Comparisons, and selections by predicates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..formats import TYPES, flush, widen
from ..machine import Control, Index, Step
from ..report import Array
from ..syntax import Negated
from .building import Build, apply, known

Function = Callable[..., Array]
_BOOLEAN: dict[str, Function] = {
    "and": np.logical_and,
    "or": np.logical_or,
    "xor": np.logical_xor,
}
_COMPARISONS: dict[str, Function] = {
    "eq": np.equal,
    "ne": lambda a, b: (a < b) | (a > b) if a.dtype.kind == "f" else a != b,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lo": np.less,
    "ls": np.less_equal,
    "hi": np.greater,
    "hs": np.greater_equal,
    "equ": lambda a, b: ~((a < b) | (a > b)),
    "neu": np.not_equal,
    "ltu": lambda a, b: ~(a >= b),
    "leu": lambda a, b: ~(a > b),
    "gtu": lambda a, b: ~(a <= b),
    "geu": lambda a, b: ~(a < b),
    "num": lambda a, b: ~(np.isnan(a) | np.isnan(b)),
    "nan": lambda a, b: np.isnan(a) | np.isnan(b),
}


def _comparison(build: Build) -> tuple[Function, list[Array]]:
    """Return what an instruction compares, combined with a third operand if it has one."""
    combine = build.choice("and", "or", "xor", default="")
    compare = _COMPARISONS[build.choice(*_COMPARISONS)]
    subnormal = build.flag("ftz")
    kind = build.type()
    if kind.lanes == 2:
        raise build.unknown()
    sources: list[Any] = [build.source(1, kind), build.source(2, kind)]

    def run(a: Array, b: Array, *rest: Array) -> Array:
        if kind.is_brain:
            a, b = widen(a, kind), widen(b, kind)
        if subnormal:
            a, b = flush(a), flush(b)
        holds = compare(a, b)
        return _BOOLEAN[combine](holds, rest[0]) if combine else holds

    if combine:
        third = build.operand(3)
        inverted = isinstance(third, Negated)
        values = build.launch.source(
            third.register if isinstance(third, Negated) else third, TYPES["pred"]
        )
        sources.append(values)
        if inverted:
            return lambda a, b, c: run(a, b, ~c), sources
    return run, sources


@known("setp")
def setp(build: Build) -> Step | Control:
    function, sources = _comparison(build)
    target, opposite = build.pair(TYPES["pred"])
    if opposite is None:
        return apply(function, target, *sources)

    def both(index: Index) -> None:
        holds = function(*[each[index] for each in sources])
        target[index] = holds
        opposite[index] = ~holds

    return both


@known("set")
def set_value(build: Build) -> Step | Control:
    result = build.type()
    function, sources = _comparison(build)
    value = 1 if result.is_float else np.array(-1).astype(result.dtype)

    def run(*values: Array) -> Array:
        return np.where(function(*values), value, 0).astype(result.dtype)

    return apply(run, build.target(result), *sources)


@known("selp")
def selp(build: Build) -> Step | Control:
    kind = build.type().unsigned
    sources = (build.source(3, TYPES["pred"]), build.source(1, kind), build.source(2, kind))
    return apply(np.where, build.target(kind), *sources)
