"""One filter of real or complex arrays: what every function of the package comes down to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import dispatch
from ..core.errors import ArgumentError
from ..core.memory import new_output
from ..core.operators import filter as operators
from ..core.protocol import Array
from .arguments import number
from .errors import UnsupportedError
from .output import Dtype, computed

Compute = Callable[[Array, Array | None, Any, Dtype, Array | None], Array]
Origins = tuple[int, ...] | int


def filtered(
    x: Array,
    weights: Array,
    padding: str,
    cval: Any,
    origin: Origins,
    sums: str,
    dtype: Dtype,
    out: Array | None = None,
) -> Array:
    """Return `x` correlated with `weights` of as many axes, as `FilterProblem` says, in `dtype`."""

    def compute(
        x: Array, weights: Array | None, cval: Any, dtype: Dtype, out: Array | None
    ) -> Array:
        settings = (padding, number("cval", cval), origin, computed("output", dtype), sums)
        return _solved(operators.problem, (_real(x), weights), settings, ("input", "weights"), out)

    if weights.dtype.kind == "f" and x.dtype.kind != "c":
        return compute(x, weights, cval, dtype, out)
    return _in_parts(compute, x, weights, cval, dtype)


def averaged(
    x: Array,
    size: tuple[int, ...],
    padding: str,
    cval: Any,
    origin: Origins,
    dtype: Dtype,
    out: Array | None = None,
) -> Array:
    """Return the means of windows of `size` samples, per axis, in `dtype`."""

    def compute(x: Array, _: Array | None, cval: Any, dtype: Dtype, out: Array | None) -> Array:
        settings = (size, padding, number("cval", cval), origin, computed("output", dtype))
        return _solved(operators.mean_problem, (_real(x),), settings, ("input",), out)

    if x.dtype.kind != "c":
        return compute(x, None, cval, dtype, out)
    return _in_parts(compute, x, None, cval, dtype)


def _real(x: Array) -> Array:
    computed("input", x.dtype)
    return x.view(np.uint8) if x.dtype.kind == "b" else x


def _solved(
    build: Callable[..., Any],
    operands: tuple[Any, ...],
    settings: tuple[Any, ...],
    names: tuple[str, ...],
    out: Array | None,
) -> Array:
    if operands[0].ndim > 0:
        return np.asarray(dispatch.solve(build, operands, settings, names, out=out))
    lines = tuple(np.reshape(each, 1) for each in operands)
    return np.asarray(dispatch.solve(build, lines, settings, names)).reshape(())


def _in_parts(compute: Compute, x: Array, weights: Array | None, cval: Any, dtype: Dtype) -> Array:
    """Return what `compute` makes of `x` and `weights`, or of their real and imaginary parts."""
    mixed = weights is not None and weights.dtype.kind == "c"
    if dtype.kind != "c":
        raise UnsupportedError("output", dtype, "a complex dtype")
    result = new_output(x.shape, dtype)()
    part = result.real.dtype
    if x.dtype.kind != "c":
        if np.iscomplexobj(cval):
            raise ArgumentError("cval", cval, "a real number, as input has")
        parts = [compute(x, each, cval, part, None) for each in _split(weights)]
    else:
        fills = (np.real(cval), np.imag(cval))
        if not mixed:
            parts = [
                compute(each, weights, fill, part, None)
                for each, fill in zip(_split(x), fills, strict=True)
            ]
        else:
            parts = _products(compute, _split(x), _split(weights), fills, part)
    result.real, result.imag = parts
    return result


def _products(
    compute: Compute, x: Any, weights: Any, fills: tuple[Any, Any], part: Dtype
) -> list[Array]:
    """Return the parts of the filter of complex samples with complex weights."""
    real = compute(x[0], weights[0], fills[0], part, None)
    real -= compute(x[1], weights[1], fills[1], x[1].dtype, None)
    imag = compute(x[0], weights[1], fills[0], part, None)
    imag += compute(x[1], weights[0], fills[1], x[1].dtype, None)
    return [real, imag]


def _split(values: Any) -> tuple[Array, Array]:
    return values.real, values.imag
